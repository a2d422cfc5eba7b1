"""Electrodes by name, by alias and by interpolation; refusals with numbers."""

from __future__ import annotations

import numpy as np
import pytest

from physiosync_rt.errors import UserError
from physiosync_rt.formats.deap import DEAP_CH_NAMES
from physiosync_rt.preprocess.montage import Montage

TEN_TWENTY = (
    *("Fp1", "Fp2", "F3", "F4", "F7", "F8", "T3", "T4", "C3", "C4", "T5", "T6"),
    *("P3", "P4", "O1", "O2", "Fz", "Cz", "Pz"),
)


def test_same_electrodes_in_another_order_and_case_are_a_permutation() -> None:
    shuffled = tuple(name.lower() for name in reversed(DEAP_CH_NAMES))
    montage = Montage(shuffled, DEAP_CH_NAMES, 8)
    assert montage.interpolated == ()
    np.testing.assert_array_equal(montage.matrix, np.eye(32)[:, ::-1])


def test_old_names_are_known() -> None:
    montage = Montage(("T3", "T4", "T5", "T6"), ("T7", "T8", "P7", "P8"), 4)
    np.testing.assert_array_equal(montage.matrix, np.eye(4))


def test_interpolation_is_smooth_over_the_head() -> None:
    import mne

    montage = Montage(TEN_TWENTY, DEAP_CH_NAMES, 8)
    assert set(montage.interpolated) == {
        *("AF3", "FC5", "FC1", "CP5", "CP1", "PO3", "Oz"),
        *("AF4", "FC6", "FC2", "CP6", "CP2", "PO4"),
    }
    positions = mne.channels.make_standard_montage("colin27_1005").get_positions()["ch_pos"]

    def field(names: tuple[str, ...]) -> np.ndarray:
        old = {"T3": "T7", "T4": "T8", "T5": "P7", "T6": "P8"}
        where = np.array([positions[old.get(n, n)] for n in names])
        return where / np.linalg.norm(where, axis=1, keepdims=True)

    # A field that varies slowly over the sphere is found again where there is no electrode.
    interpolated = montage.matrix @ field(TEN_TWENTY)
    np.testing.assert_allclose(interpolated, field(DEAP_CH_NAMES), atol=0.15)
    assert montage.used.all()
    assert montage.measured == 19 / 32


def test_channels_without_a_position_do_not_count() -> None:
    montage = Montage((*TEN_TWENTY, "AUX"), DEAP_CH_NAMES, 8)
    assert not montage.used[-1]
    assert montage.spread(np.r_[np.ones(19), 0.0]) == pytest.approx(1.0)


def test_too_few_electrodes_are_refused_with_numbers_and_a_way_out() -> None:
    with pytest.raises(UserError) as caught:
        Montage(("TP9", "AF7", "AF8", "TP10"), DEAP_CH_NAMES, 8, "bundle 'x'", lambda: "demo-muse")
    message = str(caught.value)
    assert "at least 8" in message
    assert "has 4" in message
    assert "--bundle demo-muse" in message
