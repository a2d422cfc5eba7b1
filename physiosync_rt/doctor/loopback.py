"""A stream through LSL from one process to another, on this computer only.

``python -m physiosync_rt.doctor.loopback send|receive SESSION``
"""

from __future__ import annotations

import json
import statistics
import sys
import time

from physiosync_rt.datatypes import Modality, StreamSpec
from physiosync_rt.lsl.config import use_loopback
from physiosync_rt.lsl.info import make_info

SFREQ = 100.0
N_SAMPLES = 100
SEND_S = 30.0
FIND_S = 8.0


def send(session: str) -> None:
    """Send numbered samples, each stamped when it is sent, until ended or for half a minute."""
    import pylsl

    spec = StreamSpec("doctor", Modality.EEG, ("Cz",), SFREQ, "uV", source_id=session)
    outlet = pylsl.StreamOutlet(make_info(spec))
    until = time.monotonic() + SEND_S
    n_sent = 0
    while time.monotonic() < until:
        if outlet.have_consumers():
            outlet.push_sample([float(n_sent)])
            n_sent += 1
        time.sleep(1.0 / SFREQ)


def receive(session: str) -> dict[str, float]:
    """Find the stream and take some samples.

    Returns
    -------
    dict
        ``find_s``, ``received``, ``lost``, ``latency_ms`` (median).
    """
    import pylsl

    start = time.monotonic()
    found = pylsl.resolve_byprop("source_id", session, timeout=FIND_S)
    if not found:
        return {"find_s": -1.0}
    find_s = time.monotonic() - start
    inlet = pylsl.StreamInlet(found[0], recover=False)
    latencies: list[float] = []
    numbers: list[float] = []
    until = time.monotonic() + 5 * N_SAMPLES / SFREQ
    while len(numbers) < N_SAMPLES and time.monotonic() < until:
        sample, stamp = inlet.pull_sample(timeout=1.0)
        if sample is not None:
            latencies.append(pylsl.local_clock() - stamp)
            numbers.append(sample[0])
    lost = numbers[-1] - numbers[0] + 1 - len(numbers) if numbers else 0
    return {
        "find_s": find_s,
        "received": len(numbers),
        "lost": lost,
        "latency_ms": 1e3 * statistics.median(latencies) if latencies else -1.0,
    }


def main() -> None:
    """Play the part that the command line names."""
    part, session = sys.argv[1:3]
    use_loopback(session)
    if part == "send":
        send(session)
    else:
        sys.stdout.write(json.dumps(receive(session)) + "\n")


if __name__ == "__main__":
    main()
