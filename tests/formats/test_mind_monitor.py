from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from helpers.field_cases import field_case

from physiosync_rt.errors import UserError
from physiosync_rt.formats.registry import read


def test_mind_monitor_gives_raw_eeg_and_blinks(data_dir: Path) -> None:
    recording = read(data_dir / "devicely-wearables" / "muse.csv")
    (eeg,) = recording.streams
    assert eeg.spec.ch_names == ("TP9", "AF7", "AF8", "TP10")
    assert (eeg.spec.sfreq, eeg.spec.unit, len(eeg.samples)) == (256.0, "uV", 418)
    assert eeg.samples[0, 0] == pytest.approx(832.4542)
    assert recording.markers[0].labels == ("/muse/elements/blink",)


def test_band_powers_alone_are_rejected_with_a_fix(tmp_path: Path, data_dir: Path) -> None:
    source = (data_dir / "devicely-wearables" / "muse.csv").read_text()
    path = tmp_path / "muse.csv"
    path.write_text(source.replace("RAW_", "ABSENT_"))
    with pytest.raises(UserError, match="set Mind Monitor's recording interval"):
        read(path)


@pytest.mark.parametrize("name", ["1-row-per-second", "half-second"])
def test_a_slow_setting_is_refused_with_the_fix(name: str) -> None:
    with pytest.raises(UserError, match="recording interval to Constant and record again"):
        read(field_case(f"mindmonitor-{name}.csv"))


def test_the_setting_constant_is_read() -> None:
    recording = read(field_case("mindmonitor-constant.csv"))
    (eeg,) = recording.streams
    assert (eeg.spec.sfreq, len(eeg.samples)) == (256.0, 11520)
    assert recording.start_utc == 1615416061.738


def _write(path: Path, rate: float, separator: str = ",", decimal: str = ".") -> Path:
    titles = ["TimeStamp", "Delta_TP9", "RAW_TP9", "RAW_AF7", "Battery", "Elements"]
    lines = [separator.join(titles)]
    for i in range(300):
        second = i / rate
        time = f"2021-03-10 22:{41 + int(second // 60):02}:{second % 60:06.3f}"
        cells = ["0.5", f"{800 + i / 8:.3f}", f"{810 - i / 8:.3f}", "97.9"]
        lines.append(separator.join([time, *(cell.replace(".", decimal) for cell in cells)]))
        if i == 5:
            lines.append(separator.join([time, "", "", "", "", "/muse/elements/blink"]))
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.mark.parametrize("signs", [",.", ";,", "\t,"])
def test_any_country(tmp_path: Path, signs: str) -> None:
    recording = read(_write(tmp_path / "muse.csv", 256.0, *signs))
    (eeg,) = recording.streams
    np.testing.assert_allclose(eeg.samples[:, 0], 800 + np.arange(300) / 8, atol=1e-3)
    assert (eeg.spec.sfreq, recording.markers[0].labels) == (256.0, ("/muse/elements/blink",))


@pytest.mark.parametrize("rate", [10.0, 60.0])
def test_other_slow_rates_and_commas_twice(tmp_path: Path, rate: float) -> None:
    with pytest.raises(UserError, match="set Mind Monitor's recording interval to Constant"):
        read(_write(tmp_path / "muse.csv", rate))
    with pytest.raises(UserError, match="numbers have a decimal comma"):
        read(_write(tmp_path / "muse.csv", 256.0, ",", ","))
