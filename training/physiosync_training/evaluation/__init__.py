"""From predictions on folds to scores with intervals, beside baseline models."""

from physiosync_rt.utils.extras import require_packages

require_packages(("sklearn",), "train", "evaluation")
