"""The PhysioSync network (arXiv 2504.17163): encoders, fusion, losses. Torch only."""

from models.config import SFREQ, EncoderConfig, ModelConfig
from models.encoder import Encoder, ProjectedEncoder, Projector
from models.fusion import Features, Head, PhysioSync
from models.members import Members
from models.presets import compact, deap_paper, dreamer_paper

__all__ = [
    "SFREQ",
    "Encoder",
    "EncoderConfig",
    "Features",
    "Head",
    "Members",
    "ModelConfig",
    "PhysioSync",
    "ProjectedEncoder",
    "Projector",
    "compact",
    "deap_paper",
    "dreamer_paper",
]
