from __future__ import annotations

import numpy as np
import pytest

from physiosync_rt.formats.rates import effective_rate, nominal_rate


def test_rates_are_taken_over_the_whole_length() -> None:
    # Packets of 8 samples share a stamp: the median step is 0.
    stamps = np.floor(np.arange(2000) / 8) * 8 / 256
    assert effective_rate(stamps) == pytest.approx(256.0, rel=0.01)
    assert nominal_rate(stamps, (220.0, 256.0)) == 256.0
    assert nominal_rate(stamps, (64.0, 128.0)) is None
    assert effective_rate(np.zeros(3)) == 0.0
    assert effective_rate(np.zeros(1)) == 0.0
