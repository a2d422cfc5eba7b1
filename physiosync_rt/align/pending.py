"""Hold samples with outlying stamps until it is clear whether they are late or follow a gap."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from physiosync_rt.datatypes import FloatArray


class PendingSample(NamedTuple):
    """A waiting sample; ``missing`` samples are lost before it, None where stamps are not clean."""

    stamp: float
    sample: FloatArray
    missing: float | None


class PendingSamples:
    """Queue of one stream's pending samples, oldest first.

    Attributes
    ----------
    n_back : int
        How many of the newest are on the fitted line again.
    total : float
        Samples lost up to the newest, where stamps are clean.
    clean : bool
        Whether the stamps of all pending samples are clean enough to count losses.
    """

    def __init__(self) -> None:
        self._samples: list[PendingSample] = []
        self.clear()

    def __len__(self) -> int:
        return len(self._samples)

    def clear(self) -> list[PendingSample]:
        """Remove and return all samples."""
        samples, self._samples = self._samples, []
        self.n_back, self.total, self.clean = 0, 0.0, True
        return samples

    def add(self, pending: PendingSample, *, near: bool) -> None:
        """Add a sample; ``near`` tells whether its stamp is near the line."""
        self._samples.append(pending)
        if pending.missing is None:
            self.clean = False
        else:
            self.total += pending.missing
        back = near and (not self.clean or abs(self.total) < 0.5)
        self.n_back = self.n_back + 1 if back else 0

    @property
    def advanced_s(self) -> float:
        """Seconds from the first stamp to the newest."""
        return self._samples[-1].stamp - self._samples[0].stamp

    def newest(self, n: int) -> list[float]:
        """Return the newest ``n`` stamps."""
        return [pending.stamp for pending in self._samples[-n:]]

    def extrapolated_start(self, period: float, n: int) -> float:
        """Return the first sample's time, extrapolated from the newest ``n`` stamps."""
        newest = [pending.stamp - k * period for k, pending in enumerate(self._samples)][-n:]
        return round(sum(newest) / len(newest), 9)

    def classify(self) -> Iterator[tuple[PendingSample, int, float, bool]]:
        """Return every sample with the loss right before it and whether it was late.

        Yields
        ------
        pending : PendingSample
        n_missing : int
            Samples lost before it.
        missing : float
            The same with the fraction of a period that a device's pause may have left.
        late : bool
            Whether its stamp is unusable, because a later sample has an earlier stamp.
        """
        totals, total = [], 0.0
        for pending in self._samples:
            total += pending.missing or 0.0
            totals.append(total)
        # The loss up to a sample cannot exceed the loss up to any later sample.
        least, level = [], round(totals[-1])
        lowest = min(level, 0)
        for total in reversed(totals):
            level = max(min(level, round(total)), lowest)
            least.append(level)
        before = 0
        for pending, total, level in zip(self._samples, totals, reversed(least), strict=True):
            late = total - level > 0.5
            yield pending, level - before, (level if late else total) - before, late
            before = level
