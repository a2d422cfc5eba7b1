"""A simulated person as a source."""

import math

import numpy as np

from physiosync_rt.simulation import Person, PersonStream
from physiosync_rt.sources.simulated import SimulatedSource


def person_stream():
    return PersonStream(Person.draw(3), seed=4, ch_names=("Fz", "Cz"), ecg_sfreq=0.0)


class Clock:
    def __init__(self) -> None:
        self.t = 77.0

    def __call__(self) -> float:
        return self.t


def eeg_of(batches):
    chunks = [c for b in batches for c in b.chunks if c.stream == batches[0].chunks[0].stream]
    return (
        np.concatenate([c.samples for c in chunks]),
        np.concatenate([c.timestamps for c in chunks]),
    )


def test_paced_and_unpaced_give_the_same_person() -> None:
    fast = SimulatedSource(person_stream(), duration_s=3.0, paced=False)
    assert fast.open()[0].ch_names == ("Fz", "Cz")
    assert (fast.speed, fast.now()) == (math.inf, None)
    unpaced = []
    while not (batch := fast.poll(0.0)).ended:
        unpaced.append(batch)

    clock = Clock()
    live = SimulatedSource(person_stream(), duration_s=3.0, clock=clock)
    live.open()
    paced = []
    for step in (0.4, 0.013, 1.1, 0.9, 2.0):
        clock.t += step
        paced.append(live.poll(0.0))
    assert live.poll(0.0).ended
    samples, stamps = eeg_of(unpaced)
    samples_live, stamps_live = eeg_of(paced)
    assert len(samples) == 3 * 128
    np.testing.assert_array_equal(samples_live, samples)
    np.testing.assert_allclose(stamps_live, stamps + 77.0, rtol=0, atol=1e-12)
    assert (live.speed, live.now()) == (1.0, clock.t)
