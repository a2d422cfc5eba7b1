"""A simulated person's headset as LSL streams: `python headset.py muse|obci|gsr`.

``muse`` sends what muse-lsl sends: four streams that are all called Muse, EEG with a fifth channel
that floats. ``obci`` sends what the OpenBCI GUI sends: eight channels without label or unit.
It says ``ready``, and sends until its standard input is closed.
"""

import sys
import threading
import time

import numpy as np
import pylsl

from physiosync_rt.simulation import Person, PersonStream

MUSE = ("TP9", "AF7", "AF8", "TP10")
OBCI = ("Fp1", "Fp2", "C3", "C4", "P7", "P8", "O1", "O2")


def outlet(
    name: str, kind: str, sfreq: float, n_chans: int, labels: tuple[str, ...] = (), unit: str = ""
) -> pylsl.StreamOutlet:
    info = pylsl.StreamInfo(name, kind, n_chans, sfreq, "float32", f"{name}-{sys.argv[1]}")
    if labels:
        channels = info.desc().append_child("channels")
        for label in labels:
            channel = channels.append_child("channel")
            for key, word in (("label", label), ("unit", unit), ("type", kind)):
                channel.append_child_value(key, word)
    return pylsl.StreamOutlet(info)


def main() -> None:
    muse = sys.argv[1] == "muse"
    sfreq = 256.0 if muse else 250.0
    person = PersonStream(
        Person.draw(3),
        seed=3,
        ch_names=MUSE if muse else OBCI,
        eeg_sfreq=sfreq,
        gsr_sfreq=0,
        ecg_sfreq=0,
    )
    others = []
    if muse:
        eeg = outlet("Muse", "EEG", sfreq, 5, (*MUSE, "Right AUX"), "microvolts")
        others = [
            (outlet("Muse", kind, rate, 3), rate)
            for kind, rate in (("PPG", 64.0), ("ACC", 52.0), ("GYRO", 52.0))
        ]
    else:
        eeg = outlet("obci_eeg1", "EEG", sfreq, 8)
    print("ready", flush=True)
    stopping = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), stopping.set()), daemon=True).start()
    rng = np.random.default_rng(1)
    start = pylsl.local_clock()
    sent = [0] * len(others)
    while not stopping.is_set():
        now = pylsl.local_clock() - start
        for chunk in person.read_until(now):
            if not len(chunk):
                continue
            samples = chunk.samples
            if muse:
                # What an electrode sends that is connected to nothing.
                floating = rng.normal(0, 400, (len(chunk), 1)).astype(np.float32)
                samples = np.hstack([samples, floating])
            eeg.push_chunk(np.ascontiguousarray(samples), chunk.timestamps + start)
        for i, (stream, rate) in enumerate(others):
            n = int(now * rate) - sent[i]
            if n > 0:
                stream.push_chunk(rng.normal(0, 1, (n, 3)).astype(np.float32), start + now)
                sent[i] += n
        time.sleep(0.02)


if __name__ == "__main__":
    main()
