"""The report of a run: one list of blocks, rendered as HTML, Markdown and JSON."""
