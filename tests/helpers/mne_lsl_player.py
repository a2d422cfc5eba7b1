"""Play an npz of EEG and GSR with mne-lsl, as one stream: ``python mne_lsl_player.py FILE S``.

Runs in an environment of its own, which has mne-lsl and none of our packages.
"""

import sys
import time

import mne
import numpy as np
from mne_lsl.player import PlayerLSL

values = np.load(sys.argv[1])
names = [str(name) for name in values["ch_names"]]
info = mne.create_info([*names, "GSR"], float(values["sfreq"]), ["eeg"] * len(names) + ["gsr"])
# MNE holds volts and siemens.
raw = mne.io.RawArray(1e-6 * np.concatenate([values["eeg"], values["gsr"]]), info, verbose="ERROR")
with PlayerLSL(raw, chunk_size=16, name="mne-player", source_id="mne-player-1"):
    print("ready", flush=True)
    time.sleep(float(sys.argv[2]))
