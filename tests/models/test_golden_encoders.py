"""Encoders and projectors against numbers computed by the authors' released code."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from physiosync_models import ModelConfig, ProjectedEncoder, deap_paper, dreamer_paper
from physiosync_models.released_weights import expected_encoder, import_encoder

DEAP, DREAMER = deap_paper(faithful=True), dreamer_paper(faithful=True)

# mean, std, y[0, :4], y[3, -1] of the features in eval mode; the same of the projections with
# their dropout disabled; mean, std, y[3, -1] of the features in train mode without dropout.
GOLDEN = {
    "deap_eeg_5s": (
        "-0.0008364 1.0127779 -1.089878 -0.241906 1.125298 0.816984 0.358184",
        "0.0003049 2.469297 -0.487124 1.429862 -2.123415 2.832122 0.351213",
        "-0.0010440 1.0120187 0.140912",
    ),
    "deap_eeg_1s": (
        "-0.0395582 1.0282284 -0.424131 0.149338 -1.145749 0.682998 -1.426680",
        "0.0003033 2.423479 -0.485723 1.411788 -2.08987 2.785334 0.337253",
        "-0.0397254 1.0267363 -0.992154",
    ),
    "deap_pps_5s": (
        "0.0007360 1.0083205 -0.823061 -0.794471 0.581866 0.944817 0.344811",
        "0.0003039 2.454035 -0.488762 1.425703 -2.113736 2.817565 0.344415",
        "-0.0005314 1.0105242 -0.742527",
    ),
    "deap_pps_1s": (
        "-0.0390438 1.0280009 -0.741504 0.444715 -0.88631 0.570812 -1.027466",
        "0.0003034 2.424977 -0.485823 1.412446 -2.091042 2.786942 0.337679",
        "-0.0399497 1.0265156 0.933703",
    ),
    "dreamer_eeg_1s": (
        "-0.0393611 1.0285650 -0.422563 0.148597 -1.146362 0.683372 -0.980983",
        "0.0003033 2.423469 -0.485724 1.411808 -2.089907 2.785387 0.337239",
        "-0.0397134 1.0264606 0.604877",
    ),
    "dreamer_pps_1s": (
        "-0.0385517 1.0297786 -0.648088 0.440232 -0.925755 0.623518 -0.201804",
        "0.0003033 2.422821 -0.485695 1.411561 -2.089458 2.784766 0.336998",
        "-0.0404046 1.0263974 0.293928",
    ),
}


def summary(y: torch.Tensor) -> torch.Tensor:
    return torch.cat((torch.stack((y.mean(), y.std())), y[0, :4], y[3, -1:]))


@pytest.mark.parametrize("which", GOLDEN)
@torch.no_grad()
def test_golden_numbers(which, fill, window, assert_printed):
    dataset, _, name = which.partition("_")
    model: ModelConfig = DEAP if dataset == "deap" else DREAMER
    pps_name = "gsr" if dataset == "deap" else "ecg"
    config = replace(model.encoders[name], dropout=0.0)
    with torch.device("meta"):
        network = ProjectedEncoder(config)
    released = fill(expected_encoder(config, pps_name))
    network.load_state_dict(import_encoder(released, config, pps_name), assign=True)
    x = window(config.n_chans, config.n_times)

    single = network.eval()(x.float())
    network.double()
    projections, features = network(x)
    trained = network.train().encoder(x)

    in_eval, projected, in_train = GOLDEN[which]
    assert_printed(summary(features), in_eval)
    assert_printed(summary(projections), projected)
    assert_printed(summary(trained)[[0, 1, -1]], in_train)
    for in_single, in_double in zip(single, (projections, features), strict=True):
        torch.testing.assert_close(in_single.double(), in_double, rtol=0, atol=5e-5)
