"""Windows and their truth."""
