"""Predict a recording (or a simulated one) and see valence, arousal and the reason of every row."""

import sys

import physiosync_rt as ps

recording = ps.read(*sys.argv[1:]) if sys.argv[1:] else ps.simulate(60).recording
predictions = ps.predict(recording, bundle="demo-eeg32")
print(predictions.to_dataframe()[["t_end_lsl", "valence", "arousal", "confidence", "reason"]])
