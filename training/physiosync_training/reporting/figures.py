"""Images of a report, as SVG."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import Any, Final

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from physiosync_rt.bundle.card import OURS
from physiosync_rt.preprocess.labels import QUADRANT_NAMES
from physiosync_training.evaluation.compare import SelectiveResult
from physiosync_training.evaluation.evaluate import ScoreRow
from physiosync_training.evaluation.metrics import (
    PRIMARY,
    confusion_matrix,
    coverage_curve,
    reliability,
)
from physiosync_training.evaluation.pooled import Pooled
from physiosync_training.loop.loop import VALIDATION, Curves

BLUE: Final = "#2f6fb0"
OTHERS: Final = ("#d9822b", "#3d8f5f", "#8a5fb0", "#b3362b")
GREY: Final = "#8791a1"

_STYLE: Final[dict[Any, Any]] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "physiosync",
    "font.family": "sans-serif",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "legend.frameon": False,
}
_CLASSES = {2: ("low", "high"), 4: QUADRANT_NAMES}


def _canvas(width: float, height: float, n_columns: int = 1) -> tuple[Figure, Sequence[Axes]]:
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(width, height), layout="constrained")
        axes = figure.subplots(1, n_columns, squeeze=False)[0]
    return figure, axes


def _svg(figure: Figure) -> bytes:
    out = BytesIO()
    with mpl.rc_context(_STYLE):
        figure.savefig(out, format="svg", metadata={"Date": None})
    return out.getvalue()


def colour_of(model: str, models: Sequence[str]) -> str:
    """Return the colour of a model throughout a report: grey for baseline models."""
    if model == OURS:
        return BLUE
    return OTHERS[models.index(model) % len(OTHERS)] if model in models else GREY


def _chance(axes: Axes, at: float, *, vertical: bool) -> None:
    draw = axes.axvline if vertical else axes.axhline
    draw(at, color="#444c58", linewidth=1, linestyle=(0, (2, 2)), zorder=0)


def comparison(
    rows: Sequence[ScoreRow], names: Sequence[str], n_classes: int, models: Sequence[str]
) -> bytes:
    """Draw the balanced accuracy of all models with intervals, best on top, chance as a line."""
    kept = sorted(zip(rows, names, strict=True), key=lambda pair: pair[0].value)
    with mpl.rc_context(_STYLE):
        figure, (axes,) = _canvas(7.5, 0.6 + 0.27 * len(kept))
        for y, (row, _) in enumerate(kept):
            colour = colour_of(row.model, models)
            if row.ci_low is not None and row.ci_high is not None:
                axes.plot([row.ci_low, row.ci_high], [y, y], color=colour, linewidth=2)
            axes.plot(row.value, y, "o", color=colour, markersize=6)
        axes.set_yticks(range(len(kept)), [name for _, name in kept])
        _chance(axes, 1 / n_classes, vertical=True)
        axes.set_xlabel(f"{PRIMARY} (line: chance)")
        axes.set_ylim(-0.6, len(kept) - 0.4)
        return _svg(figure)


def confusion(pooled: Sequence[Pooled], titles: Mapping[str, str]) -> bytes:
    """Draw the share of each true class by answer, and the windows behind it."""
    with mpl.rc_context(_STYLE):
        figure, panels = _canvas(3.3 * len(pooled), 3.0, len(pooled))
        for axes, each in zip(panels, pooled, strict=True):
            counts = confusion_matrix(each.truth, each.probability)
            share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
            axes.imshow(share, cmap="Blues", vmin=0, vmax=1)
            for (i, j), n in np.ndenumerate(counts):
                ink = "white" if share[i, j] > 0.55 else "#1c2330"
                text = f"{100 * share[i, j]:.0f} %\n{n}"
                axes.text(j, i, text, ha="center", va="center", color=ink)
            names = _CLASSES[len(counts)]
            axes.set_xticks(range(len(counts)), names)
            axes.set_yticks(range(len(counts)), names)
            axes.set_xlabel("answer")
            axes.set_ylabel("truth")
            axes.set_title(titles.get(each.model, each.model))
            axes.spines[:].set_visible(False)
        return _svg(figure)


def subjects(
    rows: Sequence[ScoreRow],
    everybody: Sequence[str],
    titles: Mapping[str, str],
    models: Sequence[str],
) -> bytes:
    """Draw the accuracy of every tested subject, bars side by side for the models given."""
    names = list(dict.fromkeys(row.model for row in rows))
    tested = {row.subject for row in rows}
    order = [subject for subject in everybody if subject in tested]
    width = 0.8 / max(len(names), 1)
    with mpl.rc_context(_STYLE):
        figure, (axes,) = _canvas(max(5.0, 0.32 * len(order) * len(names) ** 0.5 + 2), 2.6)
        for k, name in enumerate(names):
            value = {r.subject: r for r in rows if r.model == name}
            x = [i for i, subject in enumerate(order) if subject in value]
            own = [value[order[i]] for i in x]
            place = np.array(x) + (k - (len(names) - 1) / 2) * width
            axes.bar(
                place,
                [r.value for r in own],
                width,
                color=colour_of(name, models),
                label=titles.get(name, name),
            )
            there = [r.ci_low is not None for r in own]
            low = [r.value - (r.ci_low if r.ci_low is not None else r.value) for r in own]
            high = [(r.ci_high if r.ci_high is not None else r.value) - r.value for r in own]
            if any(there):
                axes.errorbar(
                    place,
                    [r.value for r in own],
                    np.maximum([low, high], 0),
                    fmt="none",
                    ecolor="#444c58",
                    elinewidth=0.8,
                )
        axes.set_xticks(range(len(order)), order, rotation=90 if len(order) > 12 else 0)
        # Few bars need not be broad ones.
        room = max(0.0, 4 - len(order)) / 2
        axes.set_xlim(-0.6 - room, len(order) - 0.4 + room)
        axes.set_ylim(0, 1)
        axes.set_ylabel("accuracy")
        axes.legend(loc="upper left", bbox_to_anchor=(1, 1))
        return _svg(figure)


def confidence(
    pooled: Sequence[Pooled],
    selective: Sequence[SelectiveResult],
    titles: Mapping[str, str],
    models: Sequence[str],
) -> bytes:
    """Draw accuracy by coverage, and accuracy by confidence before and after calibration.

    A dot on a curve is where the confidence threshold that was chosen on validation leads.
    """
    with mpl.rc_context(_STYLE):
        figure, (left, right) = _canvas(8.0, 3.1, 2)
        for each in pooled:
            coverage, accuracy = coverage_curve(each.truth, each.probability)
            label = titles.get(each.model, each.model)
            left.plot(coverage, accuracy, color=colour_of(each.model, models), label=label)
        for found in selective:
            colour = colour_of(found.model, models)
            left.plot(found.coverage, found.accuracy.value, "o", color=colour, markersize=6)
        left.set_xlabel("share of windows that is answered (most confident first)")
        left.set_ylabel("accuracy")
        left.set_title("accuracy against coverage")
        left.legend()
        ours = pooled[0]
        for p, label, style in (
            (ours.uncalibrated, "before", (0, (3, 2))),
            (ours.probability, "after", "-"),
        ):
            points = np.array([(c, a) for c, a, _ in reliability(ours.truth, p)])
            right.plot(*points.T, "o", color=BLUE, linestyle=style, markersize=3, label=label)
        least = 1 / ours.probability.shape[1]
        right.plot([least, 1], [least, 1], color=GREY, linewidth=1)
        right.set_xlabel("confidence")
        right.set_ylabel("accuracy")
        right.set_title("calibration, before and after temperature")
        right.legend()
        return _svg(figure)


def learning(curves: Mapping[str, Sequence[Curves]]) -> bytes:
    """Draw curves by stage: every fold thin, their mean strong, on validation dashed.

    Parameters
    ----------
    curves : mapping of str to sequence of Curves
        Stage to the curves of its folds.
    """
    stages = list(curves)
    with mpl.rc_context(_STYLE):
        figure, panels = _canvas(max(3.4 * len(stages), 4.2), 2.8, len(stages))
        for axes, stage in zip(panels, stages, strict=True):
            names = list(dict.fromkeys(name for fold in curves[stage] for name in fold))
            kinds = list(dict.fromkeys(name.removeprefix(VALIDATION) for name in names))
            for name in (name for name in names if "loss" in name):
                kind = name.removeprefix(VALIDATION)
                colour = (BLUE, *OTHERS)[kinds.index(kind) % (1 + len(OTHERS))]
                style, label = ("-", kind) if name == kind else ((0, (3, 2)), None)
                drawn = [np.array(fold[name]) for fold in curves[stage] if fold.get(name)]
                for values in drawn:
                    at = np.arange(1, len(values) + 1)
                    axes.plot(at, values, color=colour, alpha=0.25, lw=0.8, ls=style)
                shortest = min(len(values) for values in drawn)
                mean = np.mean([values[:shortest] for values in drawn], axis=0)
                # One epoch is a dot: full in training, hollow on validation.
                axes.plot(
                    np.arange(1, shortest + 1),
                    mean,
                    color=colour,
                    lw=2,
                    ls=style,
                    marker="o" if shortest == 1 else "",
                    markerfacecolor=colour if label else "white",
                    label=label,
                )
            axes.set_xlabel("epoch")
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))
            axes.set_title(stage.replace("-", " ", 1))
            if axes.lines:
                axes.legend()
        return _svg(figure)
