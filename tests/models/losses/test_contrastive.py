"""Dependent and Cross losses: golden numbers, slow references, closed forms, symmetry."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from physiosync_models.losses import cross_loss, dependent_loss, nt_xent, pair_accuracy


def literal_dependent(x: Tensor, tau: float) -> float:
    """Section by section as the release writes it: two blocks of logits, diagonals pushed away."""
    x = x / x.norm(dim=1, keepdim=True)
    n = len(x) // 2
    a, b = x[:n], x[n:]
    total = 0.0
    for left, right in ((a, b), (b, a)):
        for i in range(n):
            logits = [float(left[i] @ right[j]) / tau for j in range(n)]
            logits += [float(left[i] @ left[j]) / tau - 1e9 * (i == j) for j in range(n)]
            top = max(logits)
            total += (top + math.log(sum(math.exp(v - top) for v in logits)) - logits[i]) / n
    return total


def literal_cross(x: Tensor, tau: float) -> float:
    """Every row against its negatives, then its positive last."""
    x = x / x.norm(dim=1, keepdim=True)
    rows, n = len(x), len(x) // 2
    losses = []
    for i in range(rows):
        partner = (i + n) % rows
        logits = [float(x[i] @ x[j]) / tau for j in range(rows) if j not in (i, partner)]
        logits.append(float(x[i] @ x[partner]) / tau)
        losses.append(math.log(sum(math.exp(v) for v in logits)) - logits[-1])
    return sum(losses) / rows


def literal_standardised(x: Tensor) -> Tensor:
    columns = []
    for column in x.T:
        values = column.tolist()
        mean = sum(values) / len(values)
        std = math.sqrt(sum((v - mean) ** 2 for v in values) / (len(values) - 1))
        columns.append([(v - mean) / (std + 1e-3) for v in values])
    return torch.tensor(columns, dtype=x.dtype).T


def test_golden_dependent(feat, assert_printed):
    assert_printed(dependent_loss(feat(16, 64)), "6.783105")
    assert_printed(nt_xent(feat(16, 64), 0.1), "3.3915524")


@pytest.mark.parametrize(
    ("temperature", "stratify", "printed"),
    [
        (0.07, "no", "3.912012"),
        (0.1, "no", "3.391552"),
        (0.07, "stratified", "3.451529"),
        (0.07, "bn", "3.795682"),
    ],
)
def test_golden_cross(feat, assert_printed, temperature, stratify, printed):
    assert_printed(cross_loss(feat(16, 64), temperature, stratify), printed)


@pytest.mark.parametrize(("n", "dim", "temperature"), [(1, 3, 0.1), (2, 5, 0.07), (7, 4, 0.5)])
def test_same_as_literal_references(n, dim, temperature):
    x = torch.randn(2 * n, dim, dtype=torch.float64)
    assert dependent_loss(x, temperature).item() == pytest.approx(literal_dependent(x, temperature))
    assert cross_loss(x, temperature).item() == pytest.approx(literal_cross(x, temperature))


def test_standardisation_same_as_literal_reference():
    x = torch.randn(10, 4, dtype=torch.float64) * torch.tensor([1, 5, 0.1, 2]) + 3
    halves = torch.cat((literal_standardised(x[:5]), literal_standardised(x[5:])))
    assert cross_loss(x, stratify="stratified").item() == pytest.approx(literal_cross(halves, 0.07))
    whole = literal_standardised(x)
    assert cross_loss(x, stratify="bn").item() == pytest.approx(literal_cross(whole, 0.07))


def test_equal_rows_give_the_value_of_chance():
    x = torch.ones(16, 5)
    assert cross_loss(x).item() == pytest.approx(math.log(15))
    assert dependent_loss(x).item() == pytest.approx(2 * math.log(15))


def test_closed_form_of_orthogonal_pairs():
    n, temperature = 4, 0.5
    x = torch.eye(n).repeat(2, 1)
    expected = math.log(1 + (2 * n - 2) * math.exp(-1 / temperature))
    assert nt_xent(x, temperature).item() == pytest.approx(expected)


@pytest.mark.parametrize("loss", [dependent_loss, cross_loss])
def test_symmetries(loss):
    a, b = torch.randn(2, 6, 8, dtype=torch.float64)
    value = loss(torch.cat((a, b)))
    order = torch.randperm(6)
    scale = torch.rand(12, 1, dtype=torch.float64) + 0.5
    torch.testing.assert_close(loss(torch.cat((b, a))), value)
    torch.testing.assert_close(loss(torch.cat((a[order], b[order]))), value)
    torch.testing.assert_close(loss(torch.cat((a, b)) * scale), value)


def test_gradient_is_that_of_finite_differences():
    x = torch.randn(6, 3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(dependent_loss, x)


def test_half_precision_is_computed_in_single():
    x = torch.randn(8, 16, dtype=torch.bfloat16)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        value = cross_loss(x)
    assert value.dtype == torch.float32
    torch.testing.assert_close(value, cross_loss(x.float()))


def test_pair_accuracy_counts_first_rows_that_find_their_partner():
    a = torch.eye(4)
    b = a[[0, 1, 3, 2]]
    assert pair_accuracy(torch.cat((a, a))).item() == 1.0
    assert pair_accuracy(torch.cat((a, b))).item() == 0.5


@pytest.mark.parametrize("shape", [(0, 4), (3, 4), (4,)])
def test_rows_that_are_no_pairs_are_refused(shape):
    for loss in (dependent_loss, cross_loss, pair_accuracy):
        with pytest.raises(ValueError, match="n_pairs"):
            loss(torch.ones(shape))


def test_unknown_or_impossible_standardisation_is_refused():
    with pytest.raises(ValueError, match="'batch'"):
        cross_loss(torch.ones(4, 2), stratify="batch")
    with pytest.raises(ValueError, match="two pairs"):
        cross_loss(torch.ones(2, 2), stratify="stratified")
