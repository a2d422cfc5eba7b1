"""The report of a run as HTML, Markdown and JSON with the same numbers.

`report` writes the files; `builder` and `section` say what stands where, `tables`, `figures` and
`wording` how it looks, `blocks` renders it, `export_json` has the numbers alone.
"""

from physiosync_rt.utils.extras import require_packages

require_packages(("matplotlib",), "train", "a report")
