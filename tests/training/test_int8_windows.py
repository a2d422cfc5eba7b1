"""int8 is checked on the windows that validated a bundle, made again from its card."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from physiosync_rt.bundle import int8_check
from physiosync_rt.bundle.card import CARD, read_card
from physiosync_rt.bundle.engines import INT8_CHECK, int8_refusal, is_onnx_here
from physiosync_rt.errors import UserError
from physiosync_rt.utils.resources import bundle_path
from physiosync_training import int8_windows
from physiosync_training.datasets.load import load_dataset
from physiosync_training.datasets.splits import make_folds
from physiosync_training.experiment.config import RunConfig
from physiosync_training.loop.progress import no_progress

needs_onnx = pytest.mark.skipif(not is_onnx_here(), reason="the extra fast is not installed")


def _card(**data: object):
    """The card of demo-muse, as if it had been trained on other simulated people."""
    card = read_card(bundle_path("demo-muse"))
    config = json.loads(json.dumps(card.provenance["config"]))
    config["data"] |= data
    config["protocols"][0] |= {"folds": 3, "validation": 0.4}
    return card.model_copy(update={"provenance": card.provenance | {"config": config}})


def test_only_those_who_validated_are_simulated_again(tmp_path: Path) -> None:
    card = _card(subjects=4, duration_s=60.0, trial_s=10.0)
    found, rows = int8_windows._validation(card, tmp_path / "some", no_progress)
    config = RunConfig.model_validate(card.provenance["config"])
    whole = load_dataset(config.data, tmp_path / "whole", no_progress)
    fold = next(fold for fold in make_folds(whole, config.protocols[0]))
    assert 0 < len(found) == len(rows) == len(fold.validation) < len(whole)
    for some, expected in zip(found.fetch(rows), whole.fetch(fold.validation), strict=True):
        np.testing.assert_array_equal(some, expected)


@needs_onnx
def test_what_is_found_stands_on_the_card(tmp_path: Path, monkeypatch) -> None:
    path = tmp_path / "mine"
    shutil.copytree(bundle_path("demo-muse"), path)
    before = json.loads((path / CARD).read_text())
    monkeypatch.setattr(
        int8_windows, "_validation", lambda *_: (_NoWindows(), np.arange(3, dtype=np.int64))
    )
    found = {"largest_difference": 0.02, "windows": 3}
    monkeypatch.setattr(int8_check, "check_int8", lambda *_: found)
    assert int8_windows.check_bundle(str(path)) == found
    assert json.loads((path / CARD).read_text()) == before
    int8_windows.check_bundle(str(path), write=True)
    before["provenance"][INT8_CHECK] = found
    assert json.loads((path / CARD).read_text()) == before
    assert "changes by 0.020" in int8_refusal(read_card(path))


class _NoWindows:
    """A data set of noise."""

    def fetch(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return np.zeros((len(rows), 4, 640), np.float32), np.zeros((len(rows), 1, 640), np.float32)


@needs_onnx
def test_what_cannot_be_checked_is_said() -> None:
    with pytest.raises(UserError, match="is a sum of features, which has no int8"):
        int8_windows.check_bundle("effort-eeg8")
    card = read_card(bundle_path("demo-muse"))
    unknown = card.model_copy(update={"provenance": {}})
    with pytest.raises(UserError, match="does not say how it was trained"):
        int8_windows._validation(unknown, Path(), no_progress)
    other = card.model_copy(update={"provenance": card.provenance | {"fold": "subject-77"}})
    with pytest.raises(UserError, match="'subject-77' has no validation windows"):
        int8_windows._validation(other, Path(), no_progress)
