"""Hostile YAML is one sentence with its line, within a second, as any configuration."""

from __future__ import annotations

import re
import sys
import time
from pathlib import Path

import pytest

from physiosync_rt.cli import main
from physiosync_rt.devices.description import load_device
from physiosync_rt.errors import UserError
from physiosync_rt.utils.bounded_yaml import BoundedYamlError, parse

_LAUGHS = "a: &a {x: 1}\n" + "".join(
    f"{b}: &{b} {{<<: [{', '.join([f'*{a}'] * 9)}]}}\n"
    for a, b in zip("abcdefgh", "bcdefghi", strict=True)
)

MORE = {
    "depth of a block": "\n".join(f"{' ' * n}a:" for n in range(200)) + " 1",
    "depth of brackets in a value": "name: " + "[" * 5000,
    "mixed depth": "name: " + "[{a: " * 3000,
    "merged twice": _LAUGHS,
    "a list of lists of aliases": _LAUGHS.replace("{<<: ", "").replace("}", ""),
    "an alias of itself": "name: &a [*a]",
    "a merge of itself": "name: &a {<<: *a}",
    "an integer": "name: !!int ''",
    "an integer in base 60": "name: " + "1:1" * 3000,
    "digits of a hexadecimal": "name: 0x" + "f" * 5000,
    "digits of an octal": "name: 0" + "7" * 5000,
    "a day": "name: 2024-02-31",
    "a month": "name: 2024-13-01",
    "an hour": "name: 2024-01-01T99:00:00Z",
    "a time zone": "name: 2024-01-01T00:00:00+99:99",
    "a number of floating point": "name: !!float ''",
    "a truth": "name: !!bool perhaps",
    "base 64": "name: !!binary x",
    "a set that is a list": "name: !!set [1]",
    "an object of Python": "name: !!python/object/apply:os.system [ls]",
    "an own tag": "name: !mine 1",
    "an unknown alias": "name: *nobody",
    "a key that is a list": "? [a, b]\n: 1",
    "a merge with a number": "<<: 3",
    "a control character": "name: a\x01b",
    "two documents": "name: 1\n---\nname: 2\n",
    "an open quote": 'name: "abc',
    "a tabulator": "name:\n\t- 1",
    "many values": "name: [" + "1," * 20_000 + "]",
    "many characters": "name: " + "x" * 200_000,
}


def _commands(path: Path) -> list[list[str]]:
    return [
        ["predict", "nothing.xdf", "--csv", "run.csv", "--device", str(path)],
        ["live", "--source", "simulated", "--config", str(path)],
        ["train", "--config", str(path), "--out", "out"],
    ]


def _sentence(path: Path) -> str:
    started = time.process_time()
    with pytest.raises(UserError) as error:
        load_device(str(path))
    assert time.process_time() - started < 1.0
    said = str(error.value)
    assert "\n" not in said
    assert len(said) < 600
    assert re.match(rf"{re.escape(str(path))}, line \d+: ", said), said
    return said


@pytest.mark.parametrize("name", MORE)
def test_what_no_configuration_holds_is_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(MORE[name], encoding="utf-8")
    _sentence(path)


def test_known_files_as_every_configuration(
    hostile_dir: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    files = sorted((hostile_dir / "yaml").iterdir())
    assert files
    monkeypatch.chdir(tmp_path)
    for path in files:
        said = _sentence(path)
        for words in _commands(path):
            monkeypatch.setattr(sys, "argv", ["physiosync", *words])
            with pytest.raises(SystemExit) as ended:
                main()
            assert ended.value.code == 2
            shown = capsys.readouterr().err
            assert "Traceback" not in shown
            if words[0] != "predict":
                assert said in shown
    assert not list(tmp_path.iterdir())


def test_the_line_is_where_it_is_wrong() -> None:
    for text, line in (("a: 1\nb: 2024-02-31\n", 2), ("a:\n  b:\n    - !!int x\n", 3)):
        with pytest.raises(BoundedYamlError) as error:
            parse(text)
        assert error.value.line == line


def test_ordinary_yaml_is_read_as_before() -> None:
    text = "a: &x {b: 1, c: [1, 2.5, true, null, 2024-02-29]}\nd: {<<: *x, b: -9}\ne: *x\nf: 0x1F\n"
    content = parse(text)[1]
    assert content["d"] == {**content["a"], "b": -9}
    assert content["f"] == 31
    assert parse("") == (None, None)
