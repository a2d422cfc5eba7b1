from __future__ import annotations

from pathlib import Path

import pytest

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
