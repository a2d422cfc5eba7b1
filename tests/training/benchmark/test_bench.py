"""The benchmark compares like with like: same losses both ways, phases that add up."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import torch

from physiosync_models.config import ModelConfig
from physiosync_models.presets import deap_paper
from physiosync_rt.errors import UserError
from physiosync_training.benchmark.bench import first_steps, six_fold_copy_gib, take_turns
from physiosync_training.benchmark.variants import (
    OurFinetuning,
    OurPretraining,
    ReleasedFinetuning,
    ReleasedPretraining,
)
from physiosync_training.benchmark.watch import ON_GPU, PHASES, Step, Way

CPU = torch.device("cpu")
N_SUBJECTS = 4


def small(*, faithful: bool) -> ModelConfig:
    network = deap_paper(targets=("arousal",), routes=("fused",), faithful=faithful)
    changes = {"dim": 16, "projector_dims": (24, 24, 32)}
    assert network.eeg_5s is not None
    assert network.pps_5s is not None
    return replace(
        network,
        eeg_1s=replace(network.eeg_1s, **changes),
        eeg_5s=replace(network.eeg_5s, **changes),
        pps_1s=replace(network.pps_1s, **changes),
        pps_5s=replace(network.pps_5s, **changes),
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("windows")


def steps(way: Way) -> list[Step]:
    found = first_steps(way, CPU, 4)
    for seconds, _ in found:
        assert set(seconds) == set(PHASES)
        assert all(phase > 0 for phase in seconds.values())
    return found


def losses(way: Way) -> list[float]:
    return [loss for _, loss in steps(way)]


@pytest.mark.parametrize("seconds", [1, 5])
def test_pretraining_has_the_losses_of_the_plain_release(folder, seconds):
    place = (small(faithful=True), seconds, folder, N_SUBJECTS, CPU)
    released, ours = losses(ReleasedPretraining(*place)), losses(OurPretraining(*place))
    assert ours == pytest.approx(released, rel=2e-3)
    assert ours[0] == pytest.approx(released[0], rel=1e-6)


def test_finetuning_as_released_has_the_losses_of_separate_slices(folder, double):
    place = (small(faithful=True), 16, folder, N_SUBJECTS, CPU)
    released, ours = losses(ReleasedFinetuning(*place)), losses(OurFinetuning(*place))
    assert ours == pytest.approx(released, rel=1e-6)


def test_mended_finetuning_is_close_to_separate_slices(folder):
    # Batch norm sees all slices at once, and dropout draws for all of them.
    place = (small(faithful=False), 16, folder, N_SUBJECTS, CPU)
    released, ours = losses(ReleasedFinetuning(*place)), losses(OurFinetuning(*place))
    assert ours == pytest.approx(released, rel=0.3)


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA GPU here")
@pytest.mark.parametrize("what", ["pretrain", "fine-tune"])
def test_replayed_steps_have_the_losses_of_single_kernels(folder, what):
    gpu = torch.device("cuda")
    place = (small(faithful=True), 1 if what == "pretrain" else 16, folder, N_SUBJECTS, gpu)
    make = OurPretraining if what == "pretrain" else OurFinetuning
    replayed, eager, mixed = (
        [loss for _, loss in first_steps(make(*place, variant=variant), gpu, ON_GPU)]
        for variant in (None, "eager", "bf16")
    )
    # Adam makes full steps for gradients that are rounding errors.
    assert replayed[:6] == pytest.approx(eager[:6], rel=2e-3)
    assert replayed == pytest.approx(eager, rel=0.1)
    assert mixed == pytest.approx(eager, rel=0.3)
    assert len(set(replayed)) == ON_GPU


@pytest.mark.slow
def test_a_process_that_dies_is_one_sentence():
    with pytest.raises(UserError, match="a process of the benchmark died"):
        take_turns("nothing", [("broken", SystemExit)], 3)


@pytest.mark.slow
def test_ways_take_turns_in_their_own_processes(folder):
    place = (small(faithful=True), 1, folder, N_SUBJECTS)
    ways = [
        ("released", partial(ReleasedPretraining, *place)),
        ("physiosync", partial(OurPretraining, *place)),
    ]
    released, ours = take_turns("pretrain 1 s", ways, 4, n_threads=1)
    assert (released.how, ours.how) == ("released", "physiosync")
    assert ours.losses[0] == pytest.approx(released.losses[0], rel=1e-6)
    assert ours.losses == pytest.approx(released.losses, rel=1e-2)
    # Three steps warm up.
    assert len(ours.losses) == 7
    for each in (released, ours):
        assert each.steps_per_s > 0
        assert set(each.seconds) == {"data", "forward", "backward", "optimiser"}
        assert each.peak_mib is None or each.peak_mib > 0


def test_the_six_fold_copy_of_deap_takes_seven_gib():
    assert six_fold_copy_gib(deap_paper()) == pytest.approx(7.3, abs=0.1)
