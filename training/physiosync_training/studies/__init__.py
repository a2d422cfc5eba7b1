"""Many small trainings that answer one question together.

`trainings` says what a training is and does one; `residual` plans those whose logits a gated sum
may add, `pretraining` those that tell whether pre-training helps; `workers` does any of them side
by side within a given time, and what is done is kept.
"""
