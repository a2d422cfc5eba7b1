"""The report of a run: one list of blocks, rendered as HTML, Markdown and JSON."""

from physiosync_rt.utils.extras import require_packages

require_packages(("matplotlib",), "train", "a report")
