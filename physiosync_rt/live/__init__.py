"""The live run: engine, rows, events, and what a view may show."""
