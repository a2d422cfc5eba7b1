"""``physiosync train --new`` as a new user runs it: from a folder of recordings to a report."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from helpers.lab import SCRIPT, record

from physiosync_rt.cli import main

MORE = ((60, "video3_start"), (78, "video3_end"), (78.5, "valence=2 arousal=8"))


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("recorded")
    for seed, name in enumerate(("anna", "ben", "cleo")):
        record(folder / f"{name}.xdf", seed, (*SCRIPT, *MORE), duration_s=80.0)
    return folder


@pytest.fixture
def lab(recorded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of the same recordings, in a working folder of its own."""
    folder = tmp_path / "lab"
    folder.mkdir()
    for path in recorded.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    monkeypatch.chdir(tmp_path)
    return folder


def run(*words: object, code: int = 0) -> None:
    """Run ``physiosync train`` in this process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["physiosync", "train", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main()
    assert (ended.value.code or 0) == code


def test_two_files_are_written_and_said(lab, tmp_path, capsys) -> None:
    (lab / "cut.xdf").write_bytes((lab / "anna.xdf").read_bytes()[:3000])
    run("--new", "own", "--path", lab)
    said = capsys.readouterr()
    assert said.out.splitlines() == [
        (
            "read 3 recordings of 3 people (anna, ben, cleo): EEG (Fz, Cz, Pz, Oz) and GSR in all "
            "of them, 9 trials"
        ),
        f"wrote {lab / 'labels.csv'}",
        "wrote own.yaml",
        "complete both (own.yaml begins with what is missing), then",
        "    physiosync train --config own.yaml --out runs/own",
    ]
    assert said.err.startswith("left out cut.xdf: ")
    before = (tmp_path / "own.yaml").read_bytes()
    run("--new", "own", "--path", lab, code=2)
    assert "own.yaml is there already and is not overwritten" in capsys.readouterr().err
    assert (tmp_path / "own.yaml").read_bytes() == before


def test_all_faults_are_listed_with_their_lines_and_nothing_is_left_behind(
    lab, tmp_path, capsys
) -> None:
    run("--new", "own", "--path", lab)
    capsys.readouterr()
    config, table = tmp_path / "own.yaml", lab / "labels.csv"
    good = table.read_text(encoding="utf-8")
    line_of = {
        line.strip().partition(":")[0]: number
        for number, line in enumerate(config.read_text(encoding="utf-8").splitlines(), 1)
    }
    text = config.read_text(encoding="utf-8").replace("epochs: 12", "epocs: 12")
    config.write_text(text.replace("device: auto", "device: gpu"), encoding="utf-8")
    spoilt = good.replace("22,38,anna,1,trial,7,2", "38,22,anna,1,trial,7,20")
    spoilt = spoilt.replace("60,78,ben", "50,78,ben").replace(
        "1,20,cleo,0,baseline", "?,?,cleo,0,rest"
    )
    table.write_text(spoilt + "dora.xdf,0,20,dora,0,baseline,,,,\n", encoding="utf-8")
    arguments = ("--config", "own.yaml", "--out", "runs/own")
    run(*arguments, code=2)
    assert capsys.readouterr().err.splitlines() == [
        (
            f"physiosync: own.yaml, line {line_of['epochs']}: finetune.epocs: unknown key; did you "
            "mean epochs?"
        ),
        (
            f"own.yaml, line {line_of['device']}: device: input should be 'auto', 'cpu', 'cuda' or "
            "'mps', found 'gpu'"
        ),
        (
            "labels.csv, line 3: a trial from 38 s to 22 s; it must not start before 0 and must "
            "last 5 s or more"
        ),
        (
            "labels.csv, line 3: arousal is 20, out of the scale of 1 to 9; fix the line, or the "
            "scale in the configuration"
        ),
        "labels.csv, line 10: kind is 'rest', expected trial or baseline",
        "labels.csv, line 10: start is '?', expected a number; fill it in",
        "labels.csv, line 10: stop is '?', expected a number; fill it in",
        "labels.csv, line 9: two segments of ben.xdf overlap (40 to 57 s in line 8 and 50 to 78 s)",
        (
            f"labels.csv, line 14 names dora.xdf, which is not in {lab}; add the file or take its "
            "lines out"
        ),
    ]
    # What only the recordings know, and what the folds need, comes once that is in order.
    config.write_text(
        text.replace("epocs", "epochs").replace("folds: 3", "folds: 7"), encoding="utf-8"
    )
    table.write_text(good.replace("trial,7,2", "trial,7,9"), encoding="utf-8")
    run(*arguments, code=2)
    first, second = capsys.readouterr().err.splitlines()
    assert first.startswith(f"physiosync: own.yaml, line {line_of['- {protocol']}: lab has 3 sub")
    assert "too few for 7 folds" in first
    assert second.startswith(
        f"own.yaml, line {line_of['targets']}: all trials together: arousal has one class only"
    )
    config.write_text(text.replace("epocs", "epochs"), encoding="utf-8")
    late = good.replace("60,78,anna", "60,95,anna").replace("60,78,cleo", "60,300,cleo")
    table.write_text(late, encoding="utf-8")
    run(*arguments, "--set", f"cache={tmp_path / 'cache'}", code=2)
    first, second = capsys.readouterr().err.splitlines()
    assert first.startswith("physiosync: labels.csv, line 5: anna.xdf is 80.0 s long, and a trial")
    assert second.startswith("labels.csv, line 13: cleo.xdf is 80.0 s long, and a trial of subject")
    assert not (tmp_path / "runs").exists()
    assert not list((tmp_path / "cache").iterdir())


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "--config and --out missing: give a configuration"),
        (("--config", "debug"), "--out missing: give a configuration"),
        (("--new", "own"), "--new needs --path, the folder of your recordings"),
        (("--new", "own", "--path", "x", "--out", "y"), "--out do not go with --new"),
        (("--config", "debug", "--out", "y", "--path", "x"), "--path and --device go with --new"),
    ],
)
def test_options_that_do_not_go_together(words, said, tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    run(*words, code=2)
    assert said in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_a_completed_draft_ends_in_a_report_and_a_bundle(lab, tmp_path) -> None:
    run("--new", "own", "--path", lab)
    small = ("networks=[{preset: compact, dim_1s: 8, dim_5s: 8, depth: 1}]", "finetune.epochs=2")
    rated = ("finetune.targets=[valence]", f"cache={tmp_path / 'cache'}", "device=cpu")
    changes = [word for each in (*small, *rated) for word in ("--set", each)]
    run("--config", "own.yaml", "--out", "runs/own", *changes)
    assert (tmp_path / "runs" / "own" / "report.html").is_file()
    assert (tmp_path / "runs" / "own" / "bundle" / "card.json").is_file()
