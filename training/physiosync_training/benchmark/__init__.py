"""How fast training is, beside the released procedure written plainly."""

from physiosync_rt.utils.extras import require_packages

require_packages(("lightning_fabric",), "train", "training")
