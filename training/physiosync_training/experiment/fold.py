"""One network on one fold, from random weights to predictions on windows it never saw."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from torch import Tensor

from physiosync_models.config import ModelConfig
from physiosync_models.fusion import PhysioSync
from physiosync_rt.errors import UserError
from physiosync_training.contrastive.pretrain import Pretraining, lay_out
from physiosync_training.contrastive.sampler import Grid
from physiosync_training.datasets.dataset import Dataset
from physiosync_training.datasets.loader import Seconds, WindowLoader
from physiosync_training.datasets.splits import Fold
from physiosync_training.experiment.config import PretrainConfig, Target, TrainConfig, n_classes
from physiosync_training.experiment.network import NetworkConfig
from physiosync_training.experiment.runtime import Runtime
from physiosync_training.loop.checkpoint import (
    about_weights,
    fingerprint,
    load_weights,
    save_weights,
)
from physiosync_training.loop.distributed import rank
from physiosync_training.loop.fast_linear import fast_linear
from physiosync_training.loop.loop import Curves, StageContext
from physiosync_training.loop.paths import folder_of
from physiosync_training.loop.provenance import TrainingCost
from physiosync_training.supervised.finetune import (
    calibrate,
    make_examples,
    predict,
    recalibrated,
    train_heads,
    train_main,
)
from physiosync_training.supervised.labels import check_classes, classes
from physiosync_training.supervised.results import (
    FoldResult,
    Predictions,
    load_result,
    result_path,
    save_result,
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
    conditions : Runtime
    """

    def __init__(
        self,
        dataset: Dataset,
        fold: Fold,
        config: TrainConfig,
        network: NetworkConfig,
        out: Path,
        conditions: Runtime,
    ) -> None:
        self._dataset, self._fold, self._config = dataset, fold, config
        self._network, self._conditions = network, conditions
        self.folder = folder_of(out, fold.protocol, fold.name, network.title)
        self._effort = TrainingCost(conditions.fabric.device)
        self._n_chans = (dataset.about.eeg.n_chans, dataset.about.pps.n_chans)
        self._pretrain_id = fingerprint(
            dataset.digest,
            [fold.name, fold.protocol, fold.train.tolist(), fold.validation.tolist()],
            {n: c.to_dict() for n, c in self._model_config(("valence",)).encoders.items()},
            config.pretrain.model_dump(mode="json") if config.pretrain else None,
            [config.seed, config.precision, config.random_offsets],
        )
        self._id = fingerprint(
            self._pretrain_id,
            fold.test.tolist(),
            config.finetune.model_dump(mode="json"),
            [self._model_config(task).to_dict() for task in config.finetune.tasks],
        )

    def _feed(self, seconds: Seconds) -> WindowLoader:
        return WindowLoader(
            self._dataset,
            seconds,
            self._conditions.fabric.device,
            # Test windows of protocol "window" lie between training windows of the same trial.
            self._config.random_offsets and self._fold.protocol != "window",
        )

    def _model_config(self, task: tuple[Target, ...]) -> ModelConfig:
        return self._network.build(*self._n_chans, task, n_classes(task), self._config.modalities)

    def _around(self, stage: str, belongs_to: str) -> StageContext:
        return StageContext(
            folder=self.folder / stage,
            fingerprint=fingerprint(belongs_to, stage),
            resume=self._conditions.resume,
            checkpoint_every_s=self._config.checkpoint_every_s,
            progress=self._conditions.progress,
            what=f"{self._network.title}, {self._fold.name} {stage}",
            stop=self._conditions.stop,
            effort=self._effort,
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
        for seconds in self._resolutions():
            stage = f"pretrain-{seconds}s"
            around = self._around(stage, self._pretrain_id)
            path = self._encoders_path(seconds)
            about = about_weights(path, around.fingerprint)
            if about is None:
                curves[stage] = self._pretrain(seconds, around, path)
            else:
                curves[stage] = json.loads(about["curves"])
                self._effort.go_on(json.loads(about["effort"]))
            state = load_weights(path)
            for modality in ("eeg", "pps"):
                encoders[f"{modality}_{seconds}s"] = _below(state, f"{modality}.")
        return encoders, curves

    def _encoders_path(self, seconds: Seconds) -> Path:
        return self.folder / f"pretrain-{seconds}s" / "encoders.safetensors"

    def _resolutions(self) -> tuple[Seconds, ...]:
        return (1, 5) if self._network.with_5s else (1,)

    def _pretrain(self, seconds: Seconds, around: StageContext, path: Path) -> Curves:
        settings = self._config.pretrain
        assert settings is not None
        feed = self._feed(seconds)
        grid = lay_out(feed, self._fold.train, settings)
        validation = self._to_follow(feed, settings)
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
            about = {
                "curves": json.dumps(done.curves),
                "effort": json.dumps(self._effort.state()),
            }
            save_weights(path, state, around.fingerprint, about)
            (around.folder / "checkpoint.pt").unlink(missing_ok=True)
        self._conditions.fabric.barrier()
        return done.curves

    def _to_follow(self, feed: WindowLoader, settings: PretrainConfig) -> Grid | None:
        """Windows to follow the losses on; None where those held out cannot be paired."""
        try:
            grid = lay_out(feed, self._fold.validation, settings)
        except UserError:
            return None
        return grid if settings.pairing != "halves" or grid.complete else None

    def require_pretraining(self) -> None:
        """Raise UserError where pre-training is asked for and has not been done here."""
        if self._config.pretrain is None:
            return
        for seconds in self._resolutions():
            path = self._encoders_path(seconds)
            if not path.is_file():
                raise UserError(
                    f"{path} is missing; run `physiosync pretrain` with the same --config and "
                    "--out first"
                )

    # ------------------------------------------------------------------------------- fine-tuning

    @property
    def _result_path(self) -> Path:
        return result_path(self.folder)

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
            Somebody asked to stop; run again with `Runtime.resume`.
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
                save_weights(weights, model.state_dict(), self._id)
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
            seconds=self._effort.seconds,
            machines=self._effort.machines,
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


def _below(state: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {k.removeprefix(prefix): v for k, v in state.items() if k.startswith(prefix)}
