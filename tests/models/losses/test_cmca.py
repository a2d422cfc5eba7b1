"""CM-CA: golden numbers, a literal reference, the swap, and what it refuses."""

from __future__ import annotations

import math
from functools import partial

import pytest
import torch

from physiosync_models.losses import CrossModalAlignment, cross_loss, dependent_loss
from physiosync_models.released_weights import expected_cmca, import_cmca


@pytest.mark.parametrize(
    ("n_features", "loss", "train", "printed"),
    [
        (2560, dependent_loss, True, "17.689039"),
        (2560, dependent_loss, False, "13.198497"),
        (2560, cross_loss, True, "12.227933"),
        (512, dependent_loss, True, "19.176313"),
        (512, dependent_loss, False, "10.930382"),
        (512, cross_loss, True, "13.254438"),
    ],
)
@torch.no_grad()
def test_golden_numbers(fill, feat, assert_printed, n_features, loss, train, printed):
    module = CrossModalAlignment(n_features, loss)
    module.load_state_dict(import_cmca(fill(expected_cmca(n_features)), n_features))
    module.double().train(train)
    eeg, pps = feat(16, n_features), feat(16, n_features, 1.3)
    assert_printed(module(eeg, pps), printed)


def test_each_modality_has_its_own_batch_statistics_and_halves_are_swapped():
    seen = []

    def loss(rows):
        seen.append(rows)
        return rows.sum()

    module = CrossModalAlignment(3, loss, dim=5)
    eeg, pps = torch.randn(8, 3), torch.randn(8, 3) + 4
    value = module(eeg, pps)

    def normed(x):
        y = x @ module.fc.weight.T + module.fc.bias
        return (y - y.mean(0)) / (y.var(0, unbiased=False) + 1e-5).sqrt()

    e, g = normed(eeg), normed(pps)
    torch.testing.assert_close(seen[0], torch.stack([*g[:4], *e[4:]]))
    torch.testing.assert_close(seen[1], torch.stack([*e[:4], *g[4:]]))
    torch.testing.assert_close(value, (seen[0].sum() + seen[1].sum()) / 2)


def test_running_statistics_mix_both_modalities():
    module = CrossModalAlignment(3, dependent_loss, dim=5)
    module(torch.randn(8, 3), torch.randn(8, 3))
    assert module.bn.num_batches_tracked.item() == 2


def test_modalities_are_exchangeable():
    module = CrossModalAlignment(6, partial(cross_loss, temperature=0.2), dim=4)
    eeg, pps = torch.randn(2, 8, 6)
    torch.testing.assert_close(module(eeg, pps), module(pps, eeg))


def test_chance_in_closed_form():
    module = CrossModalAlignment(4, dependent_loss, dim=3).eval()
    with torch.no_grad():
        module.fc.weight.zero_()
    same = module(torch.randn(16, 4), torch.randn(16, 4))
    assert same.item() == pytest.approx(2 * math.log(15))


def test_gradients_reach_both_modalities_and_every_parameter():
    module = CrossModalAlignment(6, dependent_loss, dim=4)
    eeg, pps = torch.randn(2, 8, 6, requires_grad=True).unbind()
    eeg.retain_grad()
    pps.retain_grad()
    module(eeg, pps).backward()
    for tensor in (eeg, pps, module.fc.weight, module.bn.weight):
        assert tensor.grad is not None
        assert tensor.grad.abs().sum() > 0


@pytest.mark.parametrize(("rows_eeg", "rows_pps"), [(8, 6), (7, 7)])
def test_rows_that_do_not_match_are_refused(rows_eeg, rows_pps):
    module = CrossModalAlignment(3, dependent_loss, dim=2)
    with pytest.raises(ValueError, match="even number of rows"):
        module(torch.ones(rows_eeg, 3), torch.ones(rows_pps, 3))
