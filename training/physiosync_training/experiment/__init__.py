"""A whole run: every network on every fold that a configuration asks for.

`config` and `network` are what a person writes; `experiment` checks it and makes the jobs, `fold`
does one of them, `runtime` says on which device, `ray_cluster` spreads them over machines.
"""

from physiosync_rt.utils.extras import require_packages

require_packages(("lightning_fabric", "matplotlib", "sklearn", "tensorboard"), "train", "training")
