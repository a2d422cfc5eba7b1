"""Every data set that a configuration can name; a new one is a line here and a file beside it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from physiosync_training.datasets.deap import DeapData
from physiosync_training.datasets.dreamer import DreamerData
from physiosync_training.datasets.recordings import RecordingsData
from physiosync_training.datasets.simulated import SimulatedData

DataConfig = Annotated[
    DeapData | DreamerData | RecordingsData | SimulatedData,
    Field(discriminator="kind"),
]
"""A data set with its settings, found by ``kind``."""
