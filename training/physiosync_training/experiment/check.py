"""Read the configuration of a run; what is wrong with it and with its data is said at once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from physiosync_rt.errors import Faults
from physiosync_rt.utils.yaml_config import ConfigError, read_yaml
from physiosync_training.datasets.base import DataSource
from physiosync_training.datasets.registry import DataConfig
from physiosync_training.experiment.config import RunConfig


def read_run(path: Path, changes: Sequence[str] = ()) -> RunConfig:
    """Read a configuration.

    Parameters
    ----------
    path : Path
    changes : sequence of str
        Overrides, as `physiosync_rt.utils.yaml_config.read_yaml` takes them.

    Raises
    ------
    UserError
        As `read_yaml`; where the part about the data is in order, the message also names all that
        is wrong with the data, as far as that is known before recordings are opened.
    """
    try:
        return read_yaml(path, RunConfig, changes)
    except ConfigError as error:
        faults = Faults()
        faults.add(str(error))
        try:
            source: DataSource = TypeAdapter(DataConfig).validate_python(error.content.get("data"))
        except ValidationError:
            pass
        else:
            with faults.collect():
                source.index()
        faults.check()
        raise
