"""From a recording and its labels to a bundle of one person, or to a sentence why not."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from helpers.personal import (
    LABELS,
    effort_card,
    effort_model,
    make_person,
    write_parent,
    write_person,
)
from typer.testing import CliRunner, Result

import physiosync_rt as ps
from physiosync_rt.bundle.bundle import load_bundle, save_bundle
from physiosync_rt.bundle.card import read_card
from physiosync_rt.cli.app import app
from physiosync_rt.errors import UserError
from physiosync_rt.live.events import EventKind
from physiosync_rt.utils.resources import bundle_path
from physiosync_training.calibration import calibrate as module
from physiosync_training.calibration.calibrate import calibrate

RUNNER = CliRunner()


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A parent, a recording of a person who is unlike others, one without effect, and labels."""
    folder = tmp_path_factory.mktemp("lab")
    write_parent(folder / "parent")
    write_person(folder / "me.xdf", make_person())
    (folder / "labels.csv").write_text(LABELS)
    (folder / "plain").mkdir()
    write_person(folder / "plain" / "me.xdf", make_person(1, beta=1.0))
    return folder


@pytest.fixture(scope="module")
def mine(lab: Path) -> Path:
    """The bundle of that person."""
    found = calibrate(lab / "parent", [lab / "me.xdf"], lab / "labels.csv", lab / "mine")
    assert found.written == lab / "mine"
    return lab / "mine"


def _run(lab: Path, out: Path, **changed: Path | str) -> Result:
    given = {
        "bundle": lab / "parent",
        "recording": lab / "me.xdf",
        "labels": lab / "labels.csv",
        "out": out,
    } | changed
    words = [word for name, value in given.items() for word in (f"--{name}", str(value))]
    return RUNNER.invoke(app, ["calibrate", *words])


def test_the_bundle_says_whose_it_is_and_what_it_brought(lab: Path, mine: Path) -> None:
    card, parent = load_bundle(str(mine)).card, load_bundle(str(lab / "parent"))
    personal = card.personal
    assert personal is not None
    assert (personal.parent, personal.parent_hash) == ("effort-others", parent.digest)
    assert (personal.rest_s, personal.labelled_s) == (30, 90)
    brought = personal.brought["arousal"]
    assert brought.helped
    assert brought.after > 0.8 > brought.before
    assert brought.blocks == (3, 3)
    assert brought.p <= 0.05
    assert brought.smallest_p == 1 / 64
    assert card.headline == "Mental effort, calibrated to one person"
    assert "then calibrated to one person with 30 s of rest and 90 s of labelled" in card.trained_on
    assert any("of one person" in limit for limit in card.limits)
    assert any("upper bound" in limit for limit in card.limits)
    values = {(s.modalities, s.model): s.value for s in card.scores}
    assert values["eeg+ecg", "effort-others before"] == brought.before
    assert values["eeg+ecg", "physiosync"] == brought.after
    said = RUNNER.invoke(app, ["inspect", str(mine)]).output
    assert f"effort-others ({parent.digest})" in said
    assert "30 s of rest and 90 s of labelled data" in said


@pytest.mark.slow
def test_another_recording_of_the_person_is_told_better(lab: Path, mine: Path) -> None:
    again = make_person(7)

    def right(bundle: Path) -> float:
        rows = ps.predict(again, bundle).rows
        valid = [row for row in rows if row.arousal is not None and row.t_end > 40]
        task = [(row.arousal >= 0.5) == (row.t_end > 80) for row in valid if row.arousal]
        return sum(task) / len(task)

    assert right(mine) > right(lab / "parent") + 0.2
    found = ps.predict(again, mine)
    assert all(event.kind is not EventKind.NO_PROOF for event in found.events)


def test_on_its_own_recording_every_view_says_no_proof(
    lab: Path, mine: Path, tmp_path: Path
) -> None:
    csv = tmp_path / "run.csv"
    files = [str(lab / "me.xdf"), "--csv", str(csv), "--bundle"]
    said = RUNNER.invoke(app, ["predict", *files, str(mine)])
    assert said.exit_code == 0
    assert "no proof: the bundle was calibrated with this very recording of cap" in said.stdout
    run = json.loads(csv.with_suffix(".json").read_text())
    assert run["no_proof"] is True
    assert any("no proof" in event["said"] for event in run["events"])
    assert run["bundle"]["title"] == "Mental effort, calibrated to one person"
    page = ps.report(csv).read_text(encoding="utf-8")
    assert "No proof." in page
    # The parent on the same recording, and the bundle on another one.
    other = write_person(tmp_path / "other.xdf", make_person(7))
    for recording, bundle, key in ((lab / "me.xdf", lab / "parent", None), (other, mine, False)):
        csv = tmp_path / f"{bundle.name}.csv"
        words = ["predict", str(recording), "--csv", str(csv), "--bundle", str(bundle)]
        assert "no proof" not in RUNNER.invoke(app, words).output
        assert json.loads(csv.with_suffix(".json").read_text()).get("no_proof") is key


