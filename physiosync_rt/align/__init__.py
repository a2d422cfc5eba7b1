"""Align streams with different clocks and rates on one 128 Hz grid."""
