"""Read BrainFlow boards."""
