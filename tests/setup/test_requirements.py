"""Requirements of a run, in words on what is missing and what to do."""

from __future__ import annotations

import os
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from physiosync_rt.bundle.card import find_bundle, read_card
from physiosync_rt.datatypes import Modality, StreamSpec
from physiosync_rt.setup.file_checks import check_files, folder_problem, name_problem
from physiosync_rt.setup.plan import Plan
from physiosync_rt.setup.requirements import (
    Check,
    Fix,
    State,
    check_bundle,
    check_sight,
)
from physiosync_rt.setup.sight import Sight
from physiosync_rt.utils import disk_space

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
GSR = StreamSpec("Shimmer", Modality.GSR, ("GSR",), 32.0, "uS")


def _eeg(*names: str, sfreq: float = 250.0) -> StreamSpec:
    return StreamSpec("Cap", Modality.EEG, names, sfreq, "uV")


def _by_key(found: list[Check]) -> dict[str, Check]:
    return {check.key: check for check in found}


def test_a_shipped_bundle_says_that_it_saw_no_real_person() -> None:
    card, check = check_bundle("demo-eeg32")
    assert card is not None
    assert check.state is State.WARNING
    assert check.passes
    assert "says nothing of a real person" in check.text


def test_a_bundle_that_is_not_there_or_lacks_its_weights(tmp_path: Path) -> None:
    card, check = check_bundle(str(tmp_path / "gone"))
    assert card is None
    assert check.state is State.MISSING
    assert "there is no bundle" in check.text
    shutil.copy(find_bundle("demo-muse") / "card.json", tmp_path)
    card, check = check_bundle(str(tmp_path))
    assert card is None
    assert "no weights.safetensors" in check.text


def test_measured_and_interpolated_electrodes_are_counted() -> None:
    card = read_card(find_bundle("demo-eeg32"))
    eight = _eeg("Fp1", "Fp2", "C3", "C4", "P7", "P8", "O1", "O2")
    found = _by_key(check_sight(Sight(eeg=eight, pps=GSR), card))
    assert found["electrodes"].state is State.WARNING
    assert "8 of 32 electrodes measured" in found["electrodes"].text
    assert "lowered to 25%" in found["electrodes"].text
    assert found["peripheral"].state is State.OK
    everything = _by_key(check_sight(Sight(eeg=_eeg(*card.eeg.ch_names), pps=GSR), card))
    assert everything["electrodes"].state is State.OK


def test_a_bundle_that_does_not_fit_names_one_that_does() -> None:
    card = read_card(find_bundle("demo-eeg32"))
    muse = _eeg("TP9", "AF7", "AF8", "TP10")
    check = _by_key(check_sight(Sight(eeg=muse), card, ("demo-muse",)))["electrodes"]
    assert check.state is State.MISSING
    assert (check.fix, check.fix_name) == (Fix.BUNDLE, "demo-muse")
    check = _by_key(check_sight(Sight(eeg=_eeg("Cz")), card, ("demo-muse",)))["electrodes"]
    assert check.fix is Fix.NONE


def test_a_missing_peripheral_stream_is_no_obstacle_but_said() -> None:
    card = read_card(find_bundle("demo-muse"))
    muse = _eeg("TP9", "AF7", "AF8", "TP10")
    check = _by_key(check_sight(Sight(eeg=muse), card))["peripheral"]
    assert check.state is State.WARNING
    assert check.text == (
        "There is no GSR stream: EEG alone is used, and the confidence is lowered"
    )


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("a/b", "cannot contain '/'"),
        ("a:b", "cannot contain ':'"),
        ("a\x00", "cannot contain"),
        (".hidden", "full stop"),
        ("CON", "reserved"),
        ("x" * 300, "too long"),
    ],
)
def test_a_name_that_is_no_file_name(name: str, word: str) -> None:
    assert word in name_problem(name)


@pytest.mark.parametrize("name", ["", "sub-01 rest", "Zoë_2", "a.b"])
def test_a_name_that_is_one(name: str) -> None:
    assert name_problem(name) == ""


def test_a_folder_that_is_made_later_passes_and_a_file_does_not(tmp_path: Path) -> None:
    assert folder_problem(tmp_path / "new" / "deep") == ""
    assert not (tmp_path / "new").exists()
    (tmp_path / "file").touch()
    assert "is a file" in folder_problem(tmp_path / "file")
    assert "may not be written to" in folder_problem(tmp_path / "file" / "below")


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere"
)
def test_a_folder_without_permission(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    assert "may not be written to" in folder_problem(tmp_path)


def test_a_recording_is_never_overwritten_and_a_csv_is_set_aside(tmp_path: Path) -> None:
    (tmp_path / "a.xdf").touch()
    (tmp_path / "a.csv").touch()
    plan = Plan(folder=str(tmp_path), name="a", record=True)
    assert "never overwritten" in check_files(plan, NOW)[0].text
    check = check_files(plan.model_copy(update={"record": False}), NOW)[0]
    assert check.state is State.WARNING
    assert "a.csv exists" in check.text


def test_a_home_of_nobody_is_a_folder_like_any_other() -> None:
    plan = Plan(folder="~nobody-of-this-name/x", name="a")
    assert plan.files(NOW).csv == Path("~nobody-of-this-name/x/a.csv")
    assert check_files(plan, NOW)[0].key == "files"


def test_a_disk_that_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for free, state in ((10 * 2**20, State.MISSING), (200 * 2**20, State.WARNING)):
        usage = shutil._ntuple_diskusage(2**40, 2**40 - free, free)
        monkeypatch.setattr(disk_space.shutil, "disk_usage", lambda _path, usage=usage: usage)
        check = _by_key(check_files(Plan(folder=str(tmp_path)), NOW))["disk"]
        assert check.state is state
        assert "MB free" in check.text


def test_files_are_named_after_the_time_unless_somebody_names_them(tmp_path: Path) -> None:
    plan = Plan(folder=str(tmp_path), record=True)
    assert plan.files(NOW).csv == tmp_path / "physiosync-20260102-030405.csv"
    named = plan.model_copy(update={"name": " sub-01 "})
    assert named.files(NOW).record == tmp_path / "sub-01.xdf"
