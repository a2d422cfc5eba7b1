"""Thresholds: when odd time stamps are a fault, and when a fault ends a segment."""

from __future__ import annotations

GAP_S = 0.05
"""Shortest loss that ends a segment; shorter losses are interpolated and counted."""

SLACK_S = 0.01
"""Tolerance of ``GAP_S``: rounding to whole samples may shorten a loss by one period at most."""

CONFIRM_S = 0.3
"""How long a jump of the stamps must last before it is a gap or a clock reset, not a delay."""

CONFIRM_LOSS_S = 0.05
"""The same where clean stamps show a loss; longer than a sender usually stalls."""

SMALL_JUMP_S, CONFIRM_SMALL_S = 0.25, 0.6
"""Packets are often this late for this long, so small jumps take longer to confirm."""

STUCK_S = 1.2
"""How long stamps may stay constant: all samples of a one-second packet may share one stamp."""

CATCH_UP_S = 10.0
"""How long late stamps may take to return to the fitted line while they approach it."""

RETURN_N = 3
"""Consecutive stamps near the line that release pending samples; one may be near by chance."""

RESET_S = 300.0
"""A jump longer than this is a clock reset, not a gap, unless the source states a break there."""

LONGEST_GAP_S = 86400.0
"""Longest gap, whoever states it: each of its seconds has a row. A longer one is a clock reset."""

OFFSET_RESET_S = 1.0
"""A step of the clock offset too large for drift: the sender's clock was reset."""

TRUST_COUNTER_S = 2.0
"""A counter jump that differs from the stamps by more than this is a counter reset."""

RATE_KNOWN_S, DRIFT_KNOWN_S = 5.0, 30.0
"""Minimum segment length for an estimate of the device's rate, and of its drift."""

RATE_KNOWN_JITTERS = 700
"""The same in units of the jitter: an error of 4 jitters at one end tilts the line by 0.6 %."""
