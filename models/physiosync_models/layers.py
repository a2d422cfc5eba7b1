"""Transformer layers: attention, MLP and the pre-norm block with prompts."""

from __future__ import annotations

import copy
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

_LAYER_SCALE = 0.1

_Network = TypeVar("_Network", bound=nn.Module)


def init_truncated(*tensors: Tensor) -> None:
    """Initialize tensors with the truncated normal (std 0.02) of the release's embeddings."""
    for tensor in tensors:
        nn.init.trunc_normal_(tensor, std=0.02)


class Attention(nn.Module):
    """Multi-head self-attention with a bias for queries and values but not for keys.

    Parameters
    ----------
    dim, n_heads : int
        Token width and number of heads; ``dim`` is a multiple of ``n_heads``.
    """

    def __init__(self, dim: int, n_heads: int) -> None:
        super().__init__()
        self.n_heads = n_heads
        self.q_bias = nn.Parameter(torch.zeros(dim))
        self.v_bias = nn.Parameter(torch.zeros(dim))
        self.qkv = nn.Linear(dim, 3 * dim, bias=False)
        self.proj = nn.Linear(dim, dim)

    def forward(self, x: Tensor, n_queries: int | None = None) -> Tensor:
        """Apply self-attention.

        Parameters
        ----------
        x : Tensor, shape (batch, n_tokens, dim)
        n_queries : int, optional
            Number of query tokens: only the first so many attend and are returned; all by
            default.

        Returns
        -------
        Tensor, shape (batch, n_queries, dim)
        """
        bias = torch.cat((self.q_bias, torch.zeros_like(self.q_bias), self.v_bias))
        if n_queries is None or n_queries == x.shape[1]:
            q, k, v = self._heads(F.linear(x, self.qkv.weight, bias), 3)
        else:
            dim = x.shape[2]
            queries = F.linear(x[:, :n_queries], self.qkv.weight[:dim], self.q_bias)
            (q,) = self._heads(queries, 1)
            k, v = self._heads(F.linear(x, self.qkv.weight[dim:], bias[dim:]), 2)
        return self._mix(q, k, v)

    def _mix(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """Attend with queries, keys and values of shape (B, H, N, D/H); return (B, A, D)."""
        mixed = F.scaled_dot_product_attention(q, k, v)  # (B, H, A, D/H)
        out: Tensor = self.proj(mixed.transpose(1, 2).flatten(2))  # (B, A, D)
        return out

    def _heads(self, x: Tensor, n: int) -> tuple[Tensor, ...]:
        """Split (B, N, n * D) into n tensors of shape (B, H, N, D/H)."""
        return torch.unflatten(x, -1, (n, self.n_heads, -1)).permute(2, 0, 3, 1, 4).unbind()


class SplitAttention(Attention):
    """Trained attention with one dense layer for queries and one for keys and values.

    `Attention` reads parts of one weight. Engines that replace dense layers by faster ones need
    whole layers.

    Parameters
    ----------
    trained : Attention
        Its weights are shared, not copied.
    """

    def __init__(self, trained: Attention) -> None:
        nn.Module.__init__(self)
        self.n_heads = trained.n_heads
        dim = trained.qkv.in_features
        weight, v_bias = trained.qkv.weight.detach(), trained.v_bias.detach()
        self.queries = _dense(weight[:dim], trained.q_bias.detach())
        self.keys_values = _dense(weight[dim:], torch.cat((torch.zeros_like(v_bias), v_bias)))
        self.proj = trained.proj

    def forward(self, x: Tensor, n_queries: int | None = None) -> Tensor:
        """Apply self-attention; parameters and result as in `Attention`."""
        (q,) = self._heads(self.queries(x[:, :n_queries]), 1)
        k, v = self._heads(self.keys_values(x), 2)
        return self._mix(q, k, v)


def _dense(weight: Tensor, bias: Tensor) -> nn.Linear:
    """Make a dense layer of these weights, which are not copied."""
    layer = nn.Linear(weight.shape[1], weight.shape[0], device="meta")
    layer.weight = nn.Parameter(weight, requires_grad=False)
    layer.bias = nn.Parameter(bias, requires_grad=False)
    return layer


def of_whole_layers(network: _Network) -> _Network:
    """Return a twin of a trained network whose matrix products are all whole `nn.Linear` layers.

    The twin shares the weights and is in eval mode; its results are those of the network.
    """
    tensors = (*network.parameters(), *network.buffers())
    twin = copy.deepcopy(network, {id(tensor): tensor for tensor in tensors})
    for module in tuple(twin.modules()):
        for name, child in tuple(module.named_children()):
            if type(child) is Attention:
                setattr(module, name, SplitAttention(child))
    return twin.eval()


class Mlp(nn.Module):
    """Feed-forward network of two dense layers, per token.

    Parameters
    ----------
    dim, hidden : int
    faithful : bool
        ReLU after *both* layers, as released, so that the output is never negative; otherwise
        GELU after the first layer only.
    """

    def __init__(self, dim: int, hidden: int, faithful: bool) -> None:
        super().__init__()
        self.faithful = faithful
        self.fc1 = nn.Linear(dim, hidden)
        self.fc2 = nn.Linear(hidden, dim)

    def forward(self, x: Tensor) -> Tensor:
        """Transform tokens, shape (batch, n_tokens, dim); the shape stays."""
        if self.faithful:
            return F.relu(self.fc2(F.relu(self.fc1(x))))
        out: Tensor = self.fc2(F.gelu(self.fc1(x)))
        return out


class Block(nn.Module):
    """Pre-norm transformer block with layer scale and its own prompt tokens.

    The prompts are appended to the sequence as keys and values and removed again, so that the
    number of tokens stays. Their own outputs are not used, so they are not computed.

    Parameters
    ----------
    dim, n_heads, hidden, n_prompts : int
    faithful : bool
        See `Mlp`.
    """

    def __init__(self, dim: int, n_heads: int, hidden: int, n_prompts: int, faithful: bool) -> None:
        super().__init__()
        self.gamma_1 = nn.Parameter(torch.full((dim,), _LAYER_SCALE))
        self.gamma_2 = nn.Parameter(torch.full((dim,), _LAYER_SCALE))
        self.norm1 = nn.LayerNorm(dim)
        self.attn = Attention(dim, n_heads)
        self.norm2 = nn.LayerNorm(dim)
        self.mlp = Mlp(dim, hidden, faithful)
        self.prompt: nn.Parameter | None = None
        if n_prompts:
            self.prompt = nn.Parameter(torch.empty(1, n_prompts, dim))
            init_truncated(self.prompt)

    def forward(self, x: Tensor) -> Tensor:
        """Transform tokens, shape (batch, n_tokens, dim); the shape stays."""
        n_tokens, extended = x.shape[1], x
        if self.prompt is not None:
            extended = torch.cat((x, self.prompt.expand(len(x), -1, -1)), dim=1)  # (B, N + P, D)
        x = x + self.gamma_1 * self.attn(self.norm1(extended), n_tokens)
        out: Tensor = x + self.gamma_2 * self.mlp(self.norm2(x))
        return out
