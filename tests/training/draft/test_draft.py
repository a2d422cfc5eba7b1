"""From a folder of recordings to the two files that a person completes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from helpers.lab import SCRIPT, record

from physiosync_rt.datatypes import Modality
from physiosync_rt.errors import UserError
from physiosync_rt.utils.yaml_config import read_yaml
from physiosync_training.draft.draft import draft
from physiosync_training.draft.events import read_bids_events
from physiosync_training.draft.plan import plan_lines
from physiosync_training.draft.stretches import Event, find_stretches
from physiosync_training.draft.survey import PERIPHERAL, Surveyed, common_of
from physiosync_training.draft.write import config_text, guess_scale, table_text
from physiosync_training.experiment.config import RunConfig
from physiosync_training.loop.progress import no_progress

TABLE = """\
file,start,stop,subject,trial,kind,valence,arousal,stimulus,note
anna_1.xdf,1,20,anna,0,baseline,,,,rest: start to end
anna_1.xdf,22,38,anna,1,trial,7,2,video1,video1: start to end
anna_1.xdf,40,57,anna,2,trial,3,,video2,video2: start to end
ben_1.xdf,1,20,ben,0,baseline,,,,rest: start to end
ben_1.xdf,22,38,ben,1,trial,7,2,video1,video1: start to end
ben_1.xdf,40,57,ben,2,trial,3,,video2,video2: start to end
"""

CONFIG = """\
# Train on your own recordings:
#   physiosync train --config own.yaml --out runs/own
# Before that, complete FOLDER/labels.csv:
#   - nothing is missing; look it over
# People, guessed from the start of the file names; where that is wrong, correct the column subject:
#   anna: anna_1.xdf
#   ben: ben_1.xdf
# Recordings that are left out:
#   notes.dat: WHY
name: own                          # of the bundle that comes out
title: "Trained on lab"            # as views and reports show it
data:
  kind: recordings                 # a folder of recordings and a table
  path: "FOLDER"  # the folder; change it where that moves
  labels: labels.csv               # the table in it: what is shown from when to when
  pps: GSR                         # the other signal, GSR or ECG; all recordings have it
  # Electrodes that all recordings have; live, a headset needs half of them by name.
  ch_names: [Fz, Cz, Pz, Oz]
  scale: [1, 9]                    # lowest and highest rating, of the ratings in markers
  threshold: 5                     # ratings from here on are high, others low
  simulated: true                  # whether the people are simulated
  ignore_unlisted: true            # whether recordings that the table does not name are left alone
protocols:
  # 2 people: stimuli are held out, and scores say nothing about other people (3 are needed).
  - {protocol: trial, folds: 2, validation: 0.25}
networks:
  - {preset: compact}              # a small network, for few people
finetune:
  targets: [valence, arousal]      # what is predicted; take out what has no ratings
  epochs: 12                       # times that all windows are seen
  windows: 4                       # drawn from each 5 s of a trial, anywhere in it
  warmup_steps: 10                 # steps until the full learning rate
  head_epochs: 6                   # epochs of the heads for EEG alone and the other signal alone
