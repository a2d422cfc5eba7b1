"""Lab Streaming Layer (LSL): configuration, discovery, live source, replay and outlets."""
