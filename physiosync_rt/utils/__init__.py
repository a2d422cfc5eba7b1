"""Small things that every room may use: atomic writes, YAML, the ring buffer, children."""
