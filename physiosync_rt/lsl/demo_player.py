"""A simulated person as LSL streams, in a process of its own: the device of the demo."""

from __future__ import annotations

import argparse
import signal
import threading
import time
from dataclasses import dataclass, replace
from types import FrameType
from typing import TYPE_CHECKING

from physiosync_rt.datatypes import StreamSpec
from physiosync_rt.formats.deap import DEAP_CH_NAMES
from physiosync_rt.utils.child_process import Child

if TYPE_CHECKING:
    # The player itself needs no torch; what starts it waits for no library.
    from physiosync_rt.bundle.predictor import Predictor
    from physiosync_rt.lsl.source import LslSource
    from physiosync_rt.preprocess.baseline import Baseline
    from physiosync_rt.simulation import PersonStream

CHUNK_S = 0.02
REST_S = 40.0
DEMO_REST_S = 5.0
FIRST_LISTENER_S = 120.0
"""Longest wait for the first listener, which loads torch meanwhile."""

LISTENER_S = 30.0
"""Longest time without a listener after that."""

KEPT_S = 7.2
"""Seconds of the person from before all is loaded: filters settle in them, and a window fills."""

FIND_S = 20.0
"""Longest search for the player's streams."""


@dataclass(frozen=True, slots=True)
class Headset:
    """What the simulated person wears.

    Attributes
    ----------
    eeg_sfreq, gsr_sfreq : float
        Rates in Hz; without GSR where its rate is 0.
    chunk_s : float
        Seconds from one chunk to the next; GSR goes out with them.
    """

    eeg_sfreq: float = 128.0
    gsr_sfreq: float = 32.0
    chunk_s: float = CHUNK_S


DEMO_HEADSET = Headset()


def person_stream(
    seed: int,
    ch_names: tuple[str, ...] = DEAP_CH_NAMES,
    rest_s: float = REST_S,
    headset: Headset = DEMO_HEADSET,
) -> PersonStream:
    """Streams of one simulated person: EEG at 128 Hz and GSR at 32 Hz, or as a headset has them."""
    from physiosync_rt.simulation import Person, PersonStream

    return PersonStream(
        Person.draw(seed),
        seed=seed,
        ch_names=ch_names,
        eeg_sfreq=headset.eeg_sfreq,
        gsr_sfreq=headset.gsr_sfreq,
        ecg_sfreq=0,
        rest_s=rest_s,
    )


def rest_of(predictor: Predictor, seed: int) -> Baseline:
    """Rest of the demo's person, taken from an earlier session through the bundle's pipeline.

    So the demo predicts from its first full window on, as with a person who has been measured
    before.
    """
    from physiosync_rt.pipeline.chunking import in_time_order
    from physiosync_rt.simulation import LatentCourse, Person, simulate

    card = predictor.bundle.card
    session = simulate(
        Person.draw(seed),
        REST_S,
        seed=seed + 1,
        course=LatentCourse.draw(seed + 1, REST_S),
        ch_names=card.eeg.ch_names,
        ecg_sfreq=0,
    )
    eeg, gsr = (stream.spec for stream in session.recording.streams)
    pipeline = predictor.pipeline(eeg, gsr)
    for chunk in in_time_order(session.recording):
        pipeline.push(chunk)
    rest = pipeline.baseline
    assert rest is not None, "forty seconds of simulated rest hold thirty usable ones"
    return replace(rest, origin="an earlier session of the simulated person")


class DemoPlayer(Child):
    """The player's process as a context: started, found by its source_ids, ended by its id.

    Parameters
    ----------
    ch_names : tuple of str
    seed : int
    headset : Headset
    """

    def __init__(
        self, ch_names: tuple[str, ...], seed: int, headset: Headset = DEMO_HEADSET
    ) -> None:
        token = f"physiosync-demo-{time.time_ns():x}"
        super().__init__(
            "the demo's player",
            [
                *("-m", "physiosync_rt.lsl.demo_player"),
                *("--token", token, "--seed", str(seed), "--channels", ",".join(ch_names)),
                *("--eeg-sfreq", str(headset.eeg_sfreq), "--gsr-sfreq", str(headset.gsr_sfreq)),
                *("--chunk-s", str(headset.chunk_s)),
            ],
        )
        self._token = token
        self._has_gsr = headset.gsr_sfreq > 0

    def source(self, timeout: float = FIND_S) -> LslSource:
        """Make a source of the player's streams, which says at once when the player has died."""
        from physiosync_rt.lsl.source import LslSource

        return LslSource(
            f"{self._token}-eeg",
            f"{self._token}-gsr" if self._has_gsr else None,
            own=not self._has_gsr,
            timeout=timeout,
            check=self.check,
        )


def play(
    stream: PersonStream, token: str, stopping: threading.Event, chunk_s: float = CHUNK_S
) -> None:
    """Publish a person until told to stop, or until the last listener has gone.

    Parameters
    ----------
    stream : PersonStream
    token : str
        Stem of the source_ids.
    stopping : threading.Event
    chunk_s : float
        Seconds from one chunk to the next.
    """
    import pylsl

    from physiosync_rt.lsl.info import make_info

    specs: dict[str, StreamSpec] = {
        spec.name: replace(spec, source_id=f"{token}-{spec.modality}".lower())
        for spec in stream.specs
    }
    outlets = {name: pylsl.StreamOutlet(make_info(spec)) for name, spec in specs.items()}
    # The person begins when somebody listens, and ends when nobody has for a while.
    began = time.monotonic()
    while not any(outlet.have_consumers() for outlet in outlets.values()):
        if stopping.wait(0.02) or time.monotonic() - began > FIRST_LISTENER_S:
            return
    if stopping.wait(0.5):
        return
    start, last_heard = pylsl.local_clock(), time.monotonic()
    n_chunks = 0
    while time.monotonic() - last_heard < LISTENER_S:
        n_chunks = max(int((pylsl.local_clock() - start) / chunk_s), n_chunks) + 1
        # Simulated before they are due: a device does not think before it sends.
        chunks = [chunk for chunk in stream.read_until(n_chunks * chunk_s) if len(chunk)]
        if stopping.wait(max(start + n_chunks * chunk_s - pylsl.local_clock(), 0.0)):
            return
        for chunk in chunks:
            outlets[chunk.stream].push_chunk(chunk.samples, chunk.timestamps + start)
        if any(outlet.have_consumers() for outlet in outlets.values()):
            last_heard = time.monotonic()


def _main() -> None:
    parser = argparse.ArgumentParser(prog="physiosync_rt.lsl.demo_player")
    parser.add_argument("--token", required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--channels", required=True)
    parser.add_argument("--eeg-sfreq", type=float, required=True)
    parser.add_argument("--gsr-sfreq", type=float, required=True)
    parser.add_argument("--chunk-s", type=float, required=True)
    arguments = parser.parse_args()
    stopping = threading.Event()

    def stop(_signal: int, _frame: FrameType | None) -> None:
        stopping.set()

    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, stop)
    from physiosync_rt.lsl.config import use_loopback

    # The demo's configuration comes down in the environment; without it, still loopback only.
    use_loopback(session="physiosync-demo")
    names = tuple(arguments.channels.split(","))
    headset = Headset(arguments.eeg_sfreq, arguments.gsr_sfreq, arguments.chunk_s)
    stream = person_stream(arguments.seed, names, DEMO_REST_S, headset)
    play(stream, arguments.token, stopping, headset.chunk_s)


if __name__ == "__main__":
    _main()
