"""One page about a run that is over: its course, what was withheld and why, and the scores."""
