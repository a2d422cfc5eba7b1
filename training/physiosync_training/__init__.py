"""From recordings to a bundle and an honest report."""
