"""Send the odd streams from a process of its own: `python odd_outlets.py PREFIX`.

It says ``ready``, and sends after a line on its standard input.
"""

import sys
import time

import numpy as np
import pylsl
from helpers.odd_streams import ODD_STREAMS, SECONDS, OddStream
from pylsl.lib import lib


def outlet(stream: OddStream, prefix: str) -> pylsl.StreamOutlet:
    info = pylsl.StreamInfo(
        prefix + stream.name,
        stream.stype,
        stream.n_chans,
        stream.sfreq,
        stream.fmt,
        stream.source_id,
    )
    channels = info.desc().append_child("channels")
    for words in stream.channels:
        entry = channels.append_child("channel")
        for key, word in zip((b"label", b"unit", b"type"), words, strict=True):
            raw = word.encode() if isinstance(word, str) else word
            lib.lsl_append_child_value(entry.e, key, raw)
    return pylsl.StreamOutlet(info)


def main() -> None:
    prefix = sys.argv[1]
    outlets = [
        (list(stream.texts) or stream.samples.tolist(), stream.times, outlet(stream, prefix))
        for stream in ODD_STREAMS
    ]
    print("ready", flush=True)
    sys.stdin.readline()
    start = pylsl.local_clock()
    print(repr(start), flush=True)
    sent = [0] * len(outlets)
    elapsed = 0.0
    while elapsed < SECONDS + 0.5:
        elapsed = pylsl.local_clock() - start
        for i, (samples, times, out) in enumerate(outlets):
            stop = int(np.searchsorted(times, elapsed, side="right"))
            for n in range(sent[i], stop):
                out.push_sample(list(samples[n]), start + times[n])
            sent[i] = stop
        time.sleep(0.02)
    sys.stdin.read()


if __name__ == "__main__":
    main()
