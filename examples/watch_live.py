"""Watch the LSL stream in sight for ten rows: valence and arousal, or why there is no answer."""

from itertools import islice

import physiosync_rt as ps

with ps.open_stream("lsl", bundle="demo-eeg32") as stream:
    for row in islice(stream, 10):
        print(row)
