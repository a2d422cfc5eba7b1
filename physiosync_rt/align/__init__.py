"""From raw stamps of many clocks to one 128 Hz grid."""