random_offsets: true               # windows begin anywhere in a trial, as they do live
seed: 0                            # of all random numbers; the same seed gives the same run
device: auto                       # a GPU where there is one
bundles: first                     # whose model becomes the bundle: that of the first fold
"""


def test_a_small_lab_gives_these_two_files_and_nothing_is_overwritten(tmp_path) -> None:
    lab = tmp_path / "lab"
    for seed, name in enumerate(("anna_1", "ben_1")):
        record(lab / f"{name}.xdf", seed, SCRIPT)
    (lab / "notes.dat").write_text("no recording", encoding="utf-8")
    (lab / "participants.tsv").write_text("participant_id", encoding="utf-8")
    seen: list[str] = []
    made = draft("own", lab, tmp_path, lambda what, done, total: seen.append(what))
    assert set(seen) == {"read recordings"}
    ((left_out, why),) = made.common.left_out
    assert left_out == "notes.dat"
    assert why
    assert (lab / "labels.csv").read_text(encoding="utf-8") == TABLE
    written = (tmp_path / "own.yaml").read_text(encoding="utf-8")
    path = next(line for line in written.splitlines() if line.startswith("  path:"))
    wanted = CONFIG.replace("WHY", why).replace("FOLDER/labels", f"{lab}/labels").splitlines()
    assert [line for line in written.splitlines() if line != path] == [
        line for line in wanted if not line.startswith("  path:")
    ]
    config = read_yaml(tmp_path / "own.yaml", RunConfig)
    assert config.data.path == lab  # type: ignore[union-attr]
    assert len(config.data.index()) == 12
    for again in ("own", "other"):
        with pytest.raises(UserError, match=r"is there already and is not overwritten; nothing"):
            draft(again, lab, tmp_path, no_progress)
    assert (lab / "labels.csv").read_text(encoding="utf-8") == TABLE
    assert sorted(p.name for p in tmp_path.iterdir()) == ["lab", "own.yaml"]


def _surveyed(name: str, *markers: tuple[float, str], **more: object) -> Surveyed:
    stretches, notes = find_stretches([Event(*each) for each in markers], 100.0)
    made = Surveyed(
        name=name,
        length_s=100.0,
        electrodes=("Fz", "Cz", "Pz", "Oz", "C3"),
        peripheral={Modality.GSR: ("GSR",)},
        subject="",
        start_utc=None,
        stretches=tuple(stretches),
        notes=tuple(notes),
        simulated=False,
    )
    return replace(made, **more)  # type: ignore[arg-type]


def _rows(*recordings: Surveyed, person: str = "p") -> list[tuple[object, ...]]:
    lines = plan_lines(recordings, {each.name: person for each in recordings})
    return [(x.file, x.start, x.stop, x.kind, x.trial, x.stimulus) for x in lines]


def test_a_marked_rest_comes_first_and_later_ones_are_trials() -> None:
    rows = _rows(_surveyed("a", (0, "rest1"), (30, "clip"), (60, "rest2")), _surveyed("b"))
    assert rows == [
        ("a", 0, 30, "baseline", 0, ""),
        ("a", 30, 60, "trial", 1, "clip"),
        ("a", 60, 100, "trial", 2, "rest2"),
        ("b", 0, 100, "trial", 3, ""),
    ]


def test_where_only_rest_is_marked_the_trial_follows_it() -> None:
    marked = _surveyed("a", (5, "baseline:start"), (35, "baseline:end"))
    assert _rows(marked) == [("a", 5, 35, "baseline", 0, ""), ("a", 35, 100, "trial", 1, "")]


def test_a_rest_that_is_not_marked_is_guessed_or_left_to_the_person() -> None:
    assert _rows(_surveyed("a", (12, "clip"))) == [
        ("a", 0, 12, "baseline", 0, ""),
        ("a", 12, 100, "trial", 1, "clip"),
    ]
    assert _rows(_surveyed("a")) == [
        ("a", 0, 30, "baseline", 0, ""),
        ("a", 30, 100, "trial", 1, ""),
    ]
    late = _surveyed("a", (2, "clip"), (50, "rest"))
    assert _rows(late) == [
        ("a", None, None, "baseline", 0, ""),
        ("a", 2, 50, "trial", 1, "clip"),
        ("a", 50, 100, "trial", 2, "rest"),
    ]
    lines = plan_lines([late], {"a": "p"})
    assert table_text(lines).splitlines()[1].startswith('a,?,?,p,0,baseline,,,,"fill in: when')
    common = common_of([late], [])
    text = config_text("own", Path("lab"), common, lines, "a guess", None)
    assert "#   - start and stop of the rest (? in the table) of p" in text
    assert "#   - valence or arousal of every trial; no marker states a rating" in text


def test_a_person_s_files_come_in_the_order_of_time_where_it_is_known() -> None:
    rest = _surveyed("z", (0, "rest"), start_utc=5.0, length_s=100.0)
    task = _surveyed("a", (0, "clip"), start_utc=900.0)
    assert next(row[0] for row in _rows(task, rest)) == "z"


def test_mixed_modalities_keep_what_most_have() -> None:
    ecg = {Modality.ECG: ("ECG",)}
    found = common_of(
        [_surveyed("a"), _surveyed("b", peripheral=ecg), _surveyed("c", peripheral=ecg)],
        [("d", "it is broken")],
    )
    assert (found.pps, [each.name for each in found.recordings]) == (Modality.ECG, ["b", "c"])
    assert found.left_out == (
        ("d", "it is broken"),
        ("a", "it has no ECG, which most of the others have"),
    )
    both = common_of([_surveyed("a", peripheral=dict.fromkeys(PERIPHERAL, ("x",)))], [])
    assert both.pps is Modality.GSR
    with pytest.raises(UserError, match=r"no recording can be trained on.*\nd: it is broken"):
        common_of([], [("d", "it is broken")])


def test_mixed_electrodes_keep_what_all_have_or_the_largest_group() -> None:
    shared = common_of(
        [_surveyed("a"), _surveyed("b", electrodes=("OZ", "T3", "Pz", "Cz", "fz"))], []
    )
    assert shared.electrodes == ("Fz", "Cz", "Pz", "Oz")
    assert shared.left_out == ()
    muse = ("TP9", "AF7", "AF8", "TP10")
    apart = common_of([_surveyed("a", electrodes=muse), _surveyed("b"), _surveyed("c")], [])
    assert [each.name for each in apart.recordings] == ["b", "c"]
    assert apart.left_out == (("a", "it lacks 5 of the 5 electrodes of the others"),)


@pytest.mark.parametrize(
    ("ratings", "scale"),
    [
        ((), (1, 9, 5)),
        ((0, 1), (0, 1, 0.5)),
        ((1, 5), (1, 5, 3)),
        ((2, 8.5), (1, 9, 5)),
        ((0, 10), (0, 10, 5)),
        ((-3, 40), (-3, 40, 18.5)),
    ],
)
def test_scales_are_guessed_from_ratings(ratings, scale) -> None:
    texts = [(10.0 * k, f"clip{k} valence={value}") for k, value in enumerate(ratings, 1)]
    lines = plan_lines([_surveyed("a", *texts)], {"a": "p"})
    found = guess_scale(lines)
    assert (found.low, found.high, found.threshold) == scale


def test_events_of_bids(tmp_path) -> None:
    table = tmp_path / "sub-01_task-clips_events.tsv"
    table.write_text(
        "onset\tduration\ttrial_type\tvalence\n0\t30\trest\tn/a\n35.5\tn/a\tclip\t6\n",
        encoding="utf-8",
    )
    assert read_bids_events(table) == [Event(0, "rest", 30.0), Event(35.5, "clip valence=6")]
    table.write_text("onset\tduration\nsoon\t1\n", encoding="utf-8")
    with pytest.raises(UserError, match="line 2: onset is 'soon', expected a number"):
        read_bids_events(table)


def test_folders_without_anything_to_train_on(tmp_path) -> None:
    with pytest.raises(UserError, match="there is no folder"):
        draft("own", tmp_path / "nowhere", tmp_path, no_progress)
    lab = tmp_path / "lab"
    lab.mkdir()
    with pytest.raises(UserError, match="holds no recording; put the files there"):
        draft("own", lab, tmp_path, no_progress)
    record(lab / "a.xdf", 1, gsr_sfreq=0, duration_s=30.0)
    with pytest.raises(
        UserError, match=r"a\.xdf: it has no GSR or ECG with samples \(it holds EEG"
    ):
        draft("own", lab, tmp_path, no_progress)
    with pytest.raises(UserError, match="a name of small letters"):
        draft("My Lab", lab, tmp_path, no_progress)
    assert [p.name for p in tmp_path.rglob("*") if p.is_file()] == ["a.xdf"]
