"""Networks tuned apart answer as one, if they take the same windows."""

from __future__ import annotations

import pytest
import torch

from physiosync_models import PerTargetEnsemble, PhysioSync, compact


def network(target: str, n_eeg: int = 2, **more) -> PhysioSync:
    config = compact(n_eeg, 1, targets=(target,), dim_1s=8, dim_5s=8, depth=1, **more)
    return PhysioSync(config).eval()


def test_each_member_answers_for_its_targets():
    valence, arousal = network("valence"), network("arousal")
    both = PerTargetEnsemble({"valence": valence, "arousal": arousal})
    assert both.config.targets == ("valence", "arousal")
    assert all(
        name.startswith(("members.valence.", "members.arousal.")) for name in both.state_dict()
    )
    x = torch.randn(3, 2, 640), torch.randn(3, 1, 640)
    found = both.predict_proba(*x)
    torch.testing.assert_close(found["valence"], valence.predict_proba(*x)["valence"])
    torch.testing.assert_close(found["arousal"], arousal.predict_proba(*x)["arousal"])


def test_members_that_do_not_go_together_are_refused():
    first = network("valence")
    with pytest.raises(ValueError, match=r"member b has .*'channels', 3, 1.*first one .*2, 1"):
        PerTargetEnsemble({"a": first, "b": network("arousal", n_eeg=3)})
    with pytest.raises(ValueError, match="member b has"):
        PerTargetEnsemble({"a": first, "b": network("arousal", routes=("fused",))})
    with pytest.raises(ValueError, match="unique names"):
        PerTargetEnsemble({"a": first, "b": network("valence")})
    with pytest.raises(ValueError, match="no members"):
        PerTargetEnsemble({})
