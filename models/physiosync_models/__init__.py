"""PhysioSync network (arXiv 2504.17163): encoders, fusion and losses; needs only torch."""

from physiosync_models.config import SFREQ, EncoderConfig, ModelConfig
from physiosync_models.encoder import Encoder, ProjectedEncoder, Projector
from physiosync_models.ensemble import PerTargetEnsemble
from physiosync_models.fusion import Features, Head, PhysioSync
from physiosync_models.gated_sum import GatedSum, GatedSumConfig
from physiosync_models.presets import compact, deap_paper, dreamer_paper

__all__ = [
    "SFREQ",
    "Encoder",
    "EncoderConfig",
    "Features",
    "GatedSum",
    "GatedSumConfig",
    "Head",
    "ModelConfig",
    "PerTargetEnsemble",
    "PhysioSync",
    "ProjectedEncoder",
    "Projector",
    "compact",
    "deap_paper",
    "dreamer_paper",
]
