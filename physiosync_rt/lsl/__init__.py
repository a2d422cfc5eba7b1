"""Lab Streaming Layer: configuration, discovery, the source, replay and our own outlets."""