def test_the_window_and_the_terminal_say_it_as_long_as_the_run_lasts(mine: Path, lab: Path) -> None:
    with ps.open_stream("file", bundle=mine, file=lab / "me.xdf", speed=60) as run:
        titles = []
        for _ in run:
            snapshot = run.engine.snapshot
            assert snapshot is not None
            titles.append((snapshot.bundle_title, [e.kind for e in snapshot.events]))
    assert titles[0][0] == "Mental effort, calibrated to one person"
    assert titles[-1][0] == "Mental effort, calibrated to one person, no proof"
    assert EventKind.NO_PROOF in titles[-1][1]


def test_where_it_does_not_help_nothing_is_written_unless_told_to(
    lab: Path, tmp_path: Path
) -> None:
    plain = lab / "plain" / "me.xdf"
    said = _run(lab, tmp_path / "mine", recording=plain)
    assert said.exit_code == 0
    assert "mental effort: it did not help" in said.stdout
    assert "nothing was written; --anyway writes the bundle all the same" in said.stdout
    assert list(tmp_path.iterdir()) == []
    words = ["--bundle", lab / "parent", "--recording", plain, "--labels", lab / "labels.csv"]
    said = RUNNER.invoke(
        app, ["calibrate", *map(str, words), "--out", str(tmp_path / "mine"), "--anyway", "--json"]
    )
    found = json.loads(said.stdout)
    assert found["written"] == str(tmp_path / "mine")
    personal = read_card(tmp_path / "mine").personal
    assert personal is not None
    assert not personal.brought["arousal"].helped


def _labels(*changes: tuple[str, str]) -> str:
    text = LABELS
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return text


TRIALS = ("me.xdf,31,76,me,1,trial,,0\n", "me.xdf,77,122,me,2,trial,,1\n")


@pytest.mark.parametrize(
    ("labels", "says"),
    [
        (_labels(("0,30,", "0,12,")), "line 2: the rest lasts 12 s, and effort-others takes 30 s"),
        (_labels(("31,76", "20,76")), "two segments of me.xdf overlap"),
        (_labels((",,1\n", ",,0\n")), "show only rest of rest and arithmetic"),
        (_labels((",,1\n", ",,\n")), "show only rest of rest and arithmetic"),
        (_labels((",,1\n", ",,\n"), (",,0\n", ",,\n")), "show nothing of rest and arithmetic"),
        (
            _labels(("77,122", "77,95")),
            "and there are 3 of rest and 1 of arithmetic; label 15 s of arithmetic more",
        ),
        (
            _labels(("31,76", "31,61"), ("77,122", "77,107")),
            "there are 2 of rest and 2 of arithmetic; label 15 s of either more",
        ),
        (_labels(("me.xdf,77,122,me", "me.xdf,77,122,you")), "to me and me.xdf to you"),
        (_labels(("me.xdf", "you.xdf")), "has no line for me.xdf, only for you.xdf"),
        (_labels((TRIALS[1], "me.xdf,77,400,me,2,trial,,1\n")), "me.xdf is 124.0 s long"),
        (_labels((",,1\n", ",,7\n")), "out of the scale of 0 to 1"),
        (_labels(("me.xdf,0,30,me,0,baseline,,\n", "")), "subject me has no baseline before"),
    ],
)
def test_labels_that_cannot_serve(lab: Path, tmp_path: Path, labels: str, says: str) -> None:
    (tmp_path / "labels.csv").write_text(labels)
    with pytest.raises(UserError) as raised:
        calibrate(lab / "parent", [lab / "me.xdf"], tmp_path / "labels.csv", tmp_path / "mine")
    assert says in str(raised.value)
    assert "\n" not in str(raised.value)
    assert [path.name for path in tmp_path.iterdir()] == ["labels.csv"]


def test_the_rest_of_another_person(lab: Path, tmp_path: Path) -> None:
    shutil.copy(lab / "me.xdf", tmp_path / "you.xdf")
    table = tmp_path / "labels.csv"
    table.write_text(_labels(("me.xdf,0,30,me", "you.xdf,0,30,you")))
    with pytest.raises(UserError, match=r"gives you.xdf to you and me.xdf to me; a bundle is"):
        calibrate(lab / "parent", [tmp_path / "you.xdf", lab / "me.xdf"], table, tmp_path / "mine")


