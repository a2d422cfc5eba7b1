"""A simulated person: EEG, skin conductance and ECG driven by a latent valence and arousal.

For demonstrations, tests and the check that a model can learn at all. Numpy and scipy only.
"""

from physiosync_rt.synthetic.course import Course, latent_course
from physiosync_rt.synthetic.person import Person
from physiosync_rt.synthetic.session import (
    DEAP_CH_NAMES,
    SIMULATED_NOTE,
    PersonStream,
    Progress,
    SimulatedSession,
    plan_session,
    simulate,
)

__all__ = [
    "DEAP_CH_NAMES",
    "SIMULATED_NOTE",
    "Course",
    "Person",
    "PersonStream",
    "Progress",
    "SimulatedSession",
    "latent_course",
    "plan_session",
    "simulate",
]
