"""Data sets as windows with labels, the splits over them, and the loader of batches."""
