"""One network on one fold, from random weights to predictions on windows it never saw."""

from __future__ import annotations

import json
import logging
import re
from dataclasses import dataclass, field
from pathlib import Path

import torch
from lightning_fabric import Fabric
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

from models.config import ModelConfig
from models.fusion import PhysioSync
from physiosync_rt.errors import UserError
from training.checkpoint import fingerprint, write_atomically
from training.config import N_QUADRANTS, QUADRANT, NetworkConfig, Target, TrainConfig
from training.data.dataset import Dataset
from training.distributed import rank
from training.fast_linear import fast_linear
from training.feed import Feed, Seconds
from training.finetune import (
    calibrate,
    make_examples,
    predict,
    recalibrated,
    train_heads,
    train_main,
)
from training.labels import check_classes, classes
from training.loop import Curves, Progress, StopRequest, Surroundings, no_progress
from training.memory import keep_freed_memory
from training.pretrain import Pretraining, lay_out
from training.protocols import Fold
from training.results import FoldResult, Predictions, load_result, save_result


@dataclass(frozen=True, slots=True)
class Conditions:
    """How a training is run, none of which changes what comes out.

    Attributes
    ----------
    fabric : Fabric
        Launched.
    resume : bool
        Go on where an earlier run stopped; otherwise a folder that holds one is refused.
    progress : callable
    stop : StopRequest
    """

    fabric: Fabric
    resume: bool = False
    progress: Progress = no_progress
    stop: StopRequest = field(default_factory=StopRequest)


def make_fabric(config: TrainConfig) -> Fabric:
    """Device, precision and processes of a training; the caller launches it.

    Raises
    ------
    UserError
        The device does not exist or takes no such precision.
    """
    logging.getLogger("lightning_fabric").setLevel(logging.WARNING)
    keep_freed_memory()
    strategy: object = "auto"
    if config.processes > 1:
        from lightning_fabric.strategies.ddp import DDPStrategy

        # Statistics are synchronised as they are made, so there is nothing to broadcast.
        strategy = DDPStrategy(forward_sync_buffers=False, gradient_as_bucket_view=True)
    try:
        return Fabric(
            accelerator=config.device,
            devices=config.processes,
            precision=config.precision,
            strategy=strategy,  # type: ignore[arg-type]
        )
    except Exception as error:  # Fabric raises many kinds for what a machine does not have
        detail = str(error).splitlines()[0]
        raise UserError(
            f"device {config.device!r} with {config.processes} process(es) and precision "
            f"{config.precision!r} cannot be used: {detail}"
        ) from error


def folder_of(out: Path, fold: Fold, network: NetworkConfig) -> Path:
    """Folder of one network on one fold below the folder of a run."""
    return out / fold.protocol / _slug(fold.name) / _slug(network.title)


