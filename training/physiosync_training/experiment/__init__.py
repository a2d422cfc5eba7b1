"""A whole run: its configuration, its folds, and where they are trained."""

from physiosync_rt.utils.extras import require_packages

require_packages(("lightning_fabric", "matplotlib", "sklearn", "tensorboard"), "train", "training")
