"""The numbers of a report as JSON, those that its figures draw included."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from math import isfinite
from typing import Any, Final

from physiosync_training.evaluation.compare import SelectiveResult, Verdict
from physiosync_training.evaluation.evaluate import Assessment
from physiosync_training.evaluation.metrics import (
    PRIMARY,
    Estimate,
    confusion_matrix,
    coverage_curve,
    reliability,
)
from physiosync_training.evaluation.pooled import Pooled
from physiosync_training.evaluation.published import PUBLISHED
from physiosync_training.reporting.people_section import people_json
from physiosync_training.reporting.tables import n_weights
from physiosync_training.supervised.selective import COVERAGES

SCHEMA: Final = 1


def as_json(assessment: Assessment, info: dict[str, Any]) -> str:
    """Write every number of the report as JSON.

    Parameters
    ----------
    assessment : Assessment
    info : dict
        Where the numbers come from, in plain containers.
    """
    content = {
        "schema": SCHEMA,
        "run": info,
        "folds": {
            protocol: {"trained": done, "planned": planned}
            for protocol, (done, planned) in assessment.folds.items()
        },
        "verdicts": [_verdict(v, "baseline") for v in assessment.verdicts],
        "encoders": [_verdict(v, "other") for v in assessment.encoder_comparisons],
        "networks": {
            name: {"title": title, "weights": n_weights(assessment, title)}
            for name, title in assessment.models.items()
        },
        "temperatures": [
            {"protocol": r.protocol, "fold": r.fold, "network": r.network, **r.temperatures}
            for r in assessment.results
        ],
        "abstention": {
            "least_coverage": min(COVERAGES),
            "heads": [_selective(a) for a in assessment.selective],
        },
        "answers": [_answers(p) for p in assessment.pooled],
        "curves": [
            {
                "protocol": r.protocol,
                "fold": r.fold,
                "network": r.network,
                "stages": {
                    stage: {name: [_known(x) for x in values] for name, values in curves.items()}
                    for stage, curves in r.curves.items()
                },
            }
            for r in assessment.results
        ],
        "published": [
            {
                "data": p.data,
                "scheme": p.scheme,
                "protocol": p.protocol,
                "target": p.target,
                "accuracy": p.accuracy[0],
                "accuracy_std": p.accuracy[1],
                "f1": p.f1[0],
                "f1_std": p.f1[1],
            }
            for p in PUBLISHED
        ],
        "scores": [
            asdict(row) | {"of_folds": assessment.folds[row.protocol][1]}
            for row in assessment.scores
        ],
        "left_out": [
            {"without": way} | asdict(row)
            for way, rows in assessment.left_out.items()
            for row in rows
        ],
    }
    if assessment.people is not None:
        content["people"] = people_json(assessment.people)
    return json.dumps(content, indent=1, allow_nan=False) + "\n"


def _known(x: float) -> float | None:
    return float(x) if isfinite(x) else None


def _estimate(name: str, estimate: Estimate) -> dict[str, float | None]:
    return {
        name: _known(estimate.value),
        f"{name}_low": _known(estimate.low),
        f"{name}_high": _known(estimate.high),
    }


def _verdict(v: Verdict, rival: str) -> dict[str, Any]:
    return {
        "protocol": v.protocol,
        "target": v.target,
        "inflated": v.inflated,
        "metric": PRIMARY,
        "model": v.ours,
        rival: v.rival,
        f"{rival}_value": v.theirs,
        "loses": v.loses,
        **_estimate("margin", v.margin),
        "n": v.n,
        "unit": v.unit,
    }


def _selective(a: SelectiveResult) -> dict[str, Any]:
    return {
        "protocol": a.protocol,
        "target": a.target,
        "modalities": a.modalities,
        "model": a.model,
        "thresholds": list(a.thresholds),
        "validation_coverage": a.validation_coverage,
        "validation_accuracy": a.validation_accuracy,
        "coverage": a.coverage,
        **_estimate("accuracy", a.accuracy),
        **_estimate("balanced_accuracy", a.balanced),
        "accuracy_of_all": _known(a.all_accuracy),
        "balanced_accuracy_of_all": _known(a.all_balanced),
    }


def _answers(p: Pooled) -> dict[str, Any]:
    """Return what a figure shows of one head or baseline model."""
    coverage, accuracy = coverage_curve(p.truth, p.probability)
    bins = {"after": p.probability} if p.is_baseline else _before_and_after(p)
    return {
        "protocol": p.protocol,
        "target": p.target,
        "modalities": p.modalities,
        "model": p.model,
        "inflated": p.inflated,
        "window_s": p.seconds,
        "confusion": confusion_matrix(p.truth, p.probability).tolist(),
        "coverage": [
            {"coverage": c, "accuracy": a}
            for c, a in zip(coverage.round(2).tolist(), accuracy.tolist(), strict=True)
        ],
        "reliability": {name: list(_bins(p, answers)) for name, answers in bins.items()},
    }


def _before_and_after(p: Pooled) -> dict[str, Any]:
    return {"before": p.uncalibrated, "after": p.probability}


def _bins(p: Pooled, answers: Any) -> Iterator[dict[str, float | int]]:
    for confidence, accuracy, n in reliability(p.truth, answers):
        yield {"confidence": confidence, "accuracy": accuracy, "n": n}
