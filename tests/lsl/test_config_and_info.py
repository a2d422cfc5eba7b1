from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pylsl
import pytest

from physiosync_rt.datatypes import Modality, StreamSpec
from physiosync_rt.formats.metadata import stream_layout
from physiosync_rt.lsl.config import use_loopback
from physiosync_rt.lsl.discovery import find, full_info, resolve
from physiosync_rt.lsl.info import (
    declared_speed,
    describe,
    is_marker,
    layout,
    make_info,
    make_marker_info,
)


def _run(code: str, **env: str) -> subprocess.CompletedProcess[str]:
    clean = {k: v for k, v in os.environ.items() if k != "LSLAPICFG"}
    return subprocess.run(
        [sys.executable, "-c", code],
        env=clean | env,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    ("modality", "unit", "word"),
    [
        (Modality.EEG, "uV", "microvolts"),
        (Modality.GSR, "uS", "microsiemens"),
        (Modality.ECG, "mV", "millivolts"),
    ],
)
def test_what_an_outlet_says_comes_back(modality: Modality, unit: str, word: str) -> None:
    spec = StreamSpec("dev", modality, ("a", "b"), 128.0, unit, modality.value, "id-1")
    info = make_info(spec, speed=2.5)
    made = layout(info)
    (part,) = made.parts
    assert describe(info) == (part.spec,)
    assert part.spec.ch_names == spec.ch_names
    assert (part.spec.modality, part.spec.unit, part.spec.source_id) == (modality, unit, "id-1")
    assert made.unit_words == (word, word)
    assert made.counter is None
    assert declared_speed(info) == 2.5
    assert not is_marker(info)


def test_a_counter_travels_as_one_more_channel() -> None:
    spec = StreamSpec("dev", Modality.EEG, ("a", "b"), 128.0, "uV", "EEG", "id-2")
    made = layout(make_info(spec, counter=True))
    assert [part.spec.ch_names for part in made.parts] == [("a", "b")]
    samples, counter = made.split(np.array([[1.5, 2.5, 16_000_001.0]], dtype=np.float32))
    assert samples.tolist() == [[1.5, 2.5]]
    assert counter is not None
    assert counter.tolist() == [16_000_001]


def test_an_undescribed_stream_gets_numbered_channels_and_no_unit() -> None:
    info = pylsl.StreamInfo("obci_eeg1", "EEG", 3, 250.0, "float32", "openbcigui")
    made = layout(info)
    (part,) = made.parts
    assert part.spec.ch_names == ("ch1", "ch2", "ch3")
    assert (part.spec.unit, set(made.conversions)) == ("", {None})
    assert declared_speed(info) == 1.0


@pytest.mark.parametrize(
    ("stype", "types", "modality"),
    [
        ("EEG", [], Modality.EEG),
        ("eeg", [], Modality.EEG),
        ("EDA", [], Modality.GSR),
        ("SC", [], Modality.GSR),
        ("SCR", [], Modality.GSR),
        ("EKG", [], Modality.ECG),
        ("PPG", [], Modality.OTHER),
        ("Signal", ["eeg", "eeg"], Modality.EEG),
        ("", ["eeg", "EEG"], Modality.EEG),
        ("00:07:80:4D:2E:76", ["ECG", "ECG"], Modality.ECG),
        ("Voltage", ["PPG", "PPG"], Modality.OTHER),
    ],
)
def test_types_of_real_streams(stype: str, types: list[str], modality: Modality) -> None:
    channels = [{"type": t} for t in types] or [{}]
    (part,) = stream_layout("x", stype, 10.0, channels).parts
    assert part.spec.modality is modality


def test_units_of_real_streams_are_converted() -> None:
    channels = [{"label": "Fz", "unit": "mV"}, {"label": "Cz", "unit": "volts"}]
    made = stream_layout("x", "EEG", 10.0, channels)
    samples, _ = made.split(np.array([[0.002, 0.000003]]))
    np.testing.assert_allclose(samples, [[2.0, 3.0]], rtol=1e-6)


