"""``physiosync bench networks``: many small trainings side by side, to answer one question."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.console import Console

from physiosync_rt.cli.parameters import complete_train_config
from physiosync_rt.cli.progress import progress_bar, stages_of
from physiosync_rt.errors import UserError
from physiosync_rt.utils.resources import find_config

if TYPE_CHECKING:
    from physiosync_training.evaluation.metrics import Estimate
    from physiosync_training.studies.pretraining import Helped
    from physiosync_training.studies.questions import Study
    from physiosync_training.studies.trainings import Answers


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
    from physiosync_training.studies.pretraining import compare
    from physiosync_training.studies.questions import Study
    from physiosync_training.studies.trainings import all_answers
    from physiosync_training.studies.workers import work_off

    made = Study(study, tuple(changes or ()), seeds, prepared, most)
    made.dataset()  # before the workers ask for it: prepared once, and faults said once
    left = work_off(made, out, _devices(workers), seconds)
    answers = all_answers(out)
    typer.echo(f"{study}: {len(answers)} trainings done, {left} left")
    if study != "residual":
        for helped in compare(study, answers):
            _say(helped)
    elif prepared is None:
        _say_residual(made, answers)
    else:
        typer.echo("the sum is fitted where the recordings are: again with --set data.path=FOLDER")


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
        typer.echo(f"  {name}: {_interval(each)}")
    for person, (without, with_it) in helped.by_person.items():
        typer.echo(f"    {person}: {without:.3f}, {with_it:.3f}")


def _say_residual(study: Study, answers: list[Answers]) -> None:
    from physiosync_training.datasets.recordings import RecordingsData
    from physiosync_training.fusion.store import load_table
    from physiosync_training.studies.residual import each_second
    from physiosync_training.studies.residual_fit import fit_with_residual

    config = study.sum_config
    assert isinstance(config.data, RecordingsData)
    with progress_bar(Console(stderr=True)) as bar:
        features = load_table(config.data, config.cache, stages_of(bar))
    found = fit_with_residual(features, each_second(study.dataset()), answers, config)
    for each in found.choices:
        gain = _interval(each.gain, 4)
        typer.echo(
            f"repeat {each.repeat + 1}, {each.fold}: weight {each.weight:.3f}, log loss saved on "
            f"training people {gain}, {'taken' if each.taken else 'left out'}"
        )
    for name, value in (
        ("the network alone", found.network),
        ("the sum without it", found.without),
        ("with it", found.with_it),
        ("as training people choose", found.chosen),
        ("with it less without", found.gain_with),
        ("as chosen less without", found.gain_chosen),
    ):
        typer.echo(f"{name}: {_interval(value)}")
    for person, values in found.by_person.items():
        typer.echo(f"    {person}: " + ", ".join(f"{value:.3f}" for value in values))


def _interval(value: Estimate, digits: int = 3) -> str:
    return f"{value.value:.{digits}f} [{value.low:.{digits}f}, {value.high:.{digits}f}]"


def artefacts(
    config: Annotated[
        str,
        typer.Option(help="Of a gated sum.", autocompletion=complete_train_config),
    ] = "effort-eeg19",
    changes: Annotated[
        list[str] | None,
        typer.Option("--set", help="Another value than the file's: data.path=FOLDER."),
    ] = None,
) -> None:
    """Add blinks and muscle noise to the EEG of people left out, and score them again."""
    from physiosync_training.experiment.check import read_run
    from physiosync_training.studies.artefacts import try_artefacts

    settings = read_run(find_config("train", config), changes or ())
    with progress_bar(Console(stderr=True)) as bar:
        found = try_artefacts(settings, stages_of(bar))
    typer.echo(f"{settings.name}: balanced accuracy, mean over people left out")
    for route, name in (("fused", "the sum"), ("eeg", "EEG alone"), ("pps", "peripheral alone")):
        values = (each[route] for each in (found.clean, found.noisy, found.drop))
        clean, noisy, drop = map(_interval, values)
        typer.echo(f"{name}: {clean} clean, {noisy} with artefacts, difference {drop}")
