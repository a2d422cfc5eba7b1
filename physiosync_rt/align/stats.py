"""What can happen to a stream's samples, and how often it did."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Counters:
    """What happened to a stream's samples so far; the aligner counts here.

    Attributes
    ----------
    received, lost, duplicates : int
        Samples that arrived, never arrived, were repeated.
    late : int
        Samples whose stamps were off their line and came back to it: delivered late.
    nonfinite : int
        Samples with a value, or a stamp, that is NaN or infinite.
    stuck_clock : int
        Samples with a stuck time stamp: left out, or placed by the device's counter alone.
    off_rate : int
        Samples that came while the rate was known to be more than 1 % off the declared one.
    gaps, clock_resets : int
        Ends of a stretch, and those of them where a clock or a counter was reset.
    """

    received: int = 0
    lost: int = 0
    late: int = 0
    duplicates: int = 0
    nonfinite: int = 0
    stuck_clock: int = 0
    off_rate: int = 0
    gaps: int = 0
    clock_resets: int = 0

    def by_name(self) -> dict[str, int]:
        """Return the counts by their names; a live run asks often, and `asdict` copies deeply."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class StreamStats:
    """One stream at one moment: its counts, and how even its stamps are.

    Views, events, the log of a run and ``inspect`` read this record. The aligner fills in what it
    counts and measures, the pipeline ``after_deadline`` and a live run ``late_in_bursts``.

    Attributes
    ----------
    received, lost, late, duplicates, nonfinite, stuck_clock, off_rate, gaps, clock_resets : int
        As in `Counters`.
    after_deadline : int
        Samples that came before the run's first row, and grid rows that came after their own.
    late_in_bursts : int
        Samples that were held back and came at once, by the clock of this computer.
    sfreq_effective : float
        Measured rate in Hz; 0 before the first sample.
    jitter_ms : float
        Standard deviation of the stamps around an even grid.
    drift_ppm : float or None
        How much longer than declared a sample lasts; None until half a minute has shown it.
    rate_is_off : bool
        The stream sends at another rate than it declares, by more than 1 %.
    clock_is_stuck : bool
        The device's clock is stuck at present.
    """

    received: int = 0
    lost: int = 0
    late: int = 0
    duplicates: int = 0
    nonfinite: int = 0
    stuck_clock: int = 0
    off_rate: int = 0
    gaps: int = 0
    clock_resets: int = 0
    after_deadline: int = 0
    late_in_bursts: int = 0
    sfreq_effective: float = 0.0
    jitter_ms: float = 0.0
    drift_ppm: float | None = None
    rate_is_off: bool = False
    clock_is_stuck: bool = False

    @property
    def sent(self) -> int:
        """Samples that the device has sent: received or lost."""
        return self.received + self.lost

    @property
    def delivered_late(self) -> int:
        """Samples that came late, by their stamps or in a burst."""
        return self.late + self.late_in_bursts
