"""Slow features beside the windows: band powers, heart rate and its variability, skin."""
