"""The paper's published results, to stand beside ours.

Source: figures of PhysioSync's release (arXiv 2504.17163), mean ± standard deviation over folds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from physiosync_training.datasets.splits import Protocol


@dataclass(frozen=True, slots=True)
class Published:
    """One published row; accuracy and F1 as mean and standard deviation in [0, 1].

    Attributes
    ----------
    data : {"deap", "dreamer"}
    scheme : {"Dependent", "Cross"}
        The paper's name.
    protocol : {"window", "subject"}
        Which of ours splits in the same way.
    target : {"valence", "arousal", "quadrant"}
    """

    data: str
    scheme: str
    protocol: Protocol
    target: str
    accuracy: tuple[float, float]
    f1: tuple[float, float]


PUBLISHED: Final = (
    Published("deap", "Dependent", "window", "arousal", (0.9835, 0.0041), (0.9861, 0.0032)),
    Published("deap", "Dependent", "window", "valence", (0.9817, 0.0059), (0.9840, 0.0052)),
    Published("deap", "Dependent", "window", "quadrant", (0.9799, 0.0049), (0.9799, 0.0048)),
    Published("deap", "Cross", "subject", "arousal", (0.6546, 0.0815), (0.6433, 0.0701)),
    Published("deap", "Cross", "subject", "valence", (0.6479, 0.0724), (0.6410, 0.0635)),
    Published("dreamer", "Dependent", "window", "arousal", (0.9701, 0.0031), (0.9755, 0.0038)),
    Published("dreamer", "Dependent", "window", "valence", (0.9611, 0.0032), (0.9689, 0.0025)),
    Published("dreamer", "Dependent", "window", "quadrant", (0.9470, 0.0025), (0.9469, 0.0024)),
    Published("dreamer", "Cross", "subject", "arousal", (0.6488, 0.0806), (0.6589, 0.0737)),
    Published("dreamer", "Cross", "subject", "valence", (0.6324, 0.0856), (0.6257, 0.0812)),
)

REMARKS: Final = {
    "window": (
        "The paper's Dependent results come from this split: windows of one trial lie on both "
        "sides, so they measure how well a trial is recognised. Its figures are means over test "
        "batches, ours are of all answers of a fold; its F1 of the four quadrants is the weighted "
        "one (for DREAMER the released code computes none)."
    ),
    "subject": (
        "The paper's Cross results: the released code pre-trains on people that are tested later, "
        "and for DEAP holds out another number of people there than in fine-tuning. Ours holds "
        "the same people out throughout."
    ),
}

FOLD_REMARKS: Final = {
    ("dreamer", "window"): (
        "For DREAMER the release deals out 1080 rows of 1 s in pre-training and every single "
        "sample in fine-tuning. Ours deals out the 216 windows of 5 s, with the five seconds of "
        "each on one side, so that all stages share their folds: the test parts are not the "
        "release's, row by row."
    ),
}
"""How folds differ from the release's, by data set and protocol."""
