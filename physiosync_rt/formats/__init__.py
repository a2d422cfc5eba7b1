"""Readers of recordings, one per format; `registry` finds the one that fits."""
