"""A short part of ``make fuzz``: damaged inputs end in a sentence, a note, or unchanged."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

if sys.platform == "win32":
    pytest.skip("children are forked with limits, which Windows has not", allow_module_level=True)

from fuzz.run import BAD, GOOD, Fuzzer
from fuzz.sandbox import in_child
from fuzz.sites import spans_of
from fuzz.unknowable import RULES, reason_for

from physiosync_rt.errors import UserError


@pytest.fixture(scope="module")
def fuzzer(tmp_path_factory: pytest.TempPathFactory) -> Fuzzer:
    return Fuzzer(tmp_path_factory.mktemp("fuzz"), real=False)


@pytest.mark.parametrize("n_each", [1, pytest.param(4, marks=pytest.mark.slow)])
def test_damaged_inputs_end_well(fuzzer: Fuzzer, n_each: int) -> None:
    """So many cases of every seed; ``make fuzz`` does more than a hundred."""
    results = [fuzzer.run(case) for case in fuzzer.cases(n_each * len(fuzzer.seeds))]
    assert {result.outcome for result in results} <= {*GOOD, *BAD}
    # Silent changes are counted by `make fuzz`, which knows them by seed and number.
    assert not [str(r) for r in results if r.outcome in BAD and r.outcome != "silent"]


def test_a_case_is_the_same_file_again(fuzzer: Fuzzer, tmp_path: Path) -> None:
    seed = fuzzer.seeds["XDF-simulated"]
    contents = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        path, done, _ = fuzzer.write(seed, 7, tmp_path / name)
        contents.append((path.read_bytes(), done))
    assert contents[0] == contents[1]
    assert contents[0][0] != seed.path.read_bytes()


def _hold_memory() -> dict[str, str]:
    # Far beyond the limit, for what earlier tests have freed is the child's to take.
    return {"outcome": str(len(bytearray(6 << 30)))}


def _wait() -> dict[str, str]:
    while True:
        pass


def _run_code() -> dict[str, str]:
    import os

    os.system("true")
    return {"outcome": "same"}


def _refuse() -> dict[str, str]:
    raise UserError("a.xdf: it is damaged; take another copy")


def _hide_memory() -> dict[str, str]:
    try:
        return _hold_memory()
    except MemoryError as error:
        raise UserError("damaged") from error


@pytest.mark.parametrize(
    ("work", "outcome"),
    [
        (lambda: {"outcome": "same"}, "same"),
        (_refuse, "refused"),
        (lambda: {}["x"], "traceback"),
        (_hold_memory, "memory"),
        (_hide_memory, "memory"),
        (_run_code, "code"),
        (lambda: __import__("os").abort(), "crash"),
    ],
)
def test_every_end_of_a_child_is_told_apart(work: Callable[[], Any], outcome: str) -> None:
    assert in_child(work)["outcome"] == outcome


def test_a_child_that_does_not_end_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fuzz.sandbox.CPU_S", 1)
    assert in_child(_wait)["outcome"] == "hang"


def test_what_cannot_be_known_has_a_reason() -> None:
    assert all(len(rule.reason) > 20 for rule in RULES)
    assert reason_for("EDF", ["samples"], "values")
    assert not reason_for("EDF", ["samples per record"], "rate")
    assert not reason_for("XDF", ["structure"], "length")
    assert not reason_for("OpenBCI", ["last line"], "times")


@pytest.mark.parametrize("following", [0, 16, 4, -1])
def test_tags_that_point_back_are_walked_once(following: int) -> None:
    tags = b"".join(
        n.to_bytes(4, "big", signed=True)
        for kind, next_tag in ((100, 0), (101, following))
        for n in (kind, 3, 0, next_tag)
    )
    assert spans_of("fif", tags)[:2] == [(0, 24), (16, 40)]
