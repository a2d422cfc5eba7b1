"""The loop that every training goes through, and what it needs to be left and taken up again.

`loop` has epochs and steps; `checkpoint` the files, `distributed` several processes, `rng` seeds,
`provenance` where a result comes from, `tensorboard` the curves.
"""
