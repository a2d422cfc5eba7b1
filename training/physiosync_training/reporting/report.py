"""The report of a run: HTML, Markdown and JSON with the same numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from physiosync_rt.bundle.card import OURS
from physiosync_training.datasets.dataset import Dataset
from physiosync_training.datasets.index import WindowIndex
from physiosync_training.datasets.loader import Seconds
from physiosync_training.datasets.splits import Fold
from physiosync_training.evaluation.baseline_models import Baselines
from physiosync_training.evaluation.evaluate import Assessment, assess
from physiosync_training.evaluation.feature_baselines import run_feature_baselines
from physiosync_training.evaluation.people import report_people
from physiosync_training.evaluation.pooled import Pooled, pool
from physiosync_training.experiment.config import RunConfig
from physiosync_training.experiment.fusion_run import FusionRun
from physiosync_training.loop.checkpoint import write_atomically
from physiosync_training.loop.progress import Progress
from physiosync_training.loop.provenance import distinct, this_machine
from physiosync_training.reporting.builder import build_report
from physiosync_training.reporting.export_json import as_json
from physiosync_training.reporting.meaning import in_plain_words
from physiosync_training.supervised.results import FoldResult


def report_on(
    dataset: Dataset,
    folds: Sequence[Fold],
    results: Sequence[FoldResult],
    config: RunConfig,
    out: Path,
    progress: Progress,
) -> Assessment:
    """Evaluate the baseline models on the same folds, score everything and write the report.

    Parameters
    ----------
    dataset : Dataset
    folds : sequence of Fold
        Those that were trained on, each once.
    results : sequence of FoldResult
        Of every network on every fold.
    config : RunConfig
    out : Path
        Folder of the report.
    progress : callable

    Raises
    ------
    UserError
        The folder cannot be written.
    """
    seconds: Seconds = 5 if any(network.with_5s for network in config.networks) else 1
    baselines = Baselines(dataset, config.finetune.targets, progress, seconds).run(folds)
    assessment = assess(
        dataset,
        results,
        baselines,
        protocols=config.protocols,
        unit=config.interval_unit,
        seed=config.seed,
    )
    write_report(assessment, dataset, config, out)
    return assessment


def report_on_fusion(
    run: FusionRun, repeats: Sequence[Sequence[FoldResult]], progress: Progress
) -> Assessment:
    """Evaluate the baseline models on the same folds, score everybody and write the report.

    Parameters
    ----------
    run : FusionRun
    repeats : sequence of sequence of FoldResult
        Of every repeat; the first one's folds are the report's, people are scored over all.
    progress : callable

    Raises
    ------
    UserError
        The folder cannot be written.
    """
    config, table = run.config, run.table
    pooled: list[list[Pooled]] = []
    baselines: list[list[FoldResult]] = []
    for k, (folds, results) in enumerate(zip(run.repeats, repeats, strict=True)):
        progress("baseline models", k, len(repeats))
        baselines.append(run_feature_baselines(table, config.finetune.targets, folds))
        names = {result.network: OURS for result in results}
        pooled.append(pool(table, results, names) + pool(table, baselines[-1], {}))
    assessment = assess(
        table,
        repeats[0],
        baselines[0],
        protocols=config.protocols,
        unit=config.interval_unit,
        seed=config.seed,
    )
    temperatures: dict[str, list[float]] = {
        target: [
            result.temperatures[f"fused/{target}"] for results in repeats for result in results
        ]
        for target in config.finetune.targets
    }
    people = report_people(table, pooled, temperatures, config.seed)
    assessment = replace(assessment, people=people)
    write_report(assessment, table, config, run.out)
    return assessment


def write_report(
    assessment: Assessment, dataset: WindowIndex, config: RunConfig, out: Path
) -> Path:
    """Write ``report.html``, ``report.md`` (with ``figures/``) and ``report.json``.

    Parameters
    ----------
    assessment : Assessment
    dataset : WindowIndex
    config : RunConfig
    out : Path
        Folder.

    Returns
    -------
    Path
        Of the HTML page.

    Raises
    ------
    UserError
        The folder cannot be written.
    """
    info = provenance(dataset, config, assessment.results)
    # First, for a folder that cannot be written is known before the figures are drawn.
    _write(out / "report.json", as_json(assessment, info).encode())
    named = in_plain_words(assessment, dataset.info.meaning)
    document = build_report(named, dataset, config.title, info)
    for figure in document.figures:
        _write(out / "figures" / f"{figure.name}.svg", figure.svg)
    _write(out / "report.md", document.markdown(Path("figures")).encode())
    page = out / "report.html"
    _write(page, document.html().encode())
    return page


def _write(path: Path, content: bytes) -> None:
    def write(where: Path) -> None:
        where.write_bytes(content)

    write_atomically(path, write)


def provenance(
    dataset: WindowIndex, config: RunConfig, results: Sequence[FoldResult]
) -> dict[str, Any]:
    """Collect data, seed, versions and hardware that networks came from, in plain containers.

    Time and computers are those of the training, as its results say, however often it was
    interrupted and whoever reports on it.
    """
    info = dataset.info
    return {
        "name": config.name,
        "title": config.title,
        "data": {
            "title": info.title,
            "simulated": info.simulated,
            "profile": info.profile,
            "subjects": len(info.subjects),
            "stimuli": len(info.stimuli),
            "trials": int(dataset.table.trial.max()) + 1,
            "windows": len(dataset),
            "scale": list(info.scale),
            "threshold": info.threshold,
            "notes": list(info.notes),
            "meaning": {target: str(meaning) for target, meaning in info.meaning.items()},
            "digest": dataset.digest,
        },
        "seed": config.seed,
        "precision": config.precision,
        "processes": config.processes,
        "seconds": round(sum(result.seconds for result in results), 1),
        "machines": distinct(machine for result in results for machine in result.machines),
        "reported_on": this_machine(),
        "config": config.model_dump(mode="json", exclude={"cache": True, "data": {"path"}}),
    }
