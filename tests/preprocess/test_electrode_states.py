"""What a bundle's electrodes are made of: measured, interpolated, bad, or without a signal."""

from __future__ import annotations

import numpy as np
from helpers.grid_stream import GridStream

from physiosync_rt.datatypes import GRID_SFREQ, GridChunk, Modality, StreamSpec
from physiosync_rt.preprocess.config import LiveProfile, ModalityContract
from physiosync_rt.preprocess.electrode_states import Electrode, ElectrodeState
from physiosync_rt.preprocess.montage import Montage

HAVE = ("C3", "Cz", "T3", "F3", "F4", "Fz")
WANTED = ("T7", "C3", "Oz", "Cz")
STATES = ElectrodeState


def _stream() -> GridStream:
    contract = ModalityContract(modality=Modality.EEG, ch_names=WANTED, min_electrodes=3)
    spec = StreamSpec("cap", Modality.EEG, HAVE, 128.0, "uV")
    return GridStream(spec, contract, LiveProfile(), Montage(HAVE, WANTED, 3))


def _feed(stream: GridStream, start_s: int, stop_s: int, flat: str = "") -> None:
    rng = np.random.default_rng(2)
    n = (stop_s - start_s) * GRID_SFREQ
    common = rng.normal(0, 12, (n, 1)).cumsum(axis=0)
    common -= np.linspace(0, 1, n)[:, None] * common[-1]
    samples = 0.1 * common + rng.normal(0, 4, (n, len(HAVE)))
    if flat:
        samples[:, HAVE.index(flat)] = 0.0
    stream.push(GridChunk(start_s * GRID_SFREQ, samples, np.ones(n, dtype=bool)))


def _states(stream: GridStream) -> dict[str, ElectrodeState]:
    return {electrode.name: electrode.state for electrode in stream.preprocessor.electrodes}


def _state_of(stream: GridStream, name: str) -> ElectrodeState:
    return next(e.state for e in stream.preprocessor.electrodes if e.name == name)


def test_before_a_whole_second_no_electrode_counts_as_measured() -> None:
    assert _states(_stream()) == {
        "T7": STATES.SILENT,
        "C3": STATES.SILENT,
        "Oz": STATES.INTERPOLATED,
        "Cz": STATES.SILENT,
    }


def test_an_electrode_is_found_by_its_old_name_and_one_that_is_not_there_is_interpolated() -> None:
    stream = _stream()
    _feed(stream, 0, 2)
    assert _states(stream) == {
        "T7": STATES.MEASURED,
        "C3": STATES.MEASURED,
        "Oz": STATES.INTERPOLATED,
        "Cz": STATES.MEASURED,
    }


def test_a_flat_electrode_is_bad_with_its_fault_and_measured_again_when_it_is_good() -> None:
    stream = _stream()
    _feed(stream, 0, 2)
    _feed(stream, 2, 6, flat="T3")
    assert stream.preprocessor.electrodes[0] == Electrode("T7", STATES.BAD, "flat")
    _feed(stream, 6, 12)
    assert _state_of(stream, "T7") is STATES.MEASURED


def test_a_second_that_is_missing_is_no_measurement() -> None:
    stream = _stream()
    _feed(stream, 0, 2)
    for rows in stream.preprocessor.skip_to(4 * GRID_SFREQ):
        stream.windower.push(rows)
    assert _state_of(stream, "C3") is STATES.SILENT
    assert _state_of(stream, "Oz") is STATES.INTERPOLATED
    _feed(stream, 4, 6)
    assert _state_of(stream, "C3") is STATES.MEASURED