def test_resistance_is_turned_into_conductance() -> None:
    made = stream_layout("x", "GSR", 10.0, [{"unit": "kohm"}])
    samples, _ = made.split(np.array([[200.0], [0.0]]))
    assert samples[0, 0] == pytest.approx(5.0)
    assert np.isnan(samples[1, 0])


@pytest.mark.live
def test_all_streams_are_found_with_their_channels() -> None:
    specs = [
        StreamSpec(f"find-{k}", Modality.EEG, ("Fz", "Cz"), 64.0, "uV", "EEG", f"find-{k}")
        for k in range(3)
    ]
    outlets = [pylsl.StreamOutlet(make_info(spec)) for spec in specs]
    outlets.append(pylsl.StreamOutlet(make_marker_info("find-markers", "find-m")))
    seen = {s.spec.source_id: s for s in find(timeout=1.5) if s.spec.name.startswith("find-")}
    assert sorted(seen) == ["find-0", "find-1", "find-2", "find-m"]
    assert seen["find-0"].spec.ch_names == ("Fz", "Cz")
    assert seen["find-0"].unit_words == ("microvolts", "microvolts")
    assert [s.marker for _, s in sorted(seen.items())] == [False, False, False, True]
    assert len({s.uid for s in seen.values()}) == 4
    del outlets


@pytest.mark.live
def test_resolving_ends_as_soon_as_there_is_enough() -> None:
    outlet = pylsl.StreamOutlet(pylsl.StreamInfo("early", "EEG", 1, 8.0, "float32", "early-1"))
    found = resolve(30.0, enough=lambda infos: any(i.source_id() == "early-1" for i in infos))
    (info,) = (i for i in found if i.source_id() == "early-1")
    assert full_info(info).name() == "early"
    del outlet


def test_loopback_keeps_the_choice_of_the_parent() -> None:
    path = use_loopback("another session")
    assert str(path) == os.environ["LSLAPICFG"]
    text = path.read_text()
    assert "KnownPeers = {127.0.0.1}" in text
    assert "ResolveScope = machine" in text
    assert "IPv6 = disable" in text
    assert "another session" not in text


def test_loopback_is_written_once_and_removed() -> None:
    code = "from physiosync_rt.lsl.config import use_loopback as f; a = f(); b = f(); "
    done = _run(code + "assert a == b and a.is_file(); print(a)")
    assert done.returncode == 0, done.stderr
    assert not Path(done.stdout.strip()).exists()


_SAY = (
    "import os; print(open(os.environ['LSLAPICFG']).read() if 'LSLAPICFG' in os.environ else '-')"
)


def test_without_a_configuration_of_its_own_liblsl_is_quiet(tmp_path: Path) -> None:
    code = f"from physiosync_rt.lsl.config import configure; configure(local=False); {_SAY}"
    done = _run(f"{code}; import pylsl; pylsl.StreamInfo('quiet')", HOME=str(tmp_path))
    assert (done.returncode, done.stderr) == (0, "")
    assert "level = -3" in done.stdout
    assert "KnownPeers" not in done.stdout


def test_a_persons_own_configuration_is_left_alone(tmp_path: Path) -> None:
    code = f"from physiosync_rt.lsl.config import configure; configure(local=False); {_SAY}"
    mine = tmp_path / "mine.cfg"
    mine.write_text("[lab]\nSessionID = mine\n")
    assert "SessionID = mine" in _run(code, LSLAPICFG=str(mine)).stdout
    (tmp_path / "lsl_api").mkdir()
    mine.rename(tmp_path / "lsl_api" / "lsl_api.cfg")
    assert _run(code, HOME=str(tmp_path)).stdout == "-\n"


def test_loopback_comes_too_late_after_liblsl() -> None:
    done = _run("import pylsl; from physiosync_rt.lsl.config import use_loopback; use_loopback()")
    assert done.returncode == 1
    assert "before pylsl is imported" in done.stderr
