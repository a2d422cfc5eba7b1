"""An LSL sender of EEG and GSR that opens its outlets again for every line that it is sent.

Started as a program. It says ``open`` whenever its outlets are there, and ends with its input.
"""

from __future__ import annotations

import select
import sys
import time

import numpy as np
import pylsl

from physiosync_rt.datatypes import Modality, StreamSpec
from physiosync_rt.lsl.info import make_info

SPECS = (
    StreamSpec("cap", Modality.EEG, ("TP9", "AF7", "AF8", "TP10"), 256.0, "uV", source_id="cap-1"),
    StreamSpec("skin", Modality.GSR, ("GSR",), 32.0, "uS", source_id="skin-1"),
)
LEVELS = {Modality.EEG: (0.0, 15.0), Modality.GSR: (2.0, 0.01)}


def main() -> None:
    chance = np.random.default_rng(5)
    told = True
    while told:
        outlets = [pylsl.StreamOutlet(make_info(spec)) for spec in SPECS]
        print("open", flush=True)
        told = _send(outlets, chance)
        # Deleted, so that receivers lose the connection as with a program that has ended.
        del outlets


def _send(outlets: list[pylsl.StreamOutlet], chance: np.random.Generator) -> bool:
    """Send in time until a line comes; False where the input has ended."""
    began = pylsl.local_clock()
    sent = [0] * len(outlets)
    while not select.select([sys.stdin], [], [], 0.0)[0]:
        elapsed = pylsl.local_clock() - began
        for k, (outlet, spec) in enumerate(zip(outlets, SPECS, strict=True)):
            n = int(elapsed * spec.sfreq) - sent[k]
            if n > 0:
                level, spread = LEVELS[spec.modality]
                values = level + spread * chance.standard_normal((n, spec.n_chans))
                stamps = began + (sent[k] + np.arange(n)) / spec.sfreq
                outlet.push_chunk(values.tolist(), stamps.tolist())
                sent[k] += n
        time.sleep(0.01)
    return bool(sys.stdin.readline())


if __name__ == "__main__":
    main()
