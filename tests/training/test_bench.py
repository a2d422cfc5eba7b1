"""The benchmark compares like with like: same losses both ways, phases that add up."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest
import torch

from models.config import ModelConfig
from models.presets import deap_paper
from physiosync_rt.errors import UserError
from training.bench import Clock, six_fold_copy_gib, take_turns
from training.bench_ways import OurFinetuning, OurPretraining, PlainFinetuning, PlainPretraining

CPU = torch.device("cpu")


def small() -> ModelConfig:
    network = deap_paper(targets=("arousal",), routes=("fused",), faithful=True)
    changes = {"dim": 16, "projector_dims": (24, 24, 32), "n_chans": 3}
    assert network.eeg_5s is not None
    assert network.pps_5s is not None
    return replace(
        network,
        eeg_1s=replace(network.eeg_1s, **changes),
        eeg_5s=replace(network.eeg_5s, **changes),
        pps_1s=replace(network.pps_1s, **changes | {"n_chans": 1}),
        pps_5s=replace(network.pps_5s, **changes | {"n_chans": 1}),
    )


def losses(way, n: int = 4) -> list[float]:
    found = []
    for number in range(n):
        torch.manual_seed(number)
        clock = Clock(CPU)
        found.append(way.step(number, clock))
        assert all(seconds > 0 for seconds in clock.seconds.values())
    return found


@pytest.mark.parametrize("seconds", [1, 5])
def test_pretraining_has_the_losses_of_the_plain_release(seconds):
    plain = losses(PlainPretraining(small(), seconds, CPU))
    ours = losses(OurPretraining(small(), seconds, CPU))
    assert ours == pytest.approx(plain, rel=2e-3)
    assert ours[0] == pytest.approx(plain[0], rel=1e-6)


def test_finetuning_starts_from_the_same_weights():
    # A faithful network encodes slice by slice itself, so that both ways are the same.
    plain = losses(PlainFinetuning(small(), 16, CPU))
    ours = losses(OurFinetuning(small(), 16, CPU))
    assert ours == pytest.approx(plain, rel=1e-2)


def test_a_process_that_dies_is_one_sentence():
    with pytest.raises(UserError, match="a process of the benchmark died"):
        take_turns("nothing", [("broken", SystemExit)], 3)


@pytest.mark.slow
def test_ways_take_turns_in_their_own_processes():
    ways = [
        ("plain", partial(PlainPretraining, small(), 1)),
        ("physiosync", partial(OurPretraining, small(), 1)),
    ]
    plain, ours = take_turns("pretrain 1 s", ways, 4, n_threads=1)
    assert (plain.how, ours.how) == ("plain", "physiosync")
    assert ours.losses == pytest.approx(plain.losses, rel=1e-2)
    assert len(ours.losses) == 4
    for each in (plain, ours):
        assert each.steps_per_s > 0
        assert set(each.seconds) == {"data", "forward", "backward", "optimiser"}
        assert each.peak_mib is None or each.peak_mib > 0


def test_the_six_fold_copy_of_deap_takes_seven_gib():
    assert six_fold_copy_gib(deap_paper()) == pytest.approx(7.3, abs=0.1)
