"""Make the page and the pictures of a run, and write them."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from physiosync_rt.errors import UserError
from physiosync_rt.run_report import about_sections, page, row_sections, signal_sections
from physiosync_rt.run_report.course_figure import draw_course
from physiosync_rt.run_report.drawing import Drawing
from physiosync_rt.run_report.latency_figure import draw_latency
from physiosync_rt.run_report.read_run import Run, read_run, require_log
from physiosync_rt.run_report.score_section import scores
from physiosync_rt.run_report.signal_figure import draw_signals, signal_strips
from physiosync_rt.run_report.stretches import Stretch, find_stretches
from physiosync_rt.utils.atomic import atomic_file, reason_of


@dataclass(frozen=True, slots=True)
class RunReport:
    """A report that is not written yet.

    Attributes
    ----------
    html : str
        The page, complete in itself.
    figures : dict of str to str
        SVG of each figure, by a short name.
    n_rows, n_valid : int
        Rows of the run, and those with a prediction.
    """

    html: str
    figures: dict[str, str]
    n_rows: int
    n_valid: int


def make_report(csv: Path, bundle: str | None = None) -> RunReport:
    """Read a run and make its report.

    Parameters
    ----------
    csv : Path
        Log of predictions; the JSON beside it is read where it is there.
    bundle : str, optional
        Bundle of the run, by folder or name, for scores that the JSON does not hold.

    Raises
    ------
    UserError
        The file is not a log of predictions, cannot be read, or is of another bundle.
    """
    run = read_run(csv, bundle)
    stretches = find_stretches(run)
    drawings = _drawings(run, stretches)
    parts = (
        about_sections.head(run),
        about_sections.summary(run),
        row_sections.course(run, stretches, drawings["course"]) if drawings else "",
        row_sections.withheld(run, stretches),
        row_sections.markers(run),
        signal_sections.signals(run, drawings.get("signals")),
        signal_sections.streams(run),
        signal_sections.latency(run, drawings.get("latency")),
        row_sections.events(run, stretches),
        scores(run),
        about_sections.made_by(run),
        _footer(csv),
    )
    return RunReport(
        page.whole_page(f"Run {csv.stem}", parts),
        {name: drawing.svg() for name, drawing in drawings.items()},
        len(run),
        int(run.valid.sum()),
    )


def report(
    csv: str | Path,
    out: str | Path | None = None,
    *,
    bundle: str | None = None,
    overwrite: bool = False,
) -> Path:
    """Write a page about a run: its course, what was withheld and why, and the scores.

    Parameters
    ----------
    csv : str or Path
        Log of predictions that a run wrote.
    out : str or Path, optional
        Page to write; beside the CSV where it is not given.
    bundle : str, optional
        Bundle of the run, by folder or name, for scores that its JSON does not hold.
    overwrite : bool
        Whether a page that is there already may be replaced.

    Returns
    -------
    Path
        Of the page, which holds its figures and opens without a network.

    Raises
    ------
    UserError
        The CSV cannot be used, or the page cannot be written.

    Examples
    --------
    >>> import physiosync_rt as ps
    >>> ps.report("session.csv")  # doctest: +SKIP
    """
    target = page_path(Path(csv), out)
    check_free(target, overwrite=overwrite)
    made = make_report(Path(csv), bundle)
    write_private(target, made.html.encode())
    return target


def page_path(csv: Path, out: str | Path | None) -> Path:
    """Return where a page goes: where it is asked for, else beside the CSV.

    Raises
    ------
    UserError
        It would not be called a page, or the CSV is not one of a run.
    """
    require_log(csv)
    target = csv.with_suffix(".html") if out is None else Path(out)
    if target.suffix.lower() not in (".html", ".htm"):
        raise UserError(f"--out {target}: end the name in .html")
    if target.exists() and not target.is_symlink() and target.samefile(csv):
        raise UserError(f"{target} is the log itself; give the page another name with --out")
    return target


def check_free(path: Path, *, overwrite: bool, folder: Path | None = None) -> None:
    """Refuse a file that is there, or whose folder cannot be.

    Parameters
    ----------
    path : Path
    overwrite : bool
        Whether a file of that name may be replaced.
    folder : Path, optional
        Folder that has to exist; the file's own where it is not given.

    Raises
    ------
    UserError
        It exists and may not be replaced, or the folder does not exist.
    """
    folder = path.parent if folder is None else folder
    if not folder.is_dir():
        raise UserError(f"{path}: the folder {folder} does not exist; create it first")
    if path.is_dir():
        raise UserError(f"{path} is a folder; give the name of a file in it")
    if not overwrite and os.path.lexists(path):
        raise UserError(f"{path} exists already; choose another name, or say --overwrite")


def write_private(path: Path, content: bytes) -> None:
    """Write a file about a person, whole or not at all; only its owner can read it.

    Raises
    ------
    UserError
        It cannot be written.
    """
    try:
        with atomic_file(path, private=True) as fresh:
            fresh.write_bytes(content)
    except OSError as error:
        raise UserError(
            f"{path} cannot be written: {reason_of(error)}; choose another place"
        ) from error


def _drawings(run: Run, stretches: Sequence[Stretch]) -> dict[str, Drawing]:
    """Return the figures that the run has something for, by a short name."""
    if not len(run):
        return {}
    found = {"course": draw_course(run, stretches)}
    if signal_strips(run):
        found["signals"] = draw_signals(run)
    late = draw_latency(run)
    if late is not None:
        found["latency"] = late
    return found


def _footer(csv: Path) -> str:
    # The package itself names `report`, so it is not there yet when this module is loaded.
    from physiosync_rt import __version__

    try:
        sha = hashlib.sha256(csv.read_bytes()).hexdigest()[:12]
    except OSError as error:
        raise UserError(f"{csv} cannot be read: {reason_of(error)}") from error
    said = (
        f"Made by physiosync-rt {__version__} from {csv.name} (SHA-256 {sha}). Predictions are "
        "about a model's classes, not about what a person feels; this is not a medical device."
    )
    return f"<footer>{page.said(said)}</footer>"
