"""``physiosync calibrate``: a bundle drawn to one person; and, to measure, to many in turn."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from physiosync_rt.cli.parameters import (
    DeviceOption,
    JsonOption,
    complete_bundle,
    complete_train_config,
)
from physiosync_rt.cli.printing import print_table
from physiosync_rt.cli.progress import progress_bar, stages_of
from physiosync_rt.utils.plain_text import plain_text
from physiosync_rt.utils.resources import find_config

if TYPE_CHECKING:
    from physiosync_rt.bundle.personal import Calibration
    from physiosync_training.calibration.calibrate import Calibrated


def register(app: typer.Typer) -> None:
    """Add this room's commands."""
    app.command()(calibrate)


def calibrate(
    bundle: Annotated[
        str,
        typer.Option(
            help="Bundle that sums slow features, such as effort-eeg19.",
            autocompletion=complete_bundle,
        ),
    ],
    recording: Annotated[
        list[Path], typer.Option(help="Recording of the person; give it again for another file.")
    ],
    labels: Annotated[
        str,
        typer.Option(
            help="Table of the rest and the labelled stretches, or the names of the recordings' "
            "markers: rest=NAME,low=NAME,high=NAME."
        ),
    ],
    out: Annotated[Path, typer.Option(help="Folder of the new bundle.")],
    device: DeviceOption = None,
    threshold: Annotated[
        float | None,
        typer.Option(help="Rating from which on a target is high (that of the training)."),
    ] = None,
    anyway: Annotated[
        bool, typer.Option("--anyway", help="Write the bundle also where it did not help.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Calibrate a bundle to one person: 30 s of rest and some labelled stretches.

    Says what it brought on blocks that were left out, and writes a bundle where it helped.
    """
    from physiosync_training.calibration.calibrate import calibrate as work

    with progress_bar(Console(stderr=True)) as bar:
        found = work(
            bundle,
            recording,
            labels,
            out,
            device=device,
            threshold=threshold,
            anyway=anyway,
            progress=stages_of(bar),
        )
    if as_json:
        typer.echo(json.dumps(_as_json(found), indent=2))
        return
    for line in _said(found):
        typer.echo(plain_text(line))
    if found.written is not None:
        typer.echo(f"wrote {found.written}")


def _as_json(found: Calibrated) -> dict[str, object]:
    return {
        "parent": found.parent.name,
        "rest_s": found.rest_s,
        "labelled_s": found.labelled_s,
        "unusable_s": found.unusable_s,
        "brought": {
            target: {**each.model_dump(), "helped": each.helped}
            for target, each in found.brought.items()
        },
        "written": None if found.written is None else str(found.written),
    }


def _said(found: Calibrated) -> list[str]:
    """What calibration brought, in sentences."""
    lost = f" ({found.unusable_s:.0f} s more cannot be used)" if found.unusable_s >= 1 else ""
    data = f"{found.rest_s:.0f} s of rest and {found.labelled_s:.0f} s of labelled data"
    lines = [f"{found.parent.name}, calibrated with {data}{lost}"]
    for target, each in found.brought.items():
        meaning = found.parent.meaning.get(target)
        name = meaning.name if meaning else target
        lines.append(f"{name}: balanced accuracy on left-out blocks {each}")
        if not each.helped:
            lines.append(f"{name}: it did not help: {_why(each.after > each.before, each.before)}")
    if found.written is None:
        lines.append("nothing was written; --anyway writes the bundle all the same")
    else:
        lines.append(
            "it is of one person and proves nothing on the recording that it was made from; try it "
            "on another one"
        )
    return lines


def _why(is_better: bool, before: float) -> str:
    if is_better:
        return "the gain of both classes is not clear (p above 0.05)"
    return "all was right before" if before >= 1.0 else "no more is right than before"


def calibrate_to_people(
    config: Annotated[
        str,
        typer.Option(help="Training configuration.", autocompletion=complete_train_config),
    ] = "effort-eeg19",
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", help="Another value than the file's: data.path=FOLDER."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Calibrate to people whom the model never saw, and to halves of their rest as a null."""
    from physiosync_training.calibration.left_out_people import calibrate_people
    from physiosync_training.experiment.check import read_run

    settings = read_run(find_config("train", config), changes or ())
    with progress_bar(Console(stderr=True)) as bar:
        found = calibrate_people(settings, stages_of(bar))
    if as_json:
        typer.echo(json.dumps(found.to_dict(), indent=2))
        return
    rows = []
    for each in found.people:
        real = each.real
        figures = (
            [f"{real.before:.2f}", f"{real.after:.2f}", f"{real.p:.2g}"] if real else ["-"] * 3
        )
        written = (_written(c) for c in (real, each.null, each.swapped))
        rows.append((each.name, *figures, f"{each.strength:g}", *written))
    header = ("person", "before", "after", "p", "strength", "written", "null", "swapped")
    print_table(f"{config}: balanced accuracy on left-out blocks", header, rows)
    for name in ("before", "after", "difference"):
        value = getattr(found, name)
        typer.echo(f"{name}: {value.value:.3f} [{value.low:.3f}, {value.high:.3f}]")
    n, (real_n, null_n, swapped_n) = len(found.people), found.written
    typer.echo(
        f"written for {real_n} of {n}; for {null_n} where early and late rest are the classes, "
        f"for {swapped_n} with the labels swapped"
    )
    typer.echo(f"strength that all people choose: {found.on_everybody:g}")


def _written(found: Calibration | None) -> str:
    """Whether a bundle would be written; empty where the data is too little."""
    if found is None:
        return ""
    return "yes" if found.helped else "no"
