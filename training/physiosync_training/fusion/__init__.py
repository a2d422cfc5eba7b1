"""A gated sum of logits, fitted so that it does not lose to its parts.

`table` holds the slow features of every window, `live_features` makes it with the live pipeline;
`linear` fits one logit, `crossfit` fits it so that nobody's logit comes from a model that saw that
person, and `fit` puts the logits together.
"""
