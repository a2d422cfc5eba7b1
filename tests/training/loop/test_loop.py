"""The loop is left and taken up between two steps, and nobody sees it in the numbers."""

from __future__ import annotations

import pytest
import torch

from physiosync_rt.errors import UserError
from physiosync_training.loop.loop import Interrupted, Loop, StageContext, StopRequest

N_EPOCHS, N_STEPS = 3, 4


class Counter:
    """A state that counts its steps."""

    def __init__(self) -> None:
        self.n = 0

    def state_dict(self) -> dict[str, int]:
        return {"n": self.n}

    def load_state_dict(self, state) -> None:
        self.n = state["n"]


def train(context: StageContext) -> tuple[Loop, Counter, list[tuple[int, int, str, float]]]:
    counter, seen = Counter(), []
    loop = Loop(context, 7, N_EPOCHS, {"counter": counter})
    try:
        for epoch in loop.epochs():
            for step, batch in loop.steps("abcd"):
                counter.n += 1
                chance = torch.rand(())
                seen.append((epoch, step, batch, chance.item()))
                loop.log({"chance": chance})
            loop.log_epoch({"steps so far": float(counter.n)})
    except Interrupted:
        pass
    return loop, counter, seen


def test_every_batch_of_every_epoch_comes_once_in_order(tmp_path) -> None:
    told: list[tuple[str, float, float]] = []
    context = StageContext(tmp_path, "x", what="count", progress=lambda *it: told.append(it))
    loop, counter, seen = train(context)
    assert [it[:3] for it in seen] == [
        (epoch, step, "abcd"[step]) for epoch in range(N_EPOCHS) for step in range(N_STEPS)
    ]
    assert counter.n == N_EPOCHS * N_STEPS
    assert told == [("count", k + 1, 12) for k in range(12)]
    assert loop.curves["steps so far"] == [4.0, 8.0, 12.0]
    means = [sum(it[3] for it in seen if it[0] == epoch) / N_STEPS for epoch in range(N_EPOCHS)]
    assert loop.curves["chance"] == pytest.approx(means)
    assert not loop.path.exists()


@pytest.mark.parametrize("at", range(1, N_EPOCHS * N_STEPS))
def test_left_at_any_step_and_taken_up_it_comes_to_the_same(tmp_path, at) -> None:
    whole, _, steps = train(StageContext(tmp_path / "whole", "x"))
    stop = StopRequest()

    def leave(_: str, done: float, __: float) -> None:
        if done == at:
            stop.set()

    _, counter, before = train(StageContext(tmp_path / "left", "x", progress=leave, stop=stop))
    assert counter.n == len(before) == at
    loop, counter, after = train(StageContext(tmp_path / "left", "x", resume=True))
    assert before + after == steps
    assert counter.n == N_EPOCHS * N_STEPS
    assert loop.curves == whole.curves


@pytest.mark.parametrize("wrong", [float("nan"), float("inf")])
@pytest.mark.parametrize("saves", [False, True])
def test_a_step_with_a_loss_of_nan_ends_the_training(tmp_path, wrong, saves) -> None:
    due = 0.0 if saves else 1e9
    context = StageContext(tmp_path, "x", checkpoint_every_s=due, what="demo, fold 1 fine-tune")
    counter = Counter()
    loop = Loop(context, 7, N_EPOCHS, {"counter": counter})

    def go() -> None:
        for epoch in loop.epochs():
            for step, _ in loop.steps("abcd"):
                counter.n += 1
                loop.log({"loss": torch.tensor(wrong if (epoch, step) == (1, 2) else 1.0)})
            assert epoch == 0, "nothing is made of the epoch's weights"

    with pytest.raises(
        UserError, match=r"demo, fold 1 fine-tune: the loss of epoch 2 is NaN or infinite; train"
    ):
        go()
    assert loop.path.exists() is saves
    if saves:
        before = Counter()
        Loop(StageContext(tmp_path, "x", resume=True), 7, N_EPOCHS, {"counter": before})
        assert before.n == N_STEPS + 2, "the step before is the last that is kept"


@pytest.mark.parametrize("wrong", [float("nan"), float("-inf")])
@pytest.mark.parametrize("saves", [False, True])
@pytest.mark.parametrize("name", ["weight", "running_mean"])
def test_weights_that_are_nan_end_the_training_though_losses_are_not(
    tmp_path, wrong, saves, name
) -> None:
    module = torch.nn.BatchNorm1d(3)
    context = StageContext(tmp_path, "x", checkpoint_every_s=0.0 if saves else 1e9, what="demo")
    loop = Loop(context, 7, 1, {"module": module})

    def go() -> None:
        for _ in loop.epochs():
            for step, _ in loop.steps("abcd"):
                if step == 3:
                    getattr(module, name).detach()[1] = wrong
                loop.log({"loss": torch.tensor(1.0)})

    with pytest.raises(UserError, match="demo: a weight of epoch 1 is NaN or infinite; train"):
        go()
    assert loop.path.exists() is saves
    if saves:
        before = torch.nn.BatchNorm1d(3)
        Loop(StageContext(tmp_path, "x", resume=True), 7, 1, {"module": before})
        assert all(torch.isfinite(x).all() for x in before.state_dict().values())
