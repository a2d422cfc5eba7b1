"""Signal stages of the bundle's profile, one per file; offline, replay and live run the same."""
