"""Encode windows of one modality as feature vectors, and project them for pre-training.

The released encoders have some probably unintended properties. ``faithful=False`` fixes them:

- token dropout applies to both modalities (released: only to EEG),
- the MLP of a block is Linear, GELU, Linear (released: a ReLU after both layers),
- the projector has a ReLU after each batch norm (released: none, so that it is linear),
- the projector's dropout is off in eval mode (released: always on),
- in train mode all slices pass the 1 s encoder at once (released: slice by slice, so that batch
  norm sees five batches; see `physiosync_models.fusion`).

``faithful=True`` keeps all five. Unused parameters of the release are omitted in both cases.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from physiosync_models.config import N_TOKENS, EncoderConfig
from physiosync_models.embedding import make_embedding
from physiosync_models.layers import Block, init_truncated


class Encoder(nn.Module):
    """Encoder of one modality: embedding, class token, transformer blocks, norm.

    Parameters
    ----------
    config : EncoderConfig
    """

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        self.config = config
        dim = config.dim
        self.embedding = make_embedding(config)
        self.cls_token = nn.Parameter(torch.empty(1, 1, dim))
        self.type_embed = nn.Parameter(torch.empty(1, 1, dim))
        self.pos_embed = nn.Parameter(torch.empty(1, N_TOKENS, dim))
        init_truncated(self.cls_token, self.type_embed, self.pos_embed)
        self.blocks = nn.ModuleList(
            Block(dim, config.n_heads, config.mlp_ratio * dim, config.n_prompts, config.faithful)
            for _ in range(config.depth)
        )
        self.norm = nn.LayerNorm(dim)

    @property
    def token_dropout(self) -> float:
        """Probability of dropping a token's feature in train mode."""
        disabled = self.config.faithful and self.config.modality == "pps"
        return 0.0 if disabled else self.config.dropout

    def forward(self, x: Tensor) -> Tensor:
        """Encode windows.

        Parameters
        ----------
        x : Tensor, shape (batch, n_chans, n_times)

        Returns
        -------
        Tensor, shape (batch, 4 * dim)

        Raises
        ------
        ValueError
            The shape of the windows does not match the configuration.
        """
        expected = (self.config.n_chans, self.config.n_times)
        if x.ndim != 3 or tuple(x.shape[1:]) != expected:
            raise ValueError(
                f"{self.config.modality} windows have shape {tuple(x.shape)}, "
                f"expected (batch, {expected[0]}, {expected[1]})"
            )
        views = self.embedding(x)  # (B, 3, D)
        tokens = torch.cat((self.cls_token.expand(len(x), -1, -1), views), dim=1)  # (B, 4, D)
        tokens = tokens + self.type_embed + self.pos_embed
        tokens = F.dropout(tokens, self.token_dropout, self.training)
        for block in self.blocks:
            tokens = block(tokens)
        out: Tensor = self.norm(tokens).flatten(1)  # (B, 4D)
        return out


class Projector(nn.Module):
    """Projector of features to the space of the contrastive loss, for pre-training only.

    Parameters
    ----------
    config : EncoderConfig
        Configuration of its encoder.
    """

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        first, second, third = config.projector_dims
        self.dropout = config.dropout
        self.faithful = config.faithful
        self.fc1 = nn.Linear(config.out_dim, first)
        self.bn1 = nn.BatchNorm1d(first)
        self.fc2 = nn.Linear(first, second)
        self.bn2 = nn.BatchNorm1d(second)
        self.fc3 = nn.Linear(second, third)

    def _activate(self, x: Tensor) -> Tensor:
        if self.faithful:
            return F.dropout(x, self.dropout, training=True)
        return F.dropout(F.relu(x), self.dropout, self.training)

    def forward(self, x: Tensor) -> Tensor:
        """Project features, shape (batch, 4 * dim), to shape (batch, projector_dims[2])."""
        x = self._activate(self.bn1(self.fc1(x)))
        x = self._activate(self.bn2(self.fc2(x)))
        out: Tensor = self.fc3(x)
        return out


class ProjectedEncoder(nn.Module):
    """Encoder with its projector, for pre-training.

    Parameters
    ----------
    config : EncoderConfig
    """

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        self.encoder = Encoder(config)
        self.projector = Projector(config)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return projections and features of windows (batch, n_chans, n_times), in this order."""
        features = self.encoder(x)
        return self.projector(features), features
