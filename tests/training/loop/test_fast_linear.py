"""Dense layers by oneDNN: the same numbers and gradients, and nothing else touched."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from physiosync_training.loop import fast_linear as module
from physiosync_training.loop.fast_linear import fast_linear, is_available

pytestmark = pytest.mark.skipif(not is_available(), reason="this torch has no oneDNN")


@pytest.fixture
def calls(monkeypatch) -> list[tuple[int, ...]]:
    """Shapes that went through oneDNN."""
    found = []
    product = module._product

    def counted(x, weight, bias=None):
        found.append(tuple(x.shape))
        return product(x, weight, bias)

    monkeypatch.setattr(module, "_product", counted)
    return found


@pytest.mark.parametrize("shape", [(7, 20), (3, 5, 20), (20,)])
@pytest.mark.parametrize("bias", [True, False])
def test_values_and_gradients_are_those_of_the_usual_layer(calls, shape, bias):
    torch.manual_seed(0)
    layer = nn.Linear(20, 12, bias=bias)
    x = torch.randn(shape, requires_grad=True)
    weights = torch.randn(*shape[:-1], 12)
    exact = [p.detach().double() for p in (x, *layer.parameters())]
    for tensor in exact:
        tensor.requires_grad_()
    y = F.linear(*exact)
    expected = torch.autograd.grad((y * weights.double()).sum(), exact)
    with fast_linear():
        out = layer(x)
    torch.testing.assert_close(out.double(), y, rtol=1e-5, atol=1e-5)
    (out * weights).sum().backward()
    for mine, other in zip((x, *layer.parameters()), expected, strict=True):
        torch.testing.assert_close(mine.grad.double(), other, rtol=1e-5, atol=1e-5)
    assert len(calls) == 3


def test_a_slice_of_a_weight_gets_its_gradient():
    weight = torch.randn(30, 8, requires_grad=True)
    x = torch.randn(5, 8)
    with fast_linear():
        F.linear(x, weight[:10], torch.ones(10)).sum().backward()
    expected = torch.cat((x.sum(0).expand(10, 8), torch.zeros(20, 8)))
    torch.testing.assert_close(weight.grad, expected)


def test_what_is_not_trained_gets_no_gradient(calls):
    layer = nn.Linear(4, 3).requires_grad_(False)
    x = torch.randn(2, 4, requires_grad=True)
    with fast_linear():
        layer(x).sum().backward()
        with torch.no_grad():
            assert not layer(x).requires_grad
    assert layer.weight.grad is None
    assert len(calls) == 3


def test_other_precisions_and_empty_batches_go_the_usual_way(calls):
    layer = nn.Linear(4, 3)
    with fast_linear():
        copy = nn.Linear(4, 3).double()
        assert copy(torch.randn(2, 4, dtype=torch.float64)).dtype == torch.float64
        with torch.autocast("cpu", dtype=torch.bfloat16):
            assert layer(torch.randn(2, 4)).dtype == torch.bfloat16
        assert layer(torch.randn(0, 4)).shape == (0, 3)
    layer(torch.randn(2, 4))
    assert not calls


def test_it_is_there_whatever_the_usual_precision_is(double):
    is_available.cache_clear()
    try:
        assert is_available()
    finally:
        is_available.cache_clear()
