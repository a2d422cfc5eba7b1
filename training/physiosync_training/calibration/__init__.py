"""Calibrate a gated sum to one person: 30 s of rest and some labelled stretches.

`own_labels` reads which stretches there are, and `own_blocks` runs them through the live pipeline,
each block begun again. `personal` draws the population's weights to the person's, `measure` tells
what that brought on blocks left out, and `calibrate` puts them together and writes the bundle.
`left_out_people` does it with people whom the population's model never saw.
"""
