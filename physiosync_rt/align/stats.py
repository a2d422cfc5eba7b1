"""What can happen to a stream's samples, and how often it did."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Counters:
    """What happened to a stream's samples so far.

    Attributes
    ----------
    received, lost, duplicated : int
        Samples that came, never came, came again.
    late : int
        Samples whose stamps were off their line and came back to it: delivered late.
    bad : int
        Samples with a value, or a stamp, that is no number.
    constant : int
        Samples whose stamps stood still: left out, or placed by the device's counter alone.
    off_rate : int
        Samples that came while the rate was known to be more than 1 % off the declared one.
    gaps, clock_resets : int
        Ends of a stretch, and those of them where a clock or a counter was set anew.
    """

    received: int = 0
    lost: int = 0
    late: int = 0
    duplicated: int = 0
    bad: int = 0
    constant: int = 0
    off_rate: int = 0
    gaps: int = 0
    clock_resets: int = 0
