"""The rows of a run that is over, as Python holds them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, overload

from physiosync_rt.datatypes import Prediction
from physiosync_rt.live.events import Event
from physiosync_rt.sinks.csv_log import COLUMNS
from physiosync_rt.utils.extras import require

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, repr=False)
class Predictions(Sequence[Prediction]):
    """One row for each hop of a recording.

    Attributes
    ----------
    rows : tuple of Prediction
        In order of time, from the first hop to the last.
    bundle : str
        Name of the bundle that made them.
    notes : tuple of str
        Notes of the recording, one sentence each.
    events : tuple of Event
        What happened to the streams: gaps, losses, a signal that was left out.
    """

    rows: tuple[Prediction, ...]
    bundle: str
    notes: tuple[str, ...] = ()
    events: tuple[Event, ...] = ()

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Prediction]:
        return iter(self.rows)

    @overload
    def __getitem__(self, index: int) -> Prediction: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[Prediction, ...]: ...

    def __getitem__(self, index: int | slice) -> Prediction | tuple[Prediction, ...]:
        return self.rows[index]

    def __repr__(self) -> str:
        valid = sum(row.valid for row in self.rows)
        return f"<Predictions: {len(self)} rows, {valid} valid, bundle {self.bundle}>"

    def to_dataframe(self) -> pd.DataFrame:
        """Make a table with the columns of the CSV log, schema 1.

        Returns
        -------
        pandas.DataFrame
            One line for each row. Numbers are not rounded; what the CSV leaves empty is NaN, or
            NaT in ``t_end_utc``. ``valid`` is a bool, ``reason`` and ``quadrant`` are text.

        Raises
        ------
        UserError
            pandas is not installed.
        """
        require("pandas", "notebook", "to_dataframe()")
        import pandas as pd

        table = pd.DataFrame(
            [[getattr(row, name) for name in COLUMNS] for row in self.rows], columns=list(COLUMNS)
        )
        table["reason"] = table["reason"].map(str).astype(object)
        table["valid"] = table["valid"].astype(bool)
        seconds = table["t_end_utc"].astype(float)
        table["t_end_utc"] = pd.to_datetime(seconds, unit="s", utc=True)
        return table.astype(dict.fromkeys(_NUMBERS, float))


_TEXTS = ("quadrant", "reason", "modalities", "marker")
_NUMBERS = tuple(name for name in COLUMNS if name not in (*_TEXTS, "valid", "t_end_utc"))
