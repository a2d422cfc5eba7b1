"""Draft a configuration and a table for a folder of recordings, and overwrite nothing."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from physiosync_rt.errors import UserError
from physiosync_rt.utils.atomic import create_file, reason_of
from physiosync_training.draft.plan import Line, plan_lines
from physiosync_training.draft.subjects import guess_people
from physiosync_training.draft.survey import Common, common_of, survey
from physiosync_training.draft.write import config_text, table_text
from physiosync_training.loop.progress import Progress


@dataclass(frozen=True, slots=True)
class Draft:
    """What was written, and from what.

    Attributes
    ----------
    config, table : Path
    common : Common
    lines : tuple of Line
    notes : tuple of str
        What a person should know of markers, with the recording.
    """

    config: Path
    table: Path
    common: Common
    lines: tuple[Line, ...]
    notes: tuple[str, ...]


def draft(
    name: str, folder: Path, out: Path, progress: Progress, *, device: str | None = None
) -> Draft:
    """Look through a folder of recordings and write ``NAME.yaml`` and ``labels.csv``.

    Parameters
    ----------
    name : str
        Of the configuration, and of the bundle that a training makes.
    folder : Path
        Of the recordings; gets the table.
    out : Path
        Folder that gets the configuration.
    progress : callable
    device : str, optional
        Device description that names channels and units of all files.

    Raises
    ------
    UserError
        The name cannot be one, one of the files exists, or no recording can be used; nothing is
        written then.
    """
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]*", name):
        raise UserError(
            f"--new {name}: a name of small letters, digits and hyphens is needed, such as own"
        )
    folder = folder.expanduser().absolute()
    config, table = out / f"{name}.yaml", folder / "labels.csv"
    for path in (config, table):
        if path.exists():
            raise UserError(
                f"{path} is there already and is not overwritten; nothing was written. Move it "
                "away, or go on with it"
            )
    surveyed, left_out = survey(folder, device, progress)
    common = common_of(surveyed, left_out)
    people, how = guess_people({each.name: each.subject for each in common.recordings})
    lines = plan_lines(common.recordings, people)
    written = (
        (table, table_text(lines)),
        (config, config_text(name, folder, common, lines, how, device)),
    )
    done: list[Path] = []
    try:
        for path, text in written:
            with os.fdopen(create_file(path), "w", encoding="utf-8", newline="") as file:
                done.append(path)
                file.write(text)
    except OSError as error:
        for path in done:
            path.unlink(missing_ok=True)
        raise UserError(
            f"{path} cannot be written ({reason_of(error)}); nothing was written"
        ) from error
    notes = tuple(f"{each.name}: {note}" for each in common.recordings for note in each.notes)
    return Draft(config, table, common, tuple(lines), notes)
