"""The report of a run: HTML, Markdown and JSON with the same numbers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from physiosync_training.datasets.dataset import Dataset
from physiosync_training.datasets.loader import Seconds
from physiosync_training.datasets.splits import Fold
from physiosync_training.evaluation.baseline_models import Baselines
from physiosync_training.evaluation.evaluate import Assessment, assess
from physiosync_training.experiment.config import RunConfig
from physiosync_training.loop.checkpoint import write_atomically
from physiosync_training.loop.progress import Progress
from physiosync_training.loop.provenance import distinct, this_machine
from physiosync_training.reporting.builder import build_report
from physiosync_training.reporting.export_json import as_json
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


def write_report(assessment: Assessment, dataset: Dataset, config: RunConfig, out: Path) -> Path:
    """Write ``report.html``, ``report.md`` (with ``figures/``) and ``report.json``.

    Parameters
    ----------
    assessment : Assessment
    dataset : Dataset
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
    document = build_report(assessment, dataset, config.title, info)
    for figure in document.figures:
        _write(out / "figures" / f"{figure.name}.svg", figure.svg)
    _write(out / "report.md", document.markdown(Path("figures")).encode())
    _write(out / "report.json", as_json(assessment, info).encode())
    page = out / "report.html"
    _write(page, document.html().encode())
    return page


def _write(path: Path, content: bytes) -> None:
    def write(where: Path) -> None:
        where.write_bytes(content)

    write_atomically(path, write)


def provenance(
    dataset: Dataset, config: RunConfig, results: Sequence[FoldResult]
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
