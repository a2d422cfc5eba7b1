"""Sources of samples: the interface, recorded files and simulated people."""
