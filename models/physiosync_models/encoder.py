"""One modality at one window length to a feature vector, and the projector for pre-training.

The released encoders carry some habits that its authors probably did not mean. With
``faithful=False`` they are corrected:

- dropout of the tokens applies to both modalities (released: to EEG alone),
- the MLP of a block is Linear, GELU, Linear (released: a ReLU after either layer),
- the projector has a ReLU after each batch norm (released: none, so that it is one linear map),
- the projector's dropout sleeps in eval mode (released: it is always awake),
- a train-mode batch of windows passes the 1 s encoder at once (released: slice by slice, so
  that batch norm sees five batches; see `physiosync_models.fusion`).

``faithful=True`` keeps all five. Parameters of the release that nothing uses do not exist here
in either case.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from physiosync_models.config import N_TOKENS, EncoderConfig
from physiosync_models.embedding import make_embedding
from physiosync_models.layers import Block, init_truncated


class Encoder(nn.Module):
    """Embedding, class token, transformer blocks, norm; the tokens side by side come out.

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
        skipped = self.config.faithful and self.config.modality == "pps"
        return 0.0 if skipped else self.config.dropout

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
            If the windows have another shape than the configuration says.
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
    """Feature vector to the space of the contrastive loss; for pre-training alone.

    Parameters
    ----------
    config : EncoderConfig
        Of the encoder that it follows.
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

    def _between(self, x: Tensor) -> Tensor:
        if self.faithful:
            return F.dropout(x, self.dropout, training=True)
        return F.dropout(F.relu(x), self.dropout, self.training)

    def forward(self, x: Tensor) -> Tensor:
        """Features, shape (batch, 4 * dim), to projections, shape (batch, projector_dims[2])."""
        x = self._between(self.bn1(self.fc1(x)))
        x = self._between(self.bn2(self.fc2(x)))
        out: Tensor = self.fc3(x)
        return out


class ProjectedEncoder(nn.Module):
    """An encoder with its projector, as pre-training needs them.

    Parameters
    ----------
    config : EncoderConfig
    """

    def __init__(self, config: EncoderConfig) -> None:
        super().__init__()
        self.encoder = Encoder(config)
        self.projector = Projector(config)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Windows (batch, n_chans, n_times) to projections and features, in this order."""
        features = self.encoder(x)
        return self.projector(features), features
