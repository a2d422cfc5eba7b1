"""Boards that BrainFlow can open, as a source."""
