"""Windows on the way to a network: the two sides of a pair show the same seconds of a stimulus."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from physiosync_training.datasets.dataset import Dataset, Signals
from physiosync_training.datasets.index import N_TIMES
from physiosync_training.datasets.loader import WindowLoader
from physiosync_training.datasets.trials import Label, TableBuilder

CPU = torch.device("cpu")
TRIAL = 12 * N_TIMES


def clocks(template: Dataset, trials: list[list[tuple[int, int]]]) -> Dataset:
    """One trial of each subject, cut into stretches, whose signal is the sample's own number.

    Parameters
    ----------
    template : Dataset
        Lends its contracts.
    trials : list of list of (start, length)
        Stretches of every subject's trial.
    """
    builder = TableBuilder()
    kept: list[tuple[int, int]] = []
    for subject, segments in enumerate(trials):
        label = Label(f"s{subject}", 0, "clip", 7.0, 7.0)
        stored = builder.add(label, segments)
        kept += [each for each, is_kept in zip(segments, stored, strict=True) if is_kept]
    table = builder.table("clocks")
    lengths = np.array([length for _, length in kept])
    starts = np.cumsum(lengths) - lengths

    def signals(n_chans: int) -> Signals:
        flat = [np.tile(np.arange(at, at + n), n_chans) for at, n in kept]
        return Signals(np.concatenate(flat).astype(np.float32), starts, lengths, n_chans)

    names = {"subjects": tuple(builder.subjects), "stimuli": tuple(builder.stimuli)}
    return replace(
        template,
        info=template.info.model_copy(update=names),
        table=table,
        eeg=signals(2),
        pps=signals(1),
    )


@st.composite
def stretches(draw: st.DrawFn) -> list[list[tuple[int, int]]]:
    """Trials of several people, all with the sixth window and each with a gap on either side."""
    people = []
    for _ in range(draw(st.integers(2, 5))):
        first = draw(st.integers(0, 5 * N_TIMES))
        stop = draw(st.integers(6 * N_TIMES, TRIAL))
        gap = draw(st.integers(1, 300))
        segments = [(0, first - gap)] if first - gap > 0 else []
        segments.append((first, stop - first))
        if stop + gap < TRIAL:
            segments.append((stop + gap, TRIAL - stop - gap))
        people.append(segments)
    return people


@pytest.mark.parametrize("seconds", [1, 5])
@settings(max_examples=40, deadline=None)
@given(people=stretches(), key=st.integers(0, 2**31 - 1))
def test_both_sides_of_a_pair_start_at_the_same_sample_of_the_trial(
    make_dataset, seconds, people, key
) -> None:
    data = clocks(make_dataset(), people)
    loader = WindowLoader(data, seconds, CPU, random_offsets=True)
    rows = np.flatnonzero(data.table.window == 5)
    numbers = loader.numbers(rows).reshape(len(rows), -1)
    pairs = np.stack([np.stack([numbers[0], each]) for each in numbers[1:]], axis=1)
    eeg, pps = loader.fetch_groups(pairs.reshape(2, -1, 1), key, slice(None))
    starts = eeg[:, 0, 0].reshape(2, -1)
    torch.testing.assert_close(starts[0], starts[1], rtol=0, atol=0)
    torch.testing.assert_close(pps[:, 0, 0], eeg[:, 0, 0], rtol=0, atol=0)
    # Nothing reaches over a gap.
    steps = torch.arange(eeg.shape[-1], dtype=eeg.dtype)
    assert (eeg - eeg[..., :1] == steps).all()


def test_a_pair_is_drawn_from_all_that_its_sides_have_in_common(make_dataset) -> None:
    data = clocks(make_dataset(), [[(0, TRIAL)], [(1536, TRIAL - 1536)], [(0, 4 * N_TIMES)]])
    loader = WindowLoader(data, 5, CPU, random_offsets=True)
    third = np.flatnonzero(data.table.window == 3)
    assert len(third) == 3
    drawn = []
    for key in range(300):
        eeg, _ = loader.fetch_groups(np.tile(third[:2, None, None], (1, 8, 1)), key, slice(None))
        drawn.append(eeg[:, 0, 0].reshape(2, -1)[0])
    found = torch.cat(drawn)
    assert found.min() < 1536 + 100
    assert found.max() > TRIAL - N_TIMES - 100
    assert (found >= 1536).all()
    # With the third person between 12 and 20 s alone.
    eeg, _ = loader.fetch_groups(np.tile(third[1:, None, None], (1, 500, 1)), 0, slice(None))
    assert eeg[:, 0, 0].min() < 1536 + 50
    assert 4 * N_TIMES - N_TIMES - 50 < eeg[:, 0, 0].max() <= 4 * N_TIMES - N_TIMES


def test_sides_that_share_no_seconds_are_each_drawn_anywhere(make_dataset) -> None:
    """The release's random pairs."""
    data = clocks(make_dataset(), [[(0, TRIAL)], [(0, TRIAL)]])
    loader = WindowLoader(data, 5, CPU, random_offsets=True)
    numbers = np.tile(np.array([0, 12 + 11])[:, None, None], (1, 400, 1))
    eeg, _ = loader.fetch_groups(numbers, 4, slice(None))
    starts = eeg[:, 0, 0].reshape(2, -1)
    assert (starts.min(dim=1).values < 200).all()
    assert (starts.max(dim=1).values > TRIAL - N_TIMES - 200).all()
    assert abs(np.corrcoef(starts.numpy())[0, 1]) < 0.2


def test_any_share_of_a_batch_is_that_part_of_the_whole(make_dataset) -> None:
    data = clocks(make_dataset(), [[(0, TRIAL)], [(700, TRIAL - 700)]])
    loader = WindowLoader(data, 1, CPU, random_offsets=True)
    numbers = loader.numbers(np.arange(10)).reshape(1, -1, 1)
    both = np.concatenate([numbers, numbers + 5 * 12], axis=0)
    whole = loader.fetch_groups(both, 9, slice(None))[0].reshape(2, 50, 2, 128)
    part = loader.fetch_groups(both, 9, slice(20, 33))[0].reshape(2, 13, 2, 128)
    torch.testing.assert_close(part, whole[:, 20:33])
