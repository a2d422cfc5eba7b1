"""What a person can ask of a training, as one frozen tree that YAML files are read into."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from physiosync_models.config import Route
from physiosync_rt.preprocess.labels import QUADRANT
from physiosync_rt.utils.yaml_config import FrozenModel
from physiosync_training.contrastive.config import PretrainConfig
from physiosync_training.datasets.registry import DataConfig
from physiosync_training.datasets.splits import ProtocolConfig, is_inflated
from physiosync_training.experiment.network import NetworkConfig
from physiosync_training.fusion.config import FusionConfig
from physiosync_training.loop.paths import slug
from physiosync_training.supervised.config import FinetuneConfig

IntervalUnit = Literal["auto", "subject", "trial", "20 s block"]
Precision = Literal["32-true", "bf16-mixed"]


class TrainConfig(FrozenModel):
    """One training: networks, schedule and where it runs.

    Attributes
    ----------
    networks : tuple of NetworkConfig
        Trained one after the other on the same folds, so that reports can compare them; the
        first becomes the bundle.
    pretrain : PretrainConfig or None
        None starts from random weights.
    modalities : tuple of {"fused", "eeg", "pps"}
        Kinds of heads: one of them, or the fused ones with others beside them.
    random_offsets : bool
        Draw training windows anywhere in their trial, as windows of a live stream lie.
    processes : int
        Processes (or GPUs) that share every batch.
    checkpoint_every_s : float
        Seconds between two checkpoints.
    """

    networks: tuple[NetworkConfig, ...] = Field((NetworkConfig(),), min_length=1)
    pretrain: PretrainConfig | None = None
    finetune: FinetuneConfig = FinetuneConfig()
    modalities: tuple[Route, ...] = Field(("fused", "eeg", "pps"), min_length=1)
    random_offsets: bool = False
    seed: int = Field(0, ge=0)
    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    precision: Precision = "32-true"
    processes: int = Field(1, ge=1)
    checkpoint_every_s: float = Field(300.0, gt=0)

    @model_validator(mode="after")
    def _every_head_is_trained(self) -> TrainConfig:
        routes = self.modalities
        if len(set(routes)) != len(routes):
            raise ValueError(f"modalities hold one twice: {', '.join(routes)}")
        if len(routes) > 1 and "fused" not in routes:
            raise ValueError(
                "modalities eeg and pps share encoders that the fused heads train: add fused, or "
                "keep one of them"
            )
        if len(routes) > 1 and not self.finetune.head_epochs:
            raise ValueError(
                "finetune.head_epochs 0 leaves the heads of eeg and pps untrained: give them "
                "epochs, or set modalities to [fused]"
            )
        if self.pretrain is not None and "fused" not in routes:
            raise ValueError(
                "pre-training compares EEG with a peripheral signal: set pretrain to null for a "
                "training of one modality"
            )
        return self

    @model_validator(mode="after")
    def _networks_have_folders_of_their_own(self) -> TrainConfig:
        titles = [network.title for network in self.networks]
        if not all(slug(title) for title in titles):
            raise ValueError("a network's name needs a letter or a digit")
        if len({slug(title) for title in titles}) != len(titles):
            raise ValueError(
                f"two networks are called {', '.join(titles)}: names must differ by more than "
                "spaces, signs and capitals"
            )
        return self


class RunConfig(TrainConfig):
    """A whole run, as a YAML file describes it: the data, the splits, the training.

    Attributes
    ----------
    kind : str
        Tells the file from one of another kind.
    name, title : str
        Short name, of the bundle too, and what it is in words.
    data : DataConfig
    protocols : tuple of ProtocolConfig
        Each is trained and reported on its own.
    cache : Path, optional
        Folder of prepared windows.
    interval_unit : {"auto", "subject", "trial", "20 s block"}
        What the report's intervals resample (see `physiosync_training.evaluation.evaluate.assess`).
    fusion : FusionConfig, optional
        Fit a gated sum of slow features, in place of networks.
    bundles : {"first", "each", "all", "none"}
        Which folds' models become bundles, of the strictest protocol that is not inflated and of
        the first network; ``all`` fits a gated sum to everybody, in the way that was scored.
        Data in profile ``paper`` gives bundles that say "approximate": live, the released
        preprocessing can only be come close to.
    alternative : str
        Bundle to recommend for streams that this run's bundle refuses.
    withhold : bool
        Selective prediction: have bundles not answer below the confidence thresholds that were
        chosen on validation (see `supervised.selective`); the report scores it in any case.
    """

    kind: Literal["training"] = "training"
    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    title: str
    data: DataConfig
    protocols: tuple[ProtocolConfig, ...] = Field(min_length=1)
    cache: Path | None = None
    interval_unit: IntervalUnit = "auto"
    fusion: FusionConfig | None = None
    bundles: Literal["first", "each", "all", "none"] = "first"
    alternative: str = ""
    withhold: bool = False

    @model_validator(mode="after")
    def _protocols_differ(self) -> RunConfig:
        protocols = [each.protocol for each in self.protocols]
        if len(set(protocols)) != len(protocols):
            raise ValueError(f"two protocols are called {', '.join(protocols)}")
        return self

    @model_validator(mode="after")
    def _fusion_fits(self) -> RunConfig:
        if self.fusion is None:
            if self.bundles == "all":
                raise ValueError(
                    "bundles 'all' is for a fusion, which is fitted again in no time: choose first "
                    "or each"
                )
            return self
        if self.data.kind != "recordings":
            raise ValueError(
                "fusion needs data of kind recordings: slow features are the live ones"
            )
        if QUADRANT in self.finetune.targets:
            raise ValueError("fusion knows targets of two classes: leave the quadrant out")
        if self.pretrain is not None:
            raise ValueError("fusion trains no network: set pretrain to null")
        if any(is_inflated(each.protocol) for each in self.protocols):
            raise ValueError("fusion is for protocols subject and trial")
        return self
