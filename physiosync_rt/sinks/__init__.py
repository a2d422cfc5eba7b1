"""Where predictions go, one adapter each."""
