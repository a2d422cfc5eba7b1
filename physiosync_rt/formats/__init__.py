"""Read recordings: one reader per file format, chosen by `registry`."""
