"""Data sets as windows with labels.

One file for each data set (`deap`, `dreamer`, `recordings`, `simulated`), found by `registry`;
`index` has the windows without signals, `dataset` with them, `loader` their batches, `splits` the
folds; `load` prepares a data set once and `cache` keeps it.
"""
