"""Scores of networks beside baseline models on the same folds.

`evaluate` puts everything together from `metrics`, `pooled` answers and `compare`; the baseline
models are in `baseline_models` with their `features`, the paper's figures in `published`.
"""
