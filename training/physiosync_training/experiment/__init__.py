"""A whole run: its configuration, its folds, and where they are trained."""
