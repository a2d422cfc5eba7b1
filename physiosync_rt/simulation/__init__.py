"""A simulated person: EEG, skin conductance and ECG driven by a latent valence and arousal.

For demonstrations, tests and the check that a model can learn at all. Numpy and scipy only.
"""

from physiosync_rt.simulation.latents import LatentCourse, latent_course
from physiosync_rt.simulation.person import Person
from physiosync_rt.simulation.session import (
    PersonStream,
    Progress,
    SimulatedSession,
    plan_session,
    simulate,
    simulate_person,
)

__all__ = [
    "LatentCourse",
    "Person",
    "PersonStream",
    "Progress",
    "SimulatedSession",
    "latent_course",
    "plan_session",
    "simulate",
    "simulate_person",
]
