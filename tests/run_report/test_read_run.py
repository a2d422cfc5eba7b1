"""What can stand on disk for a run: cut off, still written, edited, alone, or something else."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.runs import BUNDLE, PLAN, RUN, rows_of, write_run
from hypothesis import given, settings
from hypothesis import strategies as st

from physiosync_rt.bundle.card import digest
from physiosync_rt.errors import UserError
from physiosync_rt.run_report.facts import MOST_CHARS, RunFacts, read_facts
from physiosync_rt.run_report.read_run import read_run
from physiosync_rt.run_report.run_words import how_it_ended, in_short
from physiosync_rt.sinks.csv_log import COLUMNS
from physiosync_rt.utils.resources import bundle_path

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inside: st.lists(inside, max_size=4) | st.dictionaries(st.text(max_size=9), inside),
    max_leaves=8,
)


def _edit(log: Path, **changed: Any) -> None:
    beside = log.with_suffix(".json")
    run = json.loads(beside.read_text()) | changed
    beside.write_text(json.dumps({k: v for k, v in run.items() if v is not None}))


def test_rows_and_facts(log: Path) -> None:
    run = read_run(log)
    assert (len(run), run.hop_s, run.span_s, run.pps) == (40, 1.0, 40.0, "GSR")
    np.testing.assert_array_equal(run.t, np.arange(1, 41))
    assert run.valid.sum() == sum(reason in (None, "no_pps") for reason in PLAN)
    assert np.isnan(run.numbers["valence"][~run.valid]).all()
    assert run.targets == ("valence", "arousal")
    assert (run.markers[11], run.markers[30]) == ("film 1", "film 2; pause")
    facts = run.facts
    assert (facts.title, facts.digest, facts.simulated) == (
        "A bundle of ours",
        "0123456789ab",
        False,
    )
    assert facts.streams[0].stats is not None
    assert (facts.streams[0].stats.received, facts.streams[0].stats.lost) == (9873, 127)
    assert len(facts.scores) == len(BUNDLE["scores"])
    assert facts.rest is not None
    assert (run.notes, run.is_going_on, facts.is_complete) == ((), False, True)
    assert how_it_ended(run) == "The run ended cleanly."
    said = in_short(run)
    assert "40 rows over 00:40, one every 1 s. 24 (60 %) have a prediction" in said
    assert "18 from EEG + GSR, 6 from EEG alone" in said
    assert "16 have none: 6 no baseline yet, 5 gap in EEG, 3 warming up, 2 poor EEG signal" in said
    assert "Muse: of 10,000 samples 127 lost (1.3 %), 1 gaps" in said


def test_a_log_that_is_still_written(tmp_path: Path) -> None:
    path = tmp_path / "run.csv"
    writing = write_run(path, rows_of(PLAN), close=False)
    run = read_run(path)
    if os.name != "nt":
        assert run.is_going_on
        assert how_it_ended(run).startswith("The run is still going on")
    writing.close()
    assert not read_run(path).is_going_on


def test_a_run_that_was_killed_within_a_line(log: Path) -> None:
    log.write_text(log.read_text()[:-30])
    _edit(log, ended=None, finished=None, streams_seen=None, rows=None)
    run = read_run(log)
    assert len(run) == 39
    assert run.notes == ("1 lines of wrong length were dropped",)
    assert "the run was killed, or was still going on" in how_it_ended(run)
    assert "lost" not in in_short(run)


def test_a_json_that_is_of_another_run(log: Path) -> None:
    _edit(log, rows=55)
    assert read_run(log).notes == (
        "run.json says that the run wrote 55 rows; run.csv has 40 that can be read",
    )


@pytest.mark.parametrize("beside", [None, "{", "[1]", "\0", "{" * 5000])
def test_a_csv_alone(log: Path, beside: str | None) -> None:
    log.with_suffix(".json").unlink()
    if beside is not None:
        log.with_suffix(".json").write_text(beside)
    run = read_run(log)
    assert run.facts == RunFacts()
    assert "run.json" in run.notes[0]
    assert run.pps == "GSR"
    assert how_it_ended(run) == "How the run ended is not known."


def test_no_rows(tmp_path: Path) -> None:
    write_run(tmp_path / "run.csv", [])
    run = read_run(tmp_path / "run.csv")
    assert (len(run), run.span_s, run.targets) == (0, 0.0, ())
    assert in_short(run).startswith("0 rows over 00:00")


def test_one_row_takes_the_hop_of_the_run(tmp_path: Path) -> None:
    run = {**RUN, "contract": {**RUN["contract"], "hop_s": 0.25}}
    write_run(tmp_path / "run.csv", rows_of([None]), run)
    assert read_run(tmp_path / "run.csv").t.tolist() == [0.25]
    write_run(tmp_path / "run.csv", rows_of([None]), {**run, "contract": {"hop_s": -3}})
    assert read_run(tmp_path / "run.csv").hop_s == 1.0


def test_rows_out_of_order_without_a_time_and_with_impossible_numbers(tmp_path: Path) -> None:
    rows = rows_of(PLAN)
    rows[12], rows[20] = rows[20], rows[12]
    rows[15] = replace(rows[15], t_end_lsl=float("nan"))
    rows[16] = replace(rows[16], valence=3.0, latency_ms=1e300)
    write_run(tmp_path / "run.csv", rows)
    run = read_run(tmp_path / "run.csv")
    assert (np.diff(run.t) > 0).all()
    assert len(run) == 39
    assert run.notes[:3] == (
        "1 rows without a time were left out",
        "rows were not in order of time; they were sorted",
        "2 numbers that cannot be were left out (a probability of 3, say)",
    )
    assert np.nanmax(run.numbers["valence"]) <= 1


def test_times_that_no_run_has(tmp_path: Path) -> None:
    rows = rows_of(PLAN)
    rows[-1] = replace(rows[-1], t_end_lsl=1e12)
    write_run(tmp_path / "run.csv", rows)
    with pytest.raises(UserError, match=r"run\.csv: its times span 1e\+12 s, which no run lasts"):
        read_run(tmp_path / "run.csv")


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("none.csv", None, "none.csv cannot be opened"),
        ("other.csv", "time,x\n1,2\n", "other.csv is not a log of predictions: expected a CSV"),
        ("empty.csv", "", "empty.csv is not a log of predictions"),
        ("binary.csv", "\0\1\2", "binary.csv is not a log of predictions"),
        ("short.csv", "t_end_lsl,valid\n1,1\n", "without t_end_utc, window_s, valence"),
        (
            "words.csv",
            f"{','.join(COLUMNS)}\n" + f"{','.join(['x'] * len(COLUMNS))}\n" * 9,
            "words.csv, line 2: 'x' is not a number",
        ),
    ],
)
def test_what_is_not_a_log(tmp_path: Path, name: str, content: str | None, says: str) -> None:
    if content is not None:
        (tmp_path / name).write_text(content)
    with pytest.raises(UserError, match=says):
        read_run(tmp_path / name)


def test_a_folder_and_a_pipe(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is a folder; give the CSV of a run in it"):
        read_run(tmp_path)
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.csv")
        with pytest.raises(UserError, match="a pipe"):
            read_run(tmp_path / "pipe.csv")


def test_who_it_was(log: Path) -> None:
    assert read_run(log).facts.person == {}
    named = log.with_name("sub-07_ses-b_task-films.csv")
    log.rename(named)
    assert read_run(named).facts.person == {"participant": "07", "session": "b"}
    log.with_suffix(".json").rename(named.with_suffix(".json"))
    _edit(named, participant="Anna", notes="tired\n")
    assert read_run(named).facts.person == {"participant": "Anna", "notes": "tired "}


def test_scores_come_from_the_json_the_bundle_that_is_named_or_the_shipped_one(log: Path) -> None:
    bare = {key: value for key, value in BUNDLE.items() if key != "scores"}
    _edit(log, bundle=bare)
    assert read_run(log).facts.scores == ()
    with pytest.raises(
        UserError, match=r"--bundle demo-muse has the hash .*, but the run was made"
    ):
        read_run(log, "demo-muse")
    with pytest.raises(UserError, match="there is no bundle 'nobody'"):
        read_run(log, "nobody")
    shipped = {**bare, "name": "demo-muse", "hash": digest(bundle_path("demo-muse"))}
    _edit(log, bundle=shipped)
    assert read_run(log).facts.scores == read_run(log, "demo-muse").facts.scores != ()
    _edit(log, bundle={**shipped, "hash": "other"})
    assert read_run(log).facts.scores == ()
    log.with_suffix(".json").unlink()
    named = read_run(log, "demo-muse").facts
    assert (named.name, named.simulated) == ("demo-muse", True)


@settings(max_examples=150, deadline=None)
@given(
    run=st.dictionaries(
        st.sampled_from([*RUN, "rows", "ended", "files", "told", "participant"]) | st.text(),
        anything,
    )
)
def test_any_json_gives_facts(run: dict[str, Any]) -> None:
    facts = read_facts(run)
    assert len(facts.title) <= MOST_CHARS


@settings(max_examples=150, deadline=None)
@given(key=st.sampled_from(list(RUN)), data=st.data(), new=anything)
def test_any_damage_within_a_json_gives_facts(key: str, data: st.DataObject, new: Any) -> None:
    run: dict[str, Any] = json.loads(json.dumps(RUN))
    if isinstance(run[key], dict) and run[key]:
        run[key][data.draw(st.sampled_from(list(run[key])))] = new
    else:
        run[key] = [new]
    facts = read_facts(run)
    assert all(stream.name for stream in facts.streams)
