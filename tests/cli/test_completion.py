"""Shell completion: the script that a shell takes, and the names that it offers."""

from __future__ import annotations

import pytest

from physiosync_rt.cli import main
from physiosync_rt.utils.resources import bundle_names, config_names


def _complete(
    line: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> list[str]:
    """Names that bash is offered for the last word of a line."""
    monkeypatch.setattr("sys.argv", ["physiosync"])
    monkeypatch.setenv("_PHYSIOSYNC_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", line)
    monkeypatch.setenv("COMP_CWORD", str(len(line.split(" ")) - 1))
    with pytest.raises(SystemExit):
        main()
    return capsys.readouterr().out.split()


def test_a_shell_is_given_its_script(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # Without this typer asks which shell started the tests.
    monkeypatch.setenv("_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION", "1")
    monkeypatch.setattr("sys.argv", ["physiosync", "--show-completion", "bash"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
    said = capsys.readouterr().out
    assert "complete -o default -F _physiosync_completion physiosync" in said


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("physiosync live --bundle ", bundle_names()),
        ("physiosync live --bundle demo-m", ("demo-muse",)),
        ("physiosync predict --device ", config_names("devices")),
        ("physiosync live --config ", config_names("live")),
        ("physiosync train --config deap-", ("deap-cross", "deap-dependent", "deap-live")),
        ("physiosync live --source s", ("simulated",)),
        ("physiosync live --bundle runs/", ()),
        ("physiosync rep", ("replay", "report")),
        ("physiosync report run.csv --bundle demo-m", ("demo-muse",)),
        ("physiosync bench f", ("follow", "faults", "forward")),
    ],
)
def test_names_are_offered(
    line: str,
    names: tuple[str, ...],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert set(_complete(line, monkeypatch, capsys)) == set(names)
