"""Raw chunks in, windows out: the one way of a signal, live, in `predict` and in training."""
