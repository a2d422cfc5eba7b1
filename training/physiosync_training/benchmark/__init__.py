"""How fast training is, beside the released procedure.

`bench` lets both take turns and measures them, `variants` has the two, `released` the release's
steps, `watch` the clock, `peak` the memory, `arithmetic` how ours may be computed instead.
"""

from physiosync_rt.utils.extras import require_packages

require_packages(("lightning_fabric",), "train", "training")
