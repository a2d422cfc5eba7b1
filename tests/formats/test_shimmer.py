from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from helpers.field_cases import field_case

from physiosync_rt.datatypes import Modality
from physiosync_rt.errors import UserError
from physiosync_rt.formats.clocks import unstamped
from physiosync_rt.formats.registry import read


def test_shimmer_gives_skin_conductance(data_dir: Path) -> None:
    recording = read(data_dir / "devicely-wearables" / "shimmer.csv")
    (gsr,) = recording.of(Modality.GSR)
    assert (gsr.spec.sfreq, gsr.spec.unit, gsr.samples.shape) == (51.2, "uS", (90, 1))
    assert gsr.samples[0, 0] == pytest.approx(2.49304, rel=1e-5)
    assert recording.start_utc == pytest.approx(1595933810.034)


def test_shimmer_resistance_serves_where_conductance_was_not_exported(
    tmp_path: Path, data_dir: Path
) -> None:
    source = (data_dir / "devicely-wearables" / "shimmer.csv").read_text()
    path = tmp_path / "shimmer.csv"
    path.write_text(source.replace("GSR_Skin_Conductance", "Something_Else"))
    (gsr,) = read(path).of(Modality.GSR)
    assert gsr.spec.ch_names == ("GSR_Skin_Resistance",)
    # 401.117 kOhm is 2.49304 µS: the same signal.
    assert gsr.samples[0, 0] == pytest.approx(2.49304, rel=1e-5)
    path.write_text(source.replace("Timestamp_Unix", "Timestamp_Sync"))
    with pytest.raises(UserError, match="no Timestamp_Unix column"):
        read(path)


@pytest.mark.parametrize("name", ["shimmer-decimal-comma.csv", "shimmer-renamed-device.csv"])
def test_another_country_and_another_name_change_no_value(name: str) -> None:
    other, control = read(field_case(name)), read(field_case("shimmer-ok.csv"))
    assert other.start_utc == control.start_utc
    for one, expected in zip(other.streams, control.streams, strict=True):
        assert one.spec == expected.spec
        np.testing.assert_array_equal(one.samples, expected.samples)
        np.testing.assert_array_equal(one.timestamps, expected.timestamps)


def test_a_last_line_that_was_cut_off() -> None:
    recording = read(field_case("shimmer-cut-last-line.csv"))
    assert len(recording.streams[0].samples) == 5759
    assert recording.notes == ("1 lines of wrong length were dropped",)


def test_two_devices_keep_their_clocks() -> None:
    recording = read(field_case("shimmer-two-devices.csv"))
    first = {stream.spec.name: stream.timestamps[0] for stream in recording.streams}
    assert first == {"Shimmer_6A1F GSR": 0, "Shimmer_6A1F OTHER": 0, "Shimmer_85D1 ECG": 2.5}
    assert recording.of(Modality.ECG)[0].spec.n_chans == 2
    assert recording.start_utc == 1641024000.0


_TITLES = ("Timestamp_Unix_CAL", "GSR_Skin_Conductance_CAL")


def _write(path: Path, devices: list[str], rows: list[str], *, declared: bool = True) -> Path:
    titles = ";".join(f"{device}_{title}" for device in devices for title in _TITLES)
    units = ";".join(["ms", "uS"] * len(devices))
    lines = ['"sep=;"'] * declared + [titles, units, *rows]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_devices_of_any_name_and_one_that_began_later(tmp_path: Path) -> None:
    ms = [1.6e12 + 1000 * i / 128 for i in range(300)]
    rows = [f"{t:.4f};2,5;{f'{t - 500:.4f};1,5' if i >= 50 else ';'}" for i, t in enumerate(ms)]
    rows = [row.replace(".", ",") for row in rows]
    # One name begins as the other does, and no line names the separator.
    path = _write(tmp_path / "two.csv", ["Hand", "Hand_left"], rows, declared=False)
    hand, left = read(path).streams
    assert (hand.spec.name, left.spec.name) == ("Hand GSR", "Hand_left GSR")
    assert (len(hand.samples), len(left.samples)) == (300, 250)
    assert hand.spec.sfreq == left.spec.sfreq == 128
    assert left.timestamps[0] - hand.timestamps[0] == pytest.approx(50 / 128 - 0.5, abs=1e-4)
    assert (hand.samples[0, 0], left.samples[0, 0]) == (2.5, 1.5)


def test_a_row_without_time_and_rows_that_were_emptied_are_said(tmp_path: Path) -> None:
    rows = [f"{1.6e12 + 1000 * i / 128:.4f};2.5" for i in range(300)]
    rows[7], rows[100] = ";2.5", ""
    recording = read(_write(tmp_path / "odd.csv", ["Anna's"], rows))
    assert len(recording.streams[0].samples) == 298
    assert recording.notes == (
        "1 lines between the rows are empty",
        unstamped("Shimmer GSR", 1),
    )
    notes = read(field_case("hostile/silent/f02091_shimmer.csv")).notes
    assert notes == ("3 lines between the rows are empty",)


@pytest.mark.parametrize(
    ("title", "other"),
    [
        ("GSR_Skin_Resistance", "Shimmer_9999_GSR_Skin_Resistance_CAL"),
        ("Battery", "Battery_CAL"),
    ],
)
def test_a_column_of_no_device_is_named(
    tmp_path: Path, data_dir: Path, title: str, other: str
) -> None:
    lines = (data_dir / "devicely-wearables" / "shimmer.csv").read_text().splitlines(keepends=True)
    at = next(n for n, line in enumerate(lines) if "Timestamp_Unix" in line)
    whole = next(w.strip() for w in re.split(r"[\t,;]", lines[at]) if title in w)
    lines[at] = lines[at].replace(whole, other)
    path = tmp_path / "shimmer.csv"
    path.write_text("".join(lines))
    (note,) = read(path).notes
    assert note == f"columns of no device with a Timestamp_Unix column were left out: {other}"
