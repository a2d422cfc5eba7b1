"""Simulate people: EEG, skin conductance and ECG driven by latent valence and arousal.

For demonstrations, tests, and checks that a model can learn. Uses only numpy and scipy.
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
