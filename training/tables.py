"""Tables of a report, and the words that numbers are told in."""

from __future__ import annotations

from collections.abc import Sequence

from training.data.dataset import Dataset
from training.document import Table
from training.evaluate import PRIMARY, Assessment, ScoreRow
from training.metrics import BEFORE, METRICS, Unit
from training.pooling import OURS, Pooled
from training.published import PUBLISHED


def marked(protocol: str, inflated: bool) -> str:
    """Name of a protocol as it stands over numbers."""
    return f"{protocol} (inflated)" if inflated else protocol


def units_in_words(n: int, unit: Unit) -> str:
    """How many of what."""
    return f"{n} blocks of 20 s" if unit == "20 s block" else f"{n} {unit}s"


def people_in_words(n: int) -> str:
    """How many people."""
    return "1 person" if n == 1 else f"{n} people"


def name_of(row: ScoreRow | Pooled) -> str:
    """A model and what it was given."""
    return f"{row.model} · {row.modalities}" if row.modalities else row.model


def interval(row: ScoreRow | None) -> str:
    """A score with its interval; empty where there is none."""
    if row is None:
        return ""
    if row.ci_low is None or row.ci_high is None:
        return f"{row.value:.3f}"
    return f"{row.value:.3f} [{row.ci_low:.3f}, {row.ci_high:.3f}]"


def pooled_of(assessment: Assessment, protocol: str) -> list[Pooled]:
    """Everything on one protocol."""
    return [p for p in assessment.pooled if p.protocol == protocol]


def summary(assessment: Assessment) -> Table:
    """Balanced accuracy of every model on every protocol and target."""
    columns = [
        (protocol, target)
        for protocol in ("subject", "trial", "window")
        for target in dict.fromkeys(p.target for p in pooled_of(assessment, protocol))
    ]
    cells: dict[str, dict[tuple[str, str], str]] = {}
    for row in assessment.scores:
        if row.subject is None and row.metric == PRIMARY:
            cells.setdefault(name_of(row), {})[(row.protocol, row.target)] = interval(row)
    header = tuple(
        f"{target}, {marked(protocol, pooled_of(assessment, protocol)[0].inflated)}"
        for protocol, target in columns
    )
    return Table(
        f"{PRIMARY}, mean over folds, with 95 % intervals",
        ("model", *header),
        tuple((name, *(found.get(c, "") for c in columns)) for name, found in cells.items()),
        frozenset(k for k, name in enumerate(cells) if name.startswith(OURS)),
    )


def scores_table(pooled: Sequence[Pooled], rows: Sequence[ScoreRow], where: str) -> Table:
    """All scores of all models on one protocol and target."""
    whole = {(name_of(row), row.metric): row for row in rows if row.subject is None}
    metrics = [m for m in (*METRICS, BEFORE) if any(m == metric for _, metric in whole)]
    lines, ours = [], set()
    for k, each in enumerate(pooled):
        name = name_of(each)
        if each.model.startswith(OURS):
            ours.add(k)
        cells = [interval(whole.get((name, metric))) for metric in metrics]
        accuracy = whole.get((name, "accuracy"))
        over_folds = ""
        if accuracy is not None and accuracy.fold_mean is not None:
            over_folds = f"{accuracy.fold_mean:.3f} ± {accuracy.fold_std:.3f}"
        lines.append((name, *cells, over_folds))
    n_folds = max((row.n_folds for row in rows), default=0)
    header = ("model", *metrics, f"accuracy over {n_folds} folds (mean ± std)")
    return Table(f"protocol {where}", header, tuple(lines), frozenset(ours))


def people_table(
    pooled: Sequence[Pooled], rows: Sequence[ScoreRow], dataset: Dataset, where: str
) -> Table:
    """Every person's own score, where there are few people."""
    found = {
        (row.subject, name_of(row)): row
        for row in rows
        if row.subject is not None and row.metric == PRIMARY
    }
    names = [name_of(each) for each in pooled]
    header, lines = ["model"], []
    for subject in dataset.about.subjects:
        row = next((r for (s, _), r in found.items() if s == subject), None)
        count = "" if row is None else f", n = 1 person, {units_in_words(row.n, row.unit)}"
        header.append(f"{subject}{count}")
    for name in names:
        cells = [interval(found.get((subject, name))) for subject in dataset.about.subjects]
        lines.append((name, *cells))
    ours = frozenset(k for k, each in enumerate(pooled) if each.model.startswith(OURS))
    return Table(f"protocol {where}: {PRIMARY} of every person", tuple(header), tuple(lines), ours)


def published(assessment: Assessment, data: str) -> Table:
    """The paper's figures for a data set, and ours on the same split and on an honest one."""
    ours = {
        (r.protocol, r.target, r.metric): r
        for r in assessment.scores
        if r.model == OURS and r.subject is None and r.modalities.startswith("eeg+")
    }

    def mine(protocol: str, target: str, metric: str) -> str:
        row = ours.get((protocol, target, metric))
        if row is None or row.fold_mean is None:
            return "not run"
        return f"{100 * row.fold_mean:.2f} ± {100 * (row.fold_std or 0):.2f}"

    lines = tuple(
        (
            f"{p.scheme} (protocol {p.protocol}{', inflated' if p.protocol == 'window' else ''})",
            p.target,
            f"{100 * p.accuracy[0]:.2f} ± {100 * p.accuracy[1]:.2f}",
            f"{100 * p.f1[0]:.2f} ± {100 * p.f1[1]:.2f}",
            mine(p.protocol, p.target, "accuracy"),
            mine(p.protocol, p.target, "F1 macro" if p.target == "quadrant" else "F1"),
            mine("trial", p.target, "accuracy"),
        )
        for p in PUBLISHED
        if p.data == data
    )
    header = (
        *("the paper's scheme", "target", "paper: accuracy", "paper: F1"),
        *("ours: accuracy", "ours: F1", "ours, protocol trial: accuracy"),
    )
    return Table("percent, mean ± standard deviation over folds", header, lines)
