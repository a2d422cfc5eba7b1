"""Products that wake no thread of the library below numpy."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

from physiosync_rt.utils.small_product import MOST_MULTIPLICATIONS, small_product


@pytest.mark.parametrize(
    ("n", "k", "m"), [(640, 32, 32), (256, 32, 32), (640, 64, 32), (896, 256, 32), (3, 900, 900)]
)
def test_blocks_of_rows_give_the_whole_product(n: int, k: int, m: int) -> None:
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(n, k)), rng.normal(size=(m, k)).T
    np.testing.assert_allclose(small_product(a, b), a @ b, rtol=1e-12, atol=1e-11)
    if k <= 256:
        np.testing.assert_array_equal(small_product(a, b), a @ b)


def test_products_in_a_stack_are_products_one_by_one() -> None:
    x = np.random.default_rng(0).normal(size=(3, 384, 32))
    found = small_product(x.swapaxes(1, 2), x)
    np.testing.assert_array_equal(found, [small_product(each.T, each) for each in x])


def test_a_product_with_itself_is_a_product_like_others() -> None:
    x = np.random.default_rng(0).normal(size=(384, 64))
    assert MOST_MULTIPLICATIONS < 384 * 64 * 64
    np.testing.assert_allclose(small_product(x.T, x), x.T @ x, rtol=1e-12, atol=1e-11)


_LIVE = """
import time
from dataclasses import replace
import numpy as np
from physiosync_rt.bundle.bundle import load_bundle
from physiosync_rt.bundle.predictor import Predictor
from physiosync_rt.datatypes import Modality, StreamSpec
from physiosync_rt.formats.deap import DEAP_CH_NAMES
from physiosync_rt.simulation import Person, PersonStream

predictor = Predictor(load_bundle("demo-eeg32"))
names = (*DEAP_CH_NAMES, *(f"X{i}" for i in range(EXTRA)))
stream = PersonStream(Person.draw(1), seed=1, ch_names=DEAP_CH_NAMES, ecg_sfreq=0, rest_s=5)
eeg, gsr = stream.specs
eeg = replace(eeg, ch_names=names)
pipeline = predictor.pipeline(eeg, gsr, baseline=None)
time.sleep(0.5)  # for workers that were woken while all this was loaded
others = time.process_time() - time.thread_time()
n = 0
for second in range(1, 13):
    for chunk in stream.read_until(float(second)):
        if chunk.stream == eeg.name and EXTRA:
            more = np.tile(chunk.samples, 4)[:, :EXTRA]
            chunk = replace(chunk, samples=np.hstack([chunk.samples, more]))
        for window in pipeline.push(chunk):
            n += 1
            predictor(window)
        pipeline.streams[eeg.name].windower.trace(5.0)
    time.sleep(0.05)  # a worker that was woken spins meanwhile
print(n, time.process_time() - time.thread_time() - others)
"""


@pytest.mark.parametrize("n_extra", [pytest.param(0, marks=pytest.mark.slow), 96])
def test_a_live_run_works_in_one_thread(n_extra: int) -> None:
    """Only a process of its own has the threads that a user has."""
    free = {k: v for k, v in os.environ.items() if not k.endswith("_NUM_THREADS")}
    code = _LIVE.replace("EXTRA", str(n_extra))
    done = subprocess.run(
        [sys.executable, "-c", code], env=free, capture_output=True, text=True, check=True
    )
    n_rows, others_s = done.stdout.split()
    assert int(n_rows) >= 10
    # A library that is loaded wakes its workers once, for 0.05 s. Twelve seconds with products
    # that wake them cost 0.7 s.
    assert float(others_s) < 0.25
