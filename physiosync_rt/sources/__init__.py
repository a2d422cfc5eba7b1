"""Sources of samples, one adapter each."""
