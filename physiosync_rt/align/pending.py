"""Samples whose stamps are off their line, waiting until it is settled what happened."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from physiosync_rt.datatypes import FloatArray


class Suspect(NamedTuple):
    """A waiting sample; ``missing`` periods before it by its stamp, None where that is unclear."""

    stamp: float
    sample: FloatArray
    missing: float | None


class PendingSamples:
    """The waiting samples of one stream, oldest first.

    Attributes
    ----------
    n_back : int
        How many of the newest are back on the line.
    total : float
        Periods that are missing up to the newest, where stamps tell.
    told : bool
        Whether stamps have told so far.
    """

    def __init__(self) -> None:
        self._suspects: list[Suspect] = []
        self.clear()

    def __len__(self) -> int:
        return len(self._suspects)

    def clear(self) -> list[Suspect]:
        """Let all go, and return them."""
        suspects, self._suspects = self._suspects, []
        self.n_back, self.total, self.told = 0, 0.0, True
        return suspects

    def add(self, suspect: Suspect, *, near: bool) -> None:
        """Take one more; ``near`` where its stamp is near the line."""
        self._suspects.append(suspect)
        if suspect.missing is None:
            self.told = False
        else:
            self.total += suspect.missing
        back = near and (not self.told or abs(self.total) < 0.5)
        self.n_back = self.n_back + 1 if back else 0

    @property
    def advanced_s(self) -> float:
        """Seconds from the first stamp to the newest."""
        return self._suspects[-1].stamp - self._suspects[0].stamp

    def newest(self, n: int) -> list[float]:
        """Return the newest ``n`` stamps."""
        return [suspect.stamp for suspect in self._suspects[-n:]]

    def counted_back(self, period: float, n: int) -> float:
        """Where the first sample belongs, as the newest ``n`` say that follow it by ``period``."""
        newest = [suspect.stamp - k * period for k, suspect in enumerate(self._suspects)][-n:]
        return round(sum(newest) / len(newest), 9)

    def judged(self) -> Iterator[tuple[Suspect, int, float, bool]]:
        """Every sample with what is missing right before it, and whether it was late.

        Yields
        ------
        suspect : Suspect
        n_missing : int
            Samples missing before it.
        missing : float
            The same with the fraction of a period that a device's pause may have left.
        late : bool
            Its stamp says nothing: others came after it with earlier ones.
        """
        totals, total = [], 0.0
        for suspect in self._suspects:
            total += suspect.missing or 0.0
            totals.append(total)
        # In order as they come, samples can miss no more before them than those after them do.
        least, level = [], round(totals[-1])
        lowest = min(level, 0)
        for total in reversed(totals):
            level = max(min(level, round(total)), lowest)
            least.append(level)
        before = 0
        for suspect, total, level in zip(self._suspects, totals, reversed(least), strict=True):
            late = total - level > 0.5
            yield suspect, level - before, (level if late else total) - before, late
            before = level