def test_an_ecg_without_a_heart_all_through(lab: Path, tmp_path: Path) -> None:
    path = write_person(tmp_path / "me.xdf", make_person(heart=False))
    found = _run(lab, tmp_path / "mine", recording=path)
    assert isinstance(found.exception, UserError)
    assert "me.xdf: the ECG shows no heartbeat in the rest or in any" in str(found.exception)
    assert not (tmp_path / "mine").exists()


def _missing(lab: Path, _: Path, __: pytest.MonkeyPatch) -> dict[str, Path | str]:
    return {"bundle": lab / "gone"}


def _network(*_: object) -> dict[str, Path | str]:
    return {"bundle": "demo-muse"}


def _again(lab: Path, _: Path, __: pytest.MonkeyPatch) -> dict[str, Path | str]:
    return {"bundle": lab / "mine"}


def _damaged(lab: Path, folder: Path, _: pytest.MonkeyPatch) -> dict[str, Path | str]:
    shutil.copytree(lab / "parent", folder / "parent")
    (folder / "parent" / "weights.safetensors").write_bytes(b"\0" * 100)
    return {"bundle": folder / "parent"}


def _changed(lab: Path, folder: Path, patch: pytest.MonkeyPatch) -> dict[str, Path | str]:
    """Train the parent again while a person is calibrated from it."""
    parent = shutil.copytree(lab / "parent", folder / "parent")

    def measure(*given: object) -> object:
        save_bundle(parent, effort_card(title="newer"), effort_model())
        return real(*given)

    real: Callable[..., object] = module.measure
    patch.setattr(module, "measure", measure)
    return {"bundle": parent}


def _taken(_: Path, folder: Path, __: pytest.MonkeyPatch) -> dict[str, Path | str]:
    (folder / "mine").mkdir()
    return {}


def _no_table(_: Path, folder: Path, __: pytest.MonkeyPatch) -> dict[str, Path | str]:
    return {"labels": folder / "none.csv"}


def _no_threshold(_: Path, folder: Path, __: pytest.MonkeyPatch) -> dict[str, Path | str]:
    save_bundle(folder / "parent", effort_card(provenance={}), effort_model())
    return {"bundle": folder / "parent"}


def _other_channels(_: Path, folder: Path, __: pytest.MonkeyPatch) -> dict[str, Path | str]:
    return {"bundle": bundle_path("effort-eeg19")}


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (_missing, "there is no bundle"),
        (_network, "bundle 'demo-muse' holds a network, and only a sum of slow features"),
        (_again, "is calibrated to one person already; calibrate its parent 'effort-others'"),
        (_damaged, "weights.safetensors cannot be read"),
        (_changed, "has changed while it was calibrated; nothing was written"),
        (_taken, "is there already and is not replaced"),
        (_no_table, "there is no table"),
        (_no_threshold, "does not say from which rating on a target is high; give --threshold"),
        (_other_channels, "made for 19 electrodes and needs at least 9"),
    ],
)
def test_bundles_and_folders_that_cannot_serve(
    lab: Path,
    mine: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    spoil: Callable[[Path, Path, pytest.MonkeyPatch], dict[str, Path | str]],
    says: str,
) -> None:
    assert mine.is_dir()
    found = _run(lab, tmp_path / "mine", **spoil(lab, tmp_path, monkeypatch))
    assert isinstance(found.exception, UserError)
    assert found.exception.exit_code == 2
    assert says in str(found.exception)
    assert "\n" not in str(found.exception)
    left = {path.name for path in tmp_path.iterdir()}
    assert left <= {"parent", "mine"}
    assert ("mine" in left) == (spoil is _taken)
    assert not (tmp_path / "mine" / "card.json").exists()


def test_a_threshold_can_be_given(lab: Path, tmp_path: Path) -> None:
    save_bundle(tmp_path / "parent", effort_card(provenance={}), effort_model())
    (tmp_path / "labels.csv").write_text(_labels((",,0\n", ",,3\n"), (",,1\n", ",,8\n")))
    found = calibrate(
        tmp_path / "parent",
        [lab / "me.xdf"],
        tmp_path / "labels.csv",
        tmp_path / "mine",
        threshold=5,
    )
    assert found.brought["arousal"].helped


def test_a_parent_that_is_trained_again_later_is_said(
    lab: Path, mine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from physiosync_rt.views import inspection

    save_bundle(tmp_path / "effort-others", effort_card(title="newer"), effort_model())
    monkeypatch.setattr(inspection, "bundle_names", lambda: ("effort-others",))
    monkeypatch.setattr(inspection, "bundle_path", lambda name: tmp_path / name)
    assert "has changed since" in RUNNER.invoke(app, ["inspect", str(mine)]).output
    monkeypatch.setattr(inspection, "bundle_path", lambda _: lab / "parent")
    assert "has changed since" not in RUNNER.invoke(app, ["inspect", str(mine)]).output
