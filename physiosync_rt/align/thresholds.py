"""When an oddity of the stamps is a fault, and when a fault ends a stretch."""

from __future__ import annotations

GAP_S = 0.05
"""Shortest loss that ends a stretch; shorter ones are bridged and counted."""

SLACK_S = 0.01
"""By whole samples a loss of ``GAP_S`` may fall short of it by one; never by more than this."""

CONFIRM_S = 0.3
"""How long a jump of the stamps must last before it is more than a late delivery."""

CONFIRM_LOSS_S = 0.05
"""The same for samples that clean stamps show to be missing: longer than a sender hangs."""

SMALL_JUMP_S, CONFIRM_SMALL_S = 0.25, 0.6
"""Packets are this late every now and then, for this long: small jumps take longer to confirm."""

CONSTANT_S = 1.2
"""How long stamps may stand still: packets of a second may share one."""

CATCH_UP_S = 10.0
"""How long late stamps may take to come back to their line, as long as they do."""

RETURN_N = 3
"""Stamps near the line, one after the other, that end a suspicion: one may be there by chance."""

RESET_S = 300.0
"""A jump longer than this is a clock that was set anew, not a pause."""

OFFSET_RESET_S = 1.0
"""A step of the clock correction that no drift explains: the sender's clock was set anew."""

TRUST_COUNTER_S = 2.0
"""A jump of the counter that is further than this from the stamps is a counter set anew."""

RATE_KNOWN_S, DRIFT_KNOWN_S = 5.0, 30.0
"""How long a stretch must be before its line tells the device's rate, and its drift."""

RATE_KNOWN_JITTERS = 700
"""The same in units of the jitter: four of them at one end of a line turn it by 0.6 %."""
