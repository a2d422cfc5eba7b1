"""From predictions on folds to scores with intervals, beside baseline models."""
