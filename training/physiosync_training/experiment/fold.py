"""One network on one fold, from random weights to predictions on windows it never saw."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from torch import Tensor

from physiosync_models.config import ModelConfig
from physiosync_models.fusion import PhysioSync
from physiosync_rt.errors import UserError
from physiosync_training.contrastive.pretrain import Pretraining, lay_out, lay_out_validation
from physiosync_training.datasets.dataset import Dataset
from physiosync_training.datasets.loader import Seconds, WindowLoader
from physiosync_training.datasets.splits import Fold
from physiosync_training.experiment.config import TrainConfig
from physiosync_training.experiment.network import NetworkConfig
from physiosync_training.experiment.runtime import Runtime
from physiosync_training.loop.checkpoint import (
    fingerprint,
    load_weights,
    save_weights,
    weights_info,
)
from physiosync_training.loop.distributed import rank
from physiosync_training.loop.fast_linear import fast_linear
from physiosync_training.loop.loop import Curves, StageContext
from physiosync_training.loop.paths import folder_of
from physiosync_training.loop.provenance import TrainingCost
from physiosync_training.supervised.config import Target, n_classes
from physiosync_training.supervised.finetune import (
    FinetuneSetup,
    make_examples,
    train_heads,
    train_main,
)
from physiosync_training.supervised.labels import check_classes, classes
from physiosync_training.supervised.predict import calibrate, predict, predict_test, recalibrated
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
    runtime : Runtime
    """

    def __init__(
        self,
        dataset: Dataset,
        fold: Fold,
        config: TrainConfig,
        network: NetworkConfig,
        out: Path,
        runtime: Runtime,
    ) -> None:
        self._dataset, self._fold, self._config = dataset, fold, config
        self._network, self._runtime = network, runtime
        self.folder = folder_of(out, fold.protocol, fold.name, network.title)
        self._cost = TrainingCost(runtime.fabric.device)
        self._n_chans = (dataset.info.eeg.n_chans, dataset.info.pps.n_chans)
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

    def _loader(self, seconds: Seconds) -> WindowLoader:
        return WindowLoader(
            self._dataset,
            seconds,
            self._runtime.fabric.device,
            # Test windows of protocol "window" lie between training windows of the same trial.
            self._config.random_offsets and self._fold.protocol != "window",
        )

    def _model_config(self, task: tuple[Target, ...]) -> ModelConfig:
        return self._network.build(*self._n_chans, task, n_classes(task), self._config.modalities)

    def _context(self, stage: str, belongs_to: str) -> StageContext:
        return StageContext(
            folder=self.folder / stage,
            fingerprint=fingerprint(belongs_to, stage),
            resume=self._runtime.resume,
            checkpoint_every_s=self._config.checkpoint_every_s,
            progress=self._runtime.progress,
            what=f"{self._network.title}, {self._fold.name} {stage}",
            stop=self._runtime.stop,
            cost=self._cost,
        )

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
            context = self._context(stage, self._pretrain_id)
            path = self._encoders_path(seconds)
            info = weights_info(path, context.fingerprint)
            if info is None:
                curves[stage] = self._pretrain(seconds, context, path)
            else:
                curves[stage] = json.loads(info["curves"])
                self._cost.add_earlier(json.loads(info["cost"]))
            state = load_weights(path)
            for modality in ("eeg", "pps"):
                encoders[f"{modality}_{seconds}s"] = _below(state, f"{modality}.")
        return encoders, curves

    def _encoders_path(self, seconds: Seconds) -> Path:
        return self.folder / f"pretrain-{seconds}s" / "encoders.safetensors"

    def _resolutions(self) -> tuple[Seconds, ...]:
        return (1, 5) if self._network.with_5s else (1,)

    def _pretrain(self, seconds: Seconds, context: StageContext, path: Path) -> Curves:
        settings = self._config.pretrain
        assert settings is not None
        loader = self._loader(seconds)
        grid = lay_out(loader, self._fold.train, settings)
        validation = lay_out_validation(loader, self._fold.validation, settings)
        names = self._model_config(("valence",)).encoders
        training = Pretraining(
            names[f"eeg_{seconds}s"],
            names[f"pps_{seconds}s"],
            settings,
            loader,
            self._config.seed,
            self._runtime.fabric,
        )
        with fast_linear():
            done = training.run(grid, validation, context)
        if rank() == 0:
            state = {
                f"{modality}.{name}": tensor
                for modality, weights in done.encoders.items()
                for name, tensor in weights.items()
            }
            info = {"curves": json.dumps(done.curves), "cost": json.dumps(self._cost.state())}
            save_weights(path, state, context.fingerprint, info)
            (context.folder / "checkpoint.pt").unlink(missing_ok=True)
        self._runtime.fabric.barrier()
        return done.curves

    def require_pretraining(self) -> None:
        """Raise UserError where pre-training is asked for and has not been done here."""
        if self._config.pretrain is None:
            return
        for seconds in self._resolutions():
            path = self._encoders_path(seconds)
            if not path.is_file():
                how = "run `physiosync pretrain` with the same --config and --out first"
                raise UserError(f"{path} is missing; {how}")

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
            The labels or the folds cannot serve the training, or it came to NaN.
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
            seconds=self._cost.seconds,
            machines=self._cost.machines,
        )
        if rank() == 0:
            save_result(self._result_path, result, self._id)
            for checkpoint in self.folder.glob("*/checkpoint.pt"):
                checkpoint.unlink()
        self._runtime.fabric.barrier()
        return result

    def _finetune(
        self, task: tuple[Target, ...], encoders: dict[str, dict[str, Tensor]]
    ) -> tuple[PhysioSync, list[Predictions], dict[str, Curves]]:
        settings, seed = self._config.finetune, self._config.seed
        torch.manual_seed(seed)
        model = PhysioSync(self._model_config(task))
        for name, state in encoders.items():
            model.encoders[name].load_state_dict(state)
        loader = self._loader(5 if self._network.with_5s else 1)
        labels = classes(self._dataset, task)
        rows = (self._fold.train, self._fold.validation)
        examples = make_examples(loader, *rows, labels, settings.windows)
        setup = FinetuneSetup(model, loader, examples, settings, seed, self._runtime.fabric)
        name = "+".join(task)
        stages = {"finetune": train_main, "heads": train_heads}
        curves = {
            f"{stage}-{name}": train(setup, self._context(f"{stage}-{name}", self._id))
            for stage, train in stages.items()
        }
        model.eval()
        validation = predict(model, loader, self._fold.validation, labels, "validation")
        calibrate(model, validation)
        held_out = [recalibrated(each, model) for each in validation]
        return (
            model,
            held_out + predict_test(model, loader, self._fold.test, labels),
            {stage: found for stage, found in curves.items() if found},
        )


def _below(state: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {k.removeprefix(prefix): v for k, v in state.items() if k.startswith(prefix)}
