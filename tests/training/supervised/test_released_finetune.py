"""Reproductions fine-tune as the release does, from the first batch of 256 to the last epoch.

What the release does stands in `helpers.release`, slow and literal.
"""

from __future__ import annotations

import copy
from itertools import chain

import numpy as np
import pytest
import torch
from helpers import release
from lightning_fabric import Fabric
from torch import Tensor
from torch.nn import functional as F
from torch.optim.optimizer import register_optimizer_step_post_hook

from physiosync_models.fusion import Features, PhysioSync
from physiosync_training.benchmark.released import released_encode
from physiosync_training.loop.loop import StageContext
from physiosync_training.loop.rng import seed_of
from physiosync_training.supervised.finetune import FinetuneSetup, make_examples, train_main
from physiosync_training.supervised.labels import classes
from physiosync_training.supervised.trainer import epoch_batches


def literal_logits(model: PhysioSync, windows: dict[str, Tensor], target: str) -> Tensor:
    """Every second through its encoder on its own, the whole window after them."""
    features = {}
    for modality, x in windows.items():
        short = model.encoders[f"{modality}_1s"]
        slices = [released_encode(short, second) for second in torch.split(x, 128, dim=2)]
        long = None
        if f"{modality}_5s" in model.encoders:
            long = released_encode(model.encoders[f"{modality}_5s"], x)
        features[modality] = Features(torch.stack(slices, dim=1), long)
    return model.classify(features, "fused")[target]


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("deap-dependent", "quadrant"),
        pytest.param("deap-cross", "arousal", marks=pytest.mark.slow),
        pytest.param("dreamer-dependent", "valence", marks=pytest.mark.slow),
        pytest.param("dreamer-cross", "arousal", marks=pytest.mark.slow),
    ],
)
def test_all_of_fine_tuning_equals_the_release_s(started, double, tmp_path, name, target):
    it = started(name)
    config = it.config.finetune
    assert (target,) in config.tasks
    assert it.config.modalities == ("fused",)
    torch.manual_seed(it.config.seed)
    network = it.network(target)
    model = PhysioSync(network)
    literal = copy.deepcopy(model)
    seconds = 5 if network.eeg_5s is not None else 1
    loader = it.loader(seconds)
    known = classes(it.dataset, (target,))
    examples = make_examples(loader, it.fold.train, it.fold.validation, known, config.windows)
    fabric, context = Fabric(accelerator="cpu", devices=1), StageContext(tmp_path, "x")
    rates: list[float] = []
    hook = register_optimizer_step_post_hook(
        lambda optimiser, *_: rates.append([group["lr"] for group in optimiser.param_groups])
    )
    try:
        setup = FinetuneSetup(model, loader, examples, config, it.config.seed, fabric)
        curves = train_main(setup, context)
    finally:
        hook.remove()

    windows, subjects = it.train(seconds)
    samples = sorted((w, s) for w in windows for s in subjects)
    eeg, pps = (release.windows(x, seconds) for x in it.trials)
    truth = release.labels(it.ratings, target, 5 if name.startswith("deap") else 3)
    adam = torch.optim.Adam(literal.parameters(), lr=1e-3)
    n_epochs = len(it.schedule.rates)
    schedule = torch.optim.lr_scheduler.CosineAnnealingWarmRestarts(adam, T_0=n_epochs // 3)
    losses, expected_rates = [], []
    for epoch in range(n_epochs):
        # What was drawn is fed to both; that it is a whole epoch in batches of 256 is not.
        batches = epoch_batches(len(examples.train), config.batch_size, it.config.seed, epoch)
        places = [[it.place(seconds, examples.train[i]) for i in batch] for batch in batches]
        assert sorted(chain.from_iterable(places)) == samples
        n_whole, rest = divmod(len(samples), it.schedule.batch_size)
        assert [len(batch) for batch in places] == [it.schedule.batch_size] * n_whole + [rest]
        found = []
        for step, batch in enumerate(places):
            literal.train()
            torch.manual_seed(seed_of(it.config.seed, epoch, step, 0))
            x = {
                modality: torch.from_numpy(np.stack([cut[at] for at in batch]).astype(np.float32))
                for modality, cut in (("eeg", eeg), ("pps", pps))
            }
            x = {modality: each.double() for modality, each in x.items()}
            labels = torch.tensor([truth[w // (60 // seconds), s] for w, s in batch])
            loss = F.cross_entropy(literal_logits(literal, x, target), labels)
            adam.zero_grad()
            loss.backward()
            adam.step()
            found.append(loss.item())
            expected_rates.append(it.schedule.rates[epoch])
            assert adam.param_groups[0]["lr"] == pytest.approx(it.schedule.rates[epoch], rel=1e-3)
        losses.append(np.mean(found))
        schedule.step()
    assert curves["loss"] == pytest.approx(losses, rel=1e-5)
    for mine, expected in zip(rates, expected_rates, strict=True):
        assert mine == pytest.approx([expected] * len(mine), rel=1e-3)
    # Adam makes steps of gradients that are next to nothing; a fifth of one step is left for them
    # (1.2e-4 in 2 of 3,072 weights, everything else less).
    weights = dict(literal.named_parameters())
    for weight, value in model.named_parameters():
        torch.testing.assert_close(value, weights[weight], rtol=1e-4, atol=2e-4, msg=weight)
