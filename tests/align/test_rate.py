"""A wrong sampling rate is told apart from losses."""

from __future__ import annotations

import numpy as np
import pytest

from physiosync_rt.align.rate import RateMeter
from physiosync_rt.align.sanity_check import check_rate
from physiosync_rt.datatypes import Modality, StreamSpec
from physiosync_rt.errors import UserError

DECLARED = 250.0
SPEC = StreamSpec("cap", Modality.EEG, ("Cz", "Pz"), DECLARED, "uV")


def _meter(sfreq: float, loss: float, jitter_s: float, packet: int = 1) -> RateMeter:
    rng = np.random.default_rng(5)
    stamps = np.arange(int(sfreq * 12)) // packet * packet / sfreq
    noise = rng.normal(0.0, jitter_s, len(stamps)) if jitter_s else 0.0
    kept = np.repeat(rng.random(len(stamps) // packet + 1) >= loss, packet)[: len(stamps)]
    meter = RateMeter(DECLARED)
    for stamp in (stamps + noise)[kept]:
        meter.add(stamp)
        if meter.rate is not None:
            break
    return meter


def _check(meter: RateMeter) -> None:
    assert meter.rate is not None
    check_rate(SPEC, meter.rate, meter.stepped)


@pytest.mark.parametrize("jitter_s", [0.0, 0.0005, 0.003, 0.010])
@pytest.mark.parametrize("loss", [0.0, 0.1, 0.2, 0.3])
def test_losses_are_not_a_wrong_rate(loss: float, jitter_s: float) -> None:
    _check(_meter(DECLARED, loss, jitter_s))


@pytest.mark.parametrize("jitter_s", [0.0, 0.0005, 0.003, 0.010])
@pytest.mark.parametrize("sfreq", [125.0, 128.0, 300.0, 500.0])
def test_a_wrong_rate_is_rejected(sfreq: float, jitter_s: float) -> None:
    with pytest.raises(UserError, match=r"declares 250 Hz but sends"):
        _check(_meter(sfreq, 0.0, jitter_s))


def test_a_wrong_rate_in_packets_is_rejected() -> None:
    _check(_meter(DECLARED, 0.2, 0.0, packet=10))
    with pytest.raises(UserError, match=r"declares 250 Hz but sends 12\d"):
        _check(_meter(125.0, 0.0, 0.0, packet=10))
