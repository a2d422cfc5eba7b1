"""``physiosync train`` and its parts: from a configuration to a report and a bundle."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from physiosync_rt.cli.parameters import DeviceOption, complete_train_config
from physiosync_rt.cli.progress import progress_bar, stages_of
from physiosync_rt.errors import UserError
from physiosync_rt.utils.resources import find_config

if TYPE_CHECKING:
    from physiosync_training.evaluation.evaluate import Assessment
    from physiosync_training.experiment.config import RunConfig
    from physiosync_training.experiment.experiment import Experiment, Work
    from physiosync_training.loop.loop import StopRequest

ConfigOption = Annotated[
    str,
    typer.Option(
        help="YAML file, or the name of a shipped one.", autocompletion=complete_train_config
    ),
]
OutOption = Annotated[Path, typer.Option(help="Folder for everything that comes out.")]
SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", help="Another value than the file's: key=value, data.subjects=4."),
]
ResumeOption = Annotated[bool, typer.Option("--resume", help="Go on where a run stopped.")]
ClusterOption = Annotated[
    str | None, typer.Option(help="Address of a Ray cluster to spread folds over, or 'local'.")
]
HalfOption = Annotated[
    bool, typer.Option("--half", help="Store weights as float16, for a bundle that ships.")
]

FewOption = Annotated[
    bool, typer.Option("--few", help="Write a bundle of fewer than eight real people too.")
]

_STOPPED = 130


def register(app: typer.Typer) -> None:
    """Add this room's commands."""
    for command in (train, pretrain, finetune, evaluate):
        app.command()(command)


