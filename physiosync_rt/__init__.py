"""Real-time valence and arousal from EEG and GSR or ECG, after PhysioSync (arXiv 2504.17163)."""

__version__ = "0.1.0"
