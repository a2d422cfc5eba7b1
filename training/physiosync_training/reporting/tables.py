"""Tables of a report."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite

from physiosync_rt.bundle.card import OURS
from physiosync_rt.preprocess.labels import QUADRANT
from physiosync_training.datasets.index import WindowIndex
from physiosync_training.datasets.splits import STRICTEST_FIRST, is_inflated
from physiosync_training.evaluation.compare import SelectiveResult
from physiosync_training.evaluation.evaluate import Assessment, ScoreRow
from physiosync_training.evaluation.metrics import BEFORE, METRICS, PRIMARY, Estimate
from physiosync_training.evaluation.pooled import Pooled
from physiosync_training.evaluation.published import PUBLISHED
from physiosync_training.reporting.blocks import Table
from physiosync_training.reporting.wording import (
    difference,
    interval,
    name_of,
    units_in_words,
    verdict_text,
)


def pooled_of(assessment: Assessment, protocol: str) -> list[Pooled]:
    """Return all pooled answers on one protocol."""
    return [p for p in assessment.pooled if p.protocol == protocol]


def protocols_of(assessment: Assessment) -> list[str]:
    """Return the protocols of a run, the strictest first."""
    return [p for p in STRICTEST_FIRST if pooled_of(assessment, p)]


def columns_of(assessment: Assessment) -> list[tuple[str, str]]:
    """Return the protocols and targets of a run, the strictest protocol first."""
    return [
        (protocol, target)
        for protocol in protocols_of(assessment)
        for target in dict.fromkeys(p.target for p in pooled_of(assessment, protocol))
    ]


def verdict_table(assessment: Assessment) -> Table:
    """Compare the first network with its best baseline model, on every protocol and target."""
    title = assessment.models[OURS]
    return Table(
        f"{title} against its best baseline model: {PRIMARY}, 95 % interval of the difference",
        (
            "protocol",
            "target",
            title,
            "baseline model",
            "best baseline model",
            "difference",
            "over",
            "verdict",
        ),
        tuple(
            (
                assessment.named(v.protocol),
                v.target,
                f"{v.ours:.3f}",
                f"{v.theirs:.3f}",
                v.rival,
                difference(v.margin),
                units_in_words(v.n, v.unit),
                verdict_text(v),
            )
            for v in assessment.verdicts
        ),
        frozenset(
            k
            for k, v in enumerate(assessment.verdicts)
            if not v.loses and v.is_clear and not v.inflated
        ),
    )


def encoders(assessment: Assessment, main: Sequence[Pooled]) -> Table:
    """Put the networks side by side: weights, windows, scores, and how they differ.

    Parameters
    ----------
    assessment : Assessment
    main : sequence of Pooled
        The main head of every network, on every protocol and target.
    """
    columns = columns_of(assessment)
    score = {
        (row.model, row.modalities, row.protocol, row.target): row
        for row in assessment.scores
        if row.subject is None and row.metric == PRIMARY
    }
    heads = {(p.model, p.protocol, p.target): p for p in main}
    lines = []
    for model, title in assessment.models.items():
        own = [heads.get((model, *column)) for column in columns]
        cells = (
            interval(score.get((model, p.modalities, p.protocol, p.target))) if p else ""
            for p in own
        )
        seconds = next(p.seconds for p in own if p)
        lines.append((title, f"{n_weights(assessment, title):,}", f"{seconds} s", *cells))
    compared = {(v.rival, v.protocol, v.target): v for v in assessment.encoder_comparisons}
    for model, title in list(assessment.models.items())[1:]:
        found = [compared.get((model, *column)) for column in columns]
        ratio = n_weights(assessment, assessment.models[OURS]) / n_weights(assessment, title)
        lines.append(
            (
                f"{assessment.models[OURS]} less {title}",
                f"{ratio:.1f} times" if ratio >= 1 else f"1 / {1 / ratio:.0f}",
                "",
                *(difference(v.margin) if v else "" for v in found),
            )
        )
    return Table(
        f"encoders side by side on the same folds: {PRIMARY}, 95 % intervals",
        ("encoder", "weights", "windows", *(f"{t}, {assessment.named(p)}" for p, t in columns)),
        tuple(lines),
        frozenset({0}),
    )


def n_weights(assessment: Assessment, title: str) -> int:
    """Return how many weights a network has."""
    return next(r.n_weights for r in assessment.results if r.network == title)


def summary(assessment: Assessment) -> Table:
    """Tabulate the balanced accuracy of every model on every protocol and target."""
    columns = columns_of(assessment)
    cells: dict[str, dict[tuple[str, str], str]] = {}
    for row in assessment.scores:
        if row.subject is None and row.metric == PRIMARY:
            name = name_of(row, assessment.models)
            cells.setdefault(name, {})[(row.protocol, row.target)] = interval(row)
    networks = {name_of(p, assessment.models) for p in assessment.pooled if not p.is_baseline}
    return Table(
        f"{PRIMARY}, mean over folds, 95 % intervals",
        ("model", *(f"{target}, {assessment.named(protocol)}" for protocol, target in columns)),
        tuple((name, *(found.get(c, "") for c in columns)) for name, found in cells.items()),
        frozenset(k for k, name in enumerate(cells) if name in networks),
    )


def left_out_table(assessment: Assessment) -> Table:
    """Tabulate the balanced accuracy of the first network without each electrode."""
    whole = [row for row in assessment.scores if row.subject is None and row.model == OURS]
    cells: dict[tuple[str, str, str, str], ScoreRow] = {}
    for missing, rows in {"none": whole, **assessment.left_out}.items():
        for row in rows:
            if row.metric == PRIMARY:
                cells[missing, row.modalities, row.protocol, row.target] = row
    given = dict.fromkeys(m for missing, m, *_ in cells if missing != "none")
    columns = [(m, *column) for m in given for column in columns_of(assessment)]
    return Table(
        f"{PRIMARY} of {assessment.models[OURS]}, mean over folds, 95 % intervals",
        ("missing", *(f"{t}, {assessment.named(p)}: {m}" for m, p, t in columns)),
        tuple(
            (missing, *(interval(cells.get((missing, *column))) for column in columns))
            for missing in ("none", *assessment.left_out)
        ),
        frozenset({0}),
    )


def scores_table(
    pooled: Sequence[Pooled], rows: Sequence[ScoreRow], assessment: Assessment
) -> Table:
    """Tabulate all scores of all models on one protocol and target."""
    titles = assessment.models
    whole = {(name_of(row, titles), row.metric): row for row in rows if row.subject is None}
    metrics = [m for m in (*METRICS, BEFORE) if any(m == metric for _, metric in whole)]
    header, lines = ["model", *metrics], []
    n_folds = max((row.n_folds for row in rows), default=0)
    if n_folds > 1:
        header.append(f"accuracy over {n_folds} folds (mean ± std)")
    for each in pooled:
        name = name_of(each, titles)
        cells = [name, *(interval(whole.get((name, metric))) for metric in metrics)]
        if n_folds > 1:
            cells.append(_over_folds(whole.get((name, "accuracy"))))
        lines.append(tuple(cells))
    where = f"{pooled[0].target} on protocol {assessment.named(pooled[0].protocol)}"
    return Table(where, tuple(header), tuple(lines), _networks(pooled))


def _over_folds(row: ScoreRow | None) -> str:
    if row is None or row.fold_mean is None:
        return ""
    return f"{row.fold_mean:.3f}\n± {row.fold_std:.3f}"


def _networks(pooled: Sequence[Pooled]) -> frozenset[int]:
    return frozenset(k for k, each in enumerate(pooled) if not each.is_baseline)


def people_table(
    pooled: Sequence[Pooled], rows: Sequence[ScoreRow], dataset: WindowIndex, assessment: Assessment
) -> Table:
    """Tabulate the score of every tested person, where there are few people."""
    titles = assessment.models
    found = {
        (row.subject, name_of(row, titles)): row
        for row in rows
        if row.subject is not None and row.metric == PRIMARY
    }
    header, subjects = ["model"], []
    for subject in dataset.info.subjects:
        row = next((r for (s, _), r in found.items() if s == subject), None)
        if row is not None:
            subjects.append(subject)
            header.append(f"{subject}, n = 1 person, {units_in_words(row.n, row.unit)}")
    lines = (
        (name, *(interval(found.get((subject, name))) for subject in subjects))
        for name in (name_of(each, titles) for each in pooled)
    )
    where = f"protocol {assessment.named(pooled[0].protocol)}: {PRIMARY} of every tested person"
    return Table(where, tuple(header), tuple(lines), _networks(pooled))


def selective_table(assessment: Assessment, found: Sequence[SelectiveResult]) -> Table:
    """Tabulate the selective prediction of some heads."""

    def percent(share: float) -> str:
        return f"{100 * share:.0f} %" if isfinite(share) else ""

    def estimate(found: Estimate) -> str:
        if not isfinite(found.value):
            return ""
        if not isfinite(found.low):
            return f"{found.value:.3f}"
        return f"{found.value:.3f}\n[{found.low:.3f}, {found.high:.3f}]"

    lines = []
    for a in found:
        low, high = min(a.thresholds), max(a.thresholds)
        lines.append(
            (
                f"{a.target}, {assessment.named(a.protocol)}: {name_of(a, assessment.models)}",
                _from(low, high),
                percent(a.validation_coverage),
                f"{a.validation_accuracy:.3f}",
                percent(a.coverage),
                estimate(a.accuracy),
                f"{a.all_accuracy:.3f}",
                estimate(a.balanced),
                f"{a.all_balanced:.3f}" if isfinite(a.all_balanced) else "",
            )
        )
    header = (
        *("head", "confidence threshold", "validation: answered", "validation: accuracy"),
        *("test: answered", "accuracy on these", "accuracy on all"),
        *(f"{PRIMARY} on these", f"{PRIMARY} on all"),
    )
    return Table("selective prediction, 95 % intervals", header, tuple(lines))


def _from(low: float, high: float) -> str:
    """Return the confidence thresholds of some folds in words."""
    if high == 0:
        return "none"
    return f"{low:.2f}" if low == high else f"{low:.2f} to {high:.2f}".replace("0.00", "none")


def published(assessment: Assessment, data: str) -> Table:
    """Tabulate the paper's results beside ours on the same split and on an honest one."""
    fused = {p.modalities for p in assessment.pooled if p.model == OURS and p.route == "fused"}
    ours = {
        (r.protocol, r.target, r.metric): r
        for r in assessment.scores
        if r.model == OURS and r.subject is None and r.modalities in fused
    }

    def mine(protocol: str, target: str, metric: str) -> str:
        row = ours.get((protocol, target, metric))
        if row is None or row.fold_mean is None:
            return "not run"
        done, planned = assessment.folds[protocol]
        missing = f"\n{done} of {planned} folds" if done < planned else ""
        return f"{100 * row.fold_mean:.2f} ± {100 * (row.fold_std or 0):.2f}{missing}"

    lines = tuple(
        (
            f"{p.scheme} (protocol {p.protocol}{', inflated' if is_inflated(p.protocol) else ''})",
            p.target,
            f"{100 * p.accuracy[0]:.2f} ± {100 * p.accuracy[1]:.2f}",
            f"{100 * p.f1[0]:.2f} ± {100 * p.f1[1]:.2f}",
            mine(p.protocol, p.target, "accuracy"),
            mine(p.protocol, p.target, "F1 weighted" if p.target == QUADRANT else "F1"),
            mine("trial", p.target, "accuracy"),
        )
        for p in PUBLISHED
        if p.data == data
    )
    header = (
        *("the paper's scheme", "target", "paper: accuracy", "paper: F1"),
        *("ours: accuracy", "ours: F1", "ours, protocol trial: accuracy"),
    )
    caption = (
        "percent, mean ± standard deviation over folds; F1 of the class high, of quadrants "
        "weighted by how frequent they are"
    )
    return Table(caption, header, lines)
