"""The released procedure, to measure against: loops, default Adam, all parameters.

Nothing trains with this. It does what the release does in the way the release does it (windows
gathered subject by subject out of a six-fold copy in memory, losses row by row, parameters that
nothing uses kept in the optimiser), so that `contrastive.pretrain` can be shown to do the same
faster.
Source: facts of PhysioSync's release (arXiv 2504.17163); none of its code.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from physiosync_models.config import EncoderConfig
from physiosync_models.encoder import Encoder, ProjectedEncoder
from physiosync_models.layers import Block
from physiosync_training.contrastive.model import ContrastModel


class UnusedParameters(nn.Module):
    """What the release creates and never uses: a second MLP and norm, prompts of the other kind.

    Parameters
    ----------
    config : EncoderConfig
    """

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        dim, hidden = config.dim, config.mlp_ratio * config.dim
        self.mlp = nn.Sequential(nn.Linear(dim, hidden), nn.Linear(hidden, dim))
        self.norm = nn.LayerNorm(dim)
        self.prompts = nn.ParameterList(
            nn.Parameter(torch.zeros(1, config.n_prompts, dim))
            for _ in range(config.depth if config.n_prompts else 0)
        )


def released_block(block: Block, x: Tensor) -> Tensor:
    """Pass tokens through a block, the prompts all the way, attention written out."""
    n_tokens = x.shape[1]
    if block.prompt is not None:
        x = torch.cat((x, block.prompt.expand(len(x), -1, -1)), dim=1)
    attention, normed = block.attn, block.norm1(x)
    zero = torch.zeros_like(attention.q_bias)
    bias = torch.cat((attention.q_bias, zero, attention.v_bias))
    qkv = F.linear(normed, attention.qkv.weight, bias)
    qkv = qkv.reshape(*x.shape[:2], 3, attention.n_heads, -1).permute(2, 0, 3, 1, 4)
    q, k, v = qkv[0] * qkv.shape[-1] ** -0.5, qkv[1], qkv[2]
    weights = (q @ k.transpose(-2, -1)).softmax(dim=-1)
    x = x + block.gamma_1 * attention.proj((weights @ v).transpose(1, 2).reshape(x.shape))
    x = x + block.gamma_2 * block.mlp(block.norm2(x))
    return x[:, :n_tokens]


def released_encode(encoder: Encoder, x: Tensor) -> Tensor:
    """Encode windows, shape (batch, n_chans, n_times), to (batch, 4 * dim)."""
    views = encoder.embedding(x)
    tokens = torch.cat((encoder.cls_token.expand(len(x), -1, -1), views), dim=1)
    tokens = tokens + encoder.type_embed + encoder.pos_embed
    tokens = F.dropout(tokens, encoder.token_dropout, encoder.training)
    for block in encoder.blocks:
        assert isinstance(block, Block)
        tokens = released_block(block, tokens)
    out: Tensor = encoder.norm(tokens).flatten(1)
    return out


def released_groups(batch: Tensor, groups: Tensor) -> Tensor:
    """Gather the drawn subjects' windows one by one.

    Parameters
    ----------
    batch : Tensor, shape (n_windows, n_subjects, n_chans, n_times)
    groups : int64 Tensor, shape (n_windows, 2, group_size)

    Returns
    -------
    Tensor, shape (2 * n_windows * group_size, n_chans, n_times)
    """
    rows = []
    for side in range(2):
        for window in range(len(batch)):
            rows += [batch[window, subject] for subject in groups[window, side].tolist()]
    return torch.stack(rows)


def released_pool(x: Tensor, group_size: int) -> Tensor:
    """Element-wise maximum of every group's rows."""
    groups = [x[at : at + group_size] for at in range(0, len(x), group_size)]
    return torch.stack([group.max(dim=0).values for group in groups])


def released_dependent(x: Tensor, tau: float) -> Tensor:
    """Loss of the Dependent scheme, row by row."""
    x = F.normalize(x, dim=1)
    n = len(x) // 2
    total = x.new_zeros(())
    for mine, other in ((x[:n], x[n:]), (x[n:], x[:n])):
        for i in range(n):
            across = other @ mine[i] / tau
            within = mine @ mine[i] / tau
            within = within - 1e9 * (torch.arange(n, device=x.device) == i)
            logits = torch.cat((across, within))
            total = total + (torch.logsumexp(logits, 0) - logits[i]) / n
    return total


def released_cross(x: Tensor, temperature: float) -> Tensor:
    """Loss of the Cross scheme, row by row."""
    x = F.normalize(x, dim=1)
    n = len(x) // 2
    total = x.new_zeros(())
    for i in range(2 * n):
        partner = (i + n) % (2 * n)
        others = [j for j in range(2 * n) if j not in (i, partner)]
        logits = torch.stack([x[i] @ x[j] for j in [*others, partner]]) / temperature
        total = total + (torch.logsumexp(logits, 0) - logits[-1]) / (2 * n)
    return total


def _project(encoder: ProjectedEncoder, x: Tensor) -> tuple[Tensor, Tensor]:
    features = released_encode(encoder.encoder, x)
    return encoder.projector(features), features


@dataclass
class ReleasedSteps:
    """Steps of the released pre-training on a model.

    Attributes
    ----------
    model : ContrastModel
        Trained in place; its own forward is not used.
    cross : bool
        Loss of the Cross scheme instead of the Dependent one.
    tau, lr, weight_decay : float
    """

    model: ContrastModel
    cross: bool
    tau: float
    lr: float
    weight_decay: float

    def __post_init__(self) -> None:
        encoders = (self.model.eeg.encoder, self.model.pps.encoder)
        self.unused = nn.ModuleList(UnusedParameters(encoder.config) for encoder in encoders)
        parameters = [*self.model.parameters(), *self.unused.parameters()]
        self.optimiser = torch.optim.Adam(parameters, self.lr, weight_decay=self.weight_decay)

    def _loss(self, x: Tensor) -> Tensor:
        return released_cross(x, self.tau) if self.cross else released_dependent(x, self.tau)

    def _align(self, eeg: Tensor, pps: Tensor) -> Tensor:
        align = self.model.align
        eeg, pps = align.bn(align.fc(eeg)), align.bn(align.fc(pps))
        n = len(eeg) // 2
        first = torch.stack([*pps[:n], *eeg[n:]])
        second = torch.stack([*eeg[:n], *pps[n:]])
        return 0.5 * self._loss(first) + 0.5 * self._loss(second)

    def losses(self, eeg: Tensor, pps: Tensor) -> Tensor:
        """Total loss of a batch in the order of `released_groups`."""
        size = self.model.group_size
        z_eeg, h_eeg = (released_pool(x, size) for x in _project(self.model.eeg, eeg))
        z_pps, h_pps = (released_pool(x, size) for x in _project(self.model.pps, pps))
        within = 0.5 * self._loss(z_eeg) + 0.5 * self._loss(z_pps)
        return within + self._align(h_eeg, h_pps)

    def step(self, eeg: Tensor, pps: Tensor) -> Tensor:
        """Train on one batch."""
        self.model.train()
        loss = self.losses(eeg, pps)
        self.optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self.optimiser.step()
        return loss.detach()
