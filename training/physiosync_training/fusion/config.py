"""How a gated sum is fitted, as a person writes it in YAML."""

from __future__ import annotations

from pydantic import Field

from physiosync_rt.utils.yaml_config import FrozenModel


class FusionConfig(FrozenModel):
    """A fit of slow features in place of the training of a network.

    Attributes
    ----------
    strengths : tuple of float
        L2 regularisation to choose from, on inner people, for every linear term.
    pps : tuple of str, optional
        Peripheral features of the term; by default those that are known after 5 s.
    inner_folds : int
        Groups of training people that are left out in turn when logits are cross-fitted.
    shrinkage : float
        How strongly the weights of the sum are drawn to 1 and its bias to 0. On inner people a
        plain sum of cross-fitted logits was no worse than any other, so the default is strong.
    repeats : int
        How often the whole is done, each time with other folds; the first one is the report's.
    """

    strengths: tuple[float, ...] = Field((0.003, 0.03, 0.1, 0.3, 1.0, 3.0), min_length=1)
    pps: tuple[str, ...] | None = Field(None, min_length=1)
    inner_folds: int = Field(5, ge=2)
    shrinkage: float = Field(1.0, ge=0)
    repeats: int = Field(1, ge=1)
