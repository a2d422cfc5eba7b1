"""Scores of networks beside baseline models on the same folds.

`evaluate` puts everything together from `metrics`, `pooled` answers and `compare`; the baseline
models are in `baseline_models` with their `features`, the paper's figures in `published`.
"""

from physiosync_rt.utils.extras import require_packages

require_packages(("sklearn",), "train", "evaluation")
