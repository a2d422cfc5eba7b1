from __future__ import annotations

from pathlib import Path

import pytest

from physiosync_rt.datatypes import Modality
from physiosync_rt.errors import UserError
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
