"""An LSL sender in its own process: `python outlet.py '{"streams": [...], ...}'`.

Sample n of a stream holds n in every channel and is stamped ``start + n / sfreq``. It sends
nothing before a line arrives on its standard input, and stops when that is closed. A bare stream
is described by nothing but its ``channels``, where it has any.
"""

import json
import sys
import time

import numpy as np
import pylsl

from physiosync_rt.datatypes import Modality, StreamSpec
from physiosync_rt.lsl.info import END_MARKER, make_info, make_marker_info


def main() -> None:
    settings = json.loads(sys.argv[1])
    outlets = []
    for stream in settings["streams"]:
        if stream.pop("bare", False):
            info = pylsl.StreamInfo(
                stream["name"],
                stream["stype"],
                stream["n_chans"],
                stream["sfreq"],
                stream.get("format", "float32"),
                stream.get("source_id", "bare"),
            )
            if described := stream.get("channels"):
                channels = info.desc().append_child("channels")
                for words in described:
                    entry = channels.append_child("channel")
                    for key, word in zip(("label", "unit", "type"), words, strict=True):
                        entry.append_child_value(key, word)
        else:
            spec = StreamSpec(
                stream["name"],
                Modality(stream["stype"]),
                tuple(stream["ch_names"]),
                stream["sfreq"],
                stream["unit"],
                source_id=stream.get("source_id", f"test-{stream['stype']}"),
            )
            info = make_info(spec, speed=settings.get("speed", 1.0))
        sfreq = info.nominal_srate() or stream["sent_at"]
        outlets.append((pylsl.StreamOutlet(info), info.channel_count(), sfreq))
    markers = pylsl.StreamOutlet(make_marker_info("markers", "test-markers"))
    print("ready", flush=True)
    sys.stdin.readline()
    start = settings.get("start") or pylsl.local_clock()
    began = pylsl.local_clock()
    sent = [0] * len(outlets)
    duration = settings["duration"]
    markers.push_sample(["begin"], start)
    while (elapsed := min(pylsl.local_clock() - began, duration)) or True:
        for i, (outlet, n_chans, sfreq) in enumerate(outlets):
            stop = int(elapsed * sfreq)
            if stop > sent[i]:
                numbers = np.arange(sent[i], stop)
                samples = np.repeat(numbers[:, None], n_chans, axis=1).astype(np.float32)
                stamps = start + numbers / sfreq
                first, last = settings.get("unstamped", (0.0, 0.0))
                stamps[(numbers >= first * sfreq) & (numbers < last * sfreq)] = np.nan
                outlet.push_chunk(samples.tolist(), stamps.tolist())
                sent[i] = stop
        if elapsed >= duration:
            break
        time.sleep(0.01)
    markers.push_sample([END_MARKER], start + duration)
    sys.stdin.read()


if __name__ == "__main__":
    main()