def train(
    config: Annotated[
        str | None,
        typer.Option(
            help="YAML file, or the name of a shipped one.",
            autocompletion=complete_train_config,
        ),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for everything that comes out.")] = None,
    changes: SetOption = None,
    resume: ResumeOption = False,
    cluster: ClusterOption = None,
    half: HalfOption = False,
    new: Annotated[
        str | None,
        typer.Option(
            help="Write NEW.yaml and a labels.csv for your own recordings in --path instead.",
            metavar="NEW",
        ),
    ] = None,
    path: Annotated[
        Path | None, typer.Option(help="Folder of your own recordings, for --new.")
    ] = None,
    device: DeviceOption = None,
    few: FewOption = False,
) -> None:
    """Train on every fold, score what was not seen, write a report and a bundle.

    With --new, look through a folder of recordings and write a configuration to complete.
    """
    if new is not None:
        _refuse_beside_new({"--config": config, "--out": out, "--set": changes})
        if path is None:
            raise UserError("--new needs --path, the folder of your recordings")
        from physiosync_rt.cli.new_training import write_draft

        write_draft(new, path, device)
        return
    if path is not None or device is not None:
        raise UserError(
            "--path and --device go with --new; a training's folder and device are set in its "
            "configuration (--set data.path=FOLDER)"
        )
    if config is None or out is None:
        missing = " and ".join(
            name for name, given in (("--config", config), ("--out", out)) if given is None
        )
        raise UserError(
            f"{missing} missing: give a configuration and a folder for what comes out, or begin "
            "one for your own recordings with --new own --path FOLDER"
        )
    file = find_config("train", config)
    from physiosync_training.experiment.experiment import train_folds

    settings, place = _read(file, changes)
    if settings.fusion is not None:
        _fit(settings, out, resume=resume, cluster=cluster, few=few)
        return
    experiment, results = _work(settings, place, out, train_folds, resume=resume, cluster=cluster)
    _report(experiment, results, half=half, few=few)


def _refuse_beside_new(options: dict[str, object]) -> None:
    given = [name for name, value in options.items() if value]
    if given:
        raise UserError(
            f"{' and '.join(given)} do not go with --new, which only writes a configuration; "
            "train with it afterwards"
        )


def pretrain(
    config: ConfigOption,
    out: OutOption,
    changes: SetOption = None,
    resume: ResumeOption = False,
    cluster: ClusterOption = None,
) -> None:
    """Pre-train the encoders of every fold, and no more."""
    path = find_config("train", config)
    from physiosync_training.experiment.experiment import pretrain_folds

    settings, place = _read(path, changes)
    experiment, _ = _work(settings, place, out, pretrain_folds, resume=resume, cluster=cluster)
    typer.echo(f"encoders of {len(experiment.jobs)} trainings are below {out}")


def finetune(
    config: ConfigOption,
    out: OutOption,
    changes: SetOption = None,
    cluster: ClusterOption = None,
) -> None:
    """Fine-tune every fold on what `pretrain` left; goes on where it stopped."""
    path = find_config("train", config)
    from physiosync_training.experiment.experiment import finetune_folds

    settings, place = _read(path, changes)
    experiment, _ = _work(settings, place, out, finetune_folds, resume=True, cluster=cluster)
    typer.echo(f"predictions of {len(experiment.jobs)} trainings are below {out}")


def evaluate(
    config: ConfigOption,
    out: OutOption,
    changes: SetOption = None,
    half: HalfOption = False,
    few: FewOption = False,
) -> None:
    """Score what was trained, beside the baselines, and write the report and the bundle."""
    path = find_config("train", config)
    from physiosync_training.experiment.experiment import read_folds

    settings, place = _read(path, changes)
    if settings.fusion is not None:
        _fit(settings, out, resume=True, cluster=None, few=few)
        return
    experiment, results = _work(settings, place, out, read_folds, resume=True, cluster=None)
    _report(experiment, results, half=half, few=few)


Place = Callable[[str], str]
"""Tells where a field of the configuration stands."""


def _read(path: Path, changes: Sequence[str] | None) -> tuple[RunConfig, Place]:
    """Read a configuration and the changes to it."""
    from physiosync_rt.utils.yaml_config import place_of
    from physiosync_training.experiment.check import read_run

    changes = changes or ()
    return read_run(path, changes), partial(place_of, path, changes=changes)


def _fit(settings: RunConfig, out: Path, *, resume: bool, cluster: str | None, few: bool) -> None:
    """Fit a gated sum on every fold, and write the report and the bundles."""
    from physiosync_training.experiment.fusion_run import fit_folds, prepare_fusion
    from physiosync_training.export_fusion import write_fusion_bundles
    from physiosync_training.loop.loop import Interrupted, stop_on_signals
    from physiosync_training.reporting.report import report_on_fusion

    if cluster is not None:
        raise UserError(f"{settings.name} fits slow features, which takes minutes: no --cluster")
    with progress_bar(Console(stderr=True)) as bar:
        show = stages_of(bar)
        run = prepare_fusion(settings, out, show, resume=resume)
        try:
            with stop_on_signals() as stop:
                repeats = fit_folds(run, progress=show, stop=stop)
        except Interrupted:
            bar.stop()
            raise _stopped(out) from None
        assessment = report_on_fusion(run, repeats, show)
    _show(assessment, out)
    for path in write_fusion_bundles(run, repeats[0], assessment, few=few):
        typer.echo(f"wrote {path}")


def _stopped(out: Path) -> typer.Exit:
    """Say how to go on, and return the exit that stands for it."""
    typer.echo(f"stopped; the same command with --resume goes on ({out})", err=True)
    return typer.Exit(_STOPPED)


def _work(
    settings: RunConfig,
    place: Place,
    out: Path,
    work: Work,
    *,
    resume: bool,
    cluster: str | None,
) -> tuple[Experiment, list[Any]]:
    """Prepare the data and do the work on every fold, with a bar and a clean stop."""
    from physiosync_training.experiment.experiment import is_first_process, prepare, run_here
    from physiosync_training.experiment.ray_cluster import check_cluster, run_on_cluster
    from physiosync_training.experiment.runtime import make_fabric
    from physiosync_training.loop.loop import Interrupted, stop_on_signals
    from physiosync_training.loop.progress import no_progress

    if settings.fusion is not None:
        raise UserError(
            f"{settings.name} fits slow features and trains no network: use `physiosync train`"
        )
    if cluster is None:
        make_fabric(settings)  # says what is wrong with the device while nothing is lost
    else:
        check_cluster(settings)
    with progress_bar(Console(stderr=True)) as bar:
        show = stages_of(bar) if is_first_process() else no_progress
        experiment = prepare(settings, out, show, resume=resume, place=place)

        def do(stop: StopRequest) -> list[Any]:
            if cluster is not None:
                return run_on_cluster(
                    experiment, work, cluster, resume=resume, progress=show, stop=stop
                )
            return run_here(experiment, work, resume=resume, progress=show, stop=stop)

        try:
            with stop_on_signals() as stop:
                found = do(stop)
        except Interrupted:
            bar.stop()
            raise _stopped(out) from None
    if not is_first_process():
        # Another process has the same results and writes them.
        raise typer.Exit
    return experiment, found


def _report(experiment: Experiment, results: list[Any], *, half: bool, few: bool) -> None:
    """Write the report and the bundles, and say what came out."""
    from physiosync_training.export import write_bundles
    from physiosync_training.reporting.report import report_on

    dataset, config, out = experiment.dataset, experiment.config, experiment.out
    folds = list({job.fold.name: job.fold for job in experiment.jobs}.values())
    with progress_bar(Console(stderr=True)) as bar:
        assessment = report_on(dataset, folds, results, config, out, stages_of(bar))
    _show(assessment, out)
    for path in write_bundles(experiment, results, assessment, half=half, few=few):
        typer.echo(f"wrote {path}")


def _show(assessment: Assessment, out: Path) -> None:
    """Print the scores and where the report lies."""
    # A file or a pipe has no width that the table would have to fit into.
    Console(width=None if Console().is_terminal else 120).print(_score_table(assessment))
    typer.echo(f"wrote {out / 'report.html'}")


def _score_table(assessment: Assessment) -> Table:
    """Pooled balanced accuracies, the protocol named in every row."""
    from physiosync_training.evaluation.metrics import PRIMARY

    table = Table(title=f"{PRIMARY}, 95 % intervals", title_justify="left")
    for column in ("protocol", "target", "model", "given", PRIMARY, "over"):
        table.add_column(column, no_wrap=column == PRIMARY)
    for row in assessment.scores:
        if row.subject is not None or row.metric != PRIMARY:
            continue
        interval = "" if row.ci_low is None else f" [{row.ci_low:.3f}, {row.ci_high:.3f}]"
        table.add_row(
            assessment.named(row.protocol),
            row.target,
            row.model,
            row.modalities,
            escape(f"{row.value:.3f}{interval}"),
            f"{row.n} x {row.unit}",
        )
    return table
