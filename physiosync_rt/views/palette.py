"""The four colours that carry meaning, the same in the terminal and the window.

Gold is valence, blue is arousal, green says that all is well and coral asks for attention. All
the rest is grey, and whatever a colour says, a word or a shape says too.
"""

from __future__ import annotations

VALENCE = "#f2b866"
AROUSAL = "#72b2ff"
FINE = "#7dc4a5"
ALERT = "#f27d70"
