"""``physiosync bench networks``: many small trainings side by side, to answer one question."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from physiosync_rt.errors import UserError

if TYPE_CHECKING:
    from physiosync_training.studies.pretraining import Helped


def networks(
    study: Annotated[
        Literal["residual", "people", "simulated"],
        typer.Option(
            help="residual: the network's logits for the gated sum of effort-eeg19. people, "
            "simulated: does pre-training help?"
        ),
    ],
    out: Annotated[Path, typer.Option(help="Folder of the study; it is gone on with.")],
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", help="Another value: data.path=FOLDER of the people's recordings."),
    ] = None,
    prepared: Annotated[
        Path | None, typer.Option(help="Prepared windows, without the recordings.")
    ] = None,
    seeds: Annotated[int, typer.Option(help="Of people and simulated.", min=1)] = 3,
    workers: Annotated[
        str, typer.Option(help="Processes by device: cpu=4, or cpu=8,cuda=6.")
    ] = "cpu=1",
    seconds: Annotated[float, typer.Option(help="Stop then, and keep what is done.", min=1)] = 1e9,
    most: Annotated[int | None, typer.Option(help="Do the first so many only.", min=1)] = None,
) -> None:
    """Train networks side by side: logits for the gated sum, or whether pre-training helps."""
    from physiosync_training.studies.plan import Study
    from physiosync_training.studies.pretraining import compare
    from physiosync_training.studies.trainings import all_answers
    from physiosync_training.studies.workers import work_off

    made = Study(study, tuple(changes or ()), seeds, prepared, most)
    if study == "simulated":
        made.dataset()  # prepared once, before the workers ask for it
    left = work_off(made, out, _devices(workers), seconds)
    answers = all_answers(out)
    typer.echo(f"{study}: {len(answers)} trainings done, {left} left")
    if study != "residual":
        for helped in compare(study, answers):
            _say(helped)


def _devices(workers: str) -> list[str]:
    found: list[str] = []
    for part in workers.split(","):
        device, _, number = part.partition("=")
        if device not in ("cpu", "cuda") or not number.isdecimal():
            raise UserError(f"--workers: {part!r} is not like cpu=4 or cuda=2")
        found += [device] * int(number)
    if not found:
        raise UserError("--workers: there are none; give cpu=1 or more")
    return found


def _say(helped: Helped) -> None:
    typer.echo(f"{helped.target}, balanced accuracy, mean over people left out:")
    for name, each in (
        ("supervised only", helped.without),
        ("pre-trained", helped.with_it),
        ("difference", helped.difference),
    ):
        typer.echo(f"  {name}: {each.value:.3f} [{each.low:.3f}, {each.high:.3f}]")
    for person, (without, with_it) in helped.by_person.items():
        typer.echo(f"    {person}: {without:.3f}, {with_it:.3f}")
