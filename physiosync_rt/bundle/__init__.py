"""A trained model as it travels: its card, its weights, and the predictor that runs it."""
