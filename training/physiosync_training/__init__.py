"""From data sets to bundles that run live.

`datasets` turns files into windows with labels; `contrastive` and `supervised` train on them, both
through the loop in `loop`; `experiment` does so for every network on every fold of a configuration;
`evaluation` scores, `reporting` tells, `export` writes bundles. `benchmark` measures the speed.
"""