def _slug(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-").lower()


def refuse_used_folder(folder: Path) -> None:
    """Raise UserError where a folder holds a training already."""
    if any(folder.glob("**/*.*")):
        raise UserError(
            f"{folder} holds a training already; go on with it by --resume, or choose another --out"
        )


class FoldRun:
    """Training of one network on one fold.

    Parameters
    ----------
    dataset : Dataset
    fold : Fold
    config : TrainConfig
    network : NetworkConfig
    out : Path
        Folder of the run; this one's is below it.
    conditions : Conditions
    """

    def __init__(
        self,
        dataset: Dataset,
        fold: Fold,
        config: TrainConfig,
        network: NetworkConfig,
        out: Path,
        conditions: Conditions,
    ) -> None:
        self._dataset, self._fold, self._config = dataset, fold, config
        self._network, self._conditions = network, conditions
        self.folder = folder_of(out, fold, network)
        self._n_chans = (dataset.about.eeg.n_chans, dataset.about.pps.n_chans)
        self._pretrain_id = fingerprint(
            dataset.digest,
            [fold.name, fold.protocol, fold.train.tolist(), fold.validation.tolist()],
            network.model_dump(mode="json"),
            config.pretrain.model_dump(mode="json") if config.pretrain else None,
            [config.seed, config.precision, config.random_offsets],
        )
        self._id = fingerprint(
            self._pretrain_id,
            fold.test.tolist(),
            config.finetune.model_dump(mode="json"),
            config.modalities,
        )

    def _feed(self, seconds: Seconds) -> Feed:
        return Feed(
            self._dataset,
            seconds,
            self._conditions.fabric.device,
            # Test windows of protocol "window" lie between training windows of the same trial.
            self._config.random_offsets and self._fold.protocol != "window",
        )

    def _model_config(self, task: tuple[Target, ...]) -> ModelConfig:
        n_classes = N_QUADRANTS if task == (QUADRANT,) else 2
        return self._network.build(*self._n_chans, task, n_classes, self._config.modalities)

    def _around(self, stage: str, belongs_to: str) -> Surroundings:
        return Surroundings(
            folder=self.folder / stage,
            fingerprint=fingerprint(belongs_to, stage),
            resume=self._conditions.resume,
            checkpoint_every_s=self._config.checkpoint_every_s,
            progress=self._conditions.progress,
            what=f"{self._fold.name} {stage}",
            stop=self._conditions.stop,
        )

    # ------------------------------------------------------------------------------ pre-training

    def pretrain(self) -> tuple[dict[str, dict[str, Tensor]], dict[str, Curves]]:
        """Pre-train the encoders of every resolution, or read what an earlier run made of them.

        Returns
        -------
        encoders : dict of str to state dict
            By name in the network (``eeg_1s`` ...); empty without pre-training.
        curves : dict of str to curves
            By stage.
        """
        encoders: dict[str, dict[str, Tensor]] = {}
        curves: dict[str, Curves] = {}
        if self._config.pretrain is None:
            return encoders, curves
        if "fused" not in self._config.modalities:
            raise UserError(
                "pre-training compares EEG with a peripheral signal; set pretrain to null for a "
                "training of one modality"
            )
        for seconds in self._resolutions():
            stage = f"pretrain-{seconds}s"
            around = self._around(stage, self._pretrain_id)
            path = around.folder / "encoders.safetensors"
            if not _is_finished(path, around.fingerprint):
                curves[stage] = self._pretrain(seconds, around, path)
            else:
                curves[stage] = _read_curves(around.folder)
            state = load_file(path)
            for modality in ("eeg", "pps"):
                encoders[f"{modality}_{seconds}s"] = _below(state, f"{modality}.")
        return encoders, curves

    def _resolutions(self) -> tuple[Seconds, ...]:
        return (1, 5) if self._network.with_5s else (1,)

    def _pretrain(self, seconds: Seconds, around: Surroundings, path: Path) -> Curves:
        settings = self._config.pretrain
        assert settings is not None
        feed = self._feed(seconds)
        grid = lay_out(feed, self._fold.train, settings)
        try:
            validation = lay_out(feed, self._fold.validation, settings)
        except UserError:
            # Too few persons are held out to be paired; then there is nothing to follow.
            validation = None
        names = self._model_config(("valence",)).encoders
        training = Pretraining(
            names[f"eeg_{seconds}s"],
            names[f"pps_{seconds}s"],
            settings,
            feed,
            self._config.seed,
            self._conditions.fabric,
        )
        with fast_linear():
            done = training.run(grid, validation, around)
        if rank() == 0:
            state = {
                f"{modality}.{name}": tensor
                for modality, weights in done.encoders.items()
                for name, tensor in weights.items()
            }
            _write_curves(around.folder, done.curves)
            _write_weights(path, state, around.fingerprint)
            (around.folder / "checkpoint.pt").unlink(missing_ok=True)
        self._conditions.fabric.barrier()
        return done.curves

    def require_pretraining(self) -> None:
        """Raise UserError where pre-training is asked for and has not been done here."""
        if self._config.pretrain is None:
            return
        for seconds in self._resolutions():
            path = self.folder / f"pretrain-{seconds}s" / "encoders.safetensors"
            if not path.is_file():
                raise UserError(
                    f"{path} is missing; run `physiosync pretrain` with the same --config and "
                    "--out first"
                )

    # ------------------------------------------------------------------------------- fine-tuning

    @property
    def _result_path(self) -> Path:
        return self.folder / "result.npz"

    def finished(self) -> FoldResult:
        """Read what `run` returned earlier.

        Raises
        ------
        UserError
            It has not run to its end, or with another configuration.
        """
        earlier = load_result(self._result_path, self._id)
        if earlier is None:
            raise UserError(
                f"{self._result_path} is missing; run `physiosync train` with the same --config "
                "and --out first"
            )
        return earlier

    def run(self) -> FoldResult:
        """Pre-train, fine-tune, calibrate on validation, and predict validation and test.

        Raises
        ------
        UserError
            The labels or the folds cannot serve the training.
        Interrupted
            Somebody asked to stop; run again with `Conditions.resume`.
        """
        earlier = load_result(self._result_path, self._id)
        if earlier is not None:
            return earlier
        for task in self._config.finetune.tasks:
            labels = classes(self._dataset, task)
            check_classes(labels[self._fold.train], task, f"fold {self._fold.name}, training part")
        encoders, curves = self.pretrain()
        predictions: list[Predictions] = []
        temperatures: dict[str, float] = {}
        models: dict[str, str] = {}
        n_weights = 0
        for task in self._config.finetune.tasks:
            with fast_linear():
                model, found, learned = self._finetune(task, encoders)
            predictions += found
            curves |= learned
            name = "+".join(task)
            for each in found:
                head = model.head(each.route, each.target)
                temperatures[f"{each.route}/{each.target}"] = float(head.temperature)
            weights = self.folder / f"{name}.safetensors"
            if rank() == 0:
                _write_weights(weights, model.state_dict(), self._id)
            models[name] = str(weights.relative_to(self.folder))
            n_weights = sum(p.numel() for p in model.parameters())
        result = FoldResult(
            fold=self._fold.name,
            protocol=self._fold.protocol,
            inflated=self._fold.inflated,
            network=self._network.title,
            predictions=predictions,
            temperatures=temperatures,
            curves=curves,
            models=models,
            n_weights=n_weights,
        )
        if rank() == 0:
            save_result(self._result_path, result, self._id)
            for checkpoint in self.folder.glob("*/checkpoint.pt"):
                checkpoint.unlink()
        self._conditions.fabric.barrier()
        return result

    def _finetune(
        self, task: tuple[Target, ...], encoders: dict[str, dict[str, Tensor]]
    ) -> tuple[PhysioSync, list[Predictions], dict[str, Curves]]:
        settings, seed, fabric = self._config.finetune, self._config.seed, self._conditions.fabric
        torch.manual_seed(seed)
        model = PhysioSync(self._model_config(task))
        for name, state in encoders.items():
            model.encoders[name].load_state_dict(state)
        feed = self._feed(5 if self._network.with_5s else 1)
        labels = classes(self._dataset, task)
        rows = (self._fold.train, self._fold.validation)
        examples = make_examples(feed, *rows, labels, settings.windows)
        name = "+".join(task)
        stages = {"finetune": train_main, "heads": train_heads}
        curves = {
            f"{stage}-{name}": train(
                model,
                feed,
                examples,
                settings,
                seed,
                fabric,
                self._around(f"{stage}-{name}", self._id),
            )
            for stage, train in stages.items()
        }
        model.eval()
        validation = predict(model, feed, self._fold.validation, labels, "validation")
        calibrate(model, validation)
        held_out = [recalibrated(each, model) for each in validation]
        return (
            model,
            held_out + predict(model, feed, self._fold.test, labels, "test"),
            {stage: found for stage, found in curves.items() if found},
        )


def train_fold(
    dataset: Dataset,
    fold: Fold,
    config: TrainConfig,
    out: Path,
    *,
    network: NetworkConfig | None = None,
    conditions: Conditions | None = None,
) -> FoldResult:
    """Train one network on one fold.

    Parameters
    ----------
    dataset : Dataset
    fold : Fold
    config : TrainConfig
    out : Path
        Folder of the run; see `folder_of`.
    network : NetworkConfig, optional
        One of ``config.networks``; the first when not given.
    conditions : Conditions, optional
        One process on the configured device when not given.

    Raises
    ------
    UserError
        See `FoldRun.run`; or the folder holds a training and nobody asked to resume.
    Interrupted
        Somebody asked to stop.
    """
    if conditions is None:
        conditions = Conditions(make_fabric(config))
    network = network or config.networks[0]
    if not conditions.resume and conditions.fabric.world_size == 1:
        refuse_used_folder(folder_of(out, fold, network))
    return FoldRun(dataset, fold, config, network, out, conditions).run()


def _below(state: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {k.removeprefix(prefix): v for k, v in state.items() if k.startswith(prefix)}


def _write_weights(path: Path, state: dict[str, Tensor], belongs_to: str) -> None:
    whole = {name: tensor.detach().cpu().contiguous() for name, tensor in state.items()}
    metadata = {"fingerprint": belongs_to}
    write_atomically(path, lambda where: save_file(whole, where, metadata))


def _is_finished(path: Path, belongs_to: str) -> bool:
    if not path.is_file():
        return False
    with safe_open(path, framework="pt") as stored:
        if (stored.metadata() or {}).get("fingerprint") == belongs_to:
            return True
    raise UserError(f"{path} was written by another configuration; use that one, or another --out")


def _write_curves(folder: Path, curves: Curves) -> None:
    text = json.dumps(curves)
    write_atomically(folder / "curves.json", lambda where: _write_text(where, text))


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def _read_curves(folder: Path) -> Curves:
    curves: Curves = json.loads((folder / "curves.json").read_text(encoding="utf-8"))
    return curves
