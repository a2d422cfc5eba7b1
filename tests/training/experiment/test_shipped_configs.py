"""Every training that ships can be read, and reproductions are the release's schedule."""

from __future__ import annotations

import pytest

from physiosync_rt.utils.resources import configs_dir
from physiosync_rt.utils.yaml_config import read_yaml
from physiosync_training.contrastive.config import RELEASED_PRETRAIN
from physiosync_training.experiment.config import RunConfig
from physiosync_training.supervised.config import RELEASED_FINETUNE

_FOLDER = configs_dir() / "train"
_ALL = sorted(path.stem for path in _FOLDER.glob("*.yaml"))


def _run(name: str) -> RunConfig:
    return read_yaml(_FOLDER / f"{name}.yaml", RunConfig)


def test_all_that_were_promised_are_there() -> None:
    expected = {
        *RELEASED_PRETRAIN,
        *("deap-live", "dreamer-live", "eegmat", "debug", "leak_probe", "effect_probe"),
        *("demo-eeg32", "demo-muse"),
    }
    assert expected <= set(_ALL)


@pytest.mark.parametrize("name", _ALL)
def test_runs_say_what_they_are(name) -> None:
    config = _run(name)
    assert config.name == name.replace("_", "-")
    text = (_FOLDER / f"{name}.yaml").read_text(encoding="utf-8")
    assert text.startswith("# ")
    assert f"physiosync train --config {name} " in text


@pytest.mark.parametrize("name", sorted(RELEASED_PRETRAIN))
def test_reproductions_follow_the_release(name) -> None:
    config = _run(name)
    assert config.pretrain == RELEASED_PRETRAIN[name]
    released = RELEASED_FINETUNE[name]
    ours = config.finetune.model_copy(update={"targets": released.targets})
    assert ours == released
    assert config.networks[0].faithful
    assert config.networks[0].with_5s == name.startswith("deap")
    split = config.protocols[0]
    assert (split.order, split.validation) == ("released", 0)
    assert split.protocol == ("window" if name.endswith("dependent") else "subject")
    assert not config.random_offsets


@pytest.mark.parametrize(
    "name", ["deap-live", "dreamer-live", "eegmat", "effect_probe", "demo-eeg32", "demo-muse"]
)
def test_trainings_for_live_use_are_honest_and_shift_tolerant(name) -> None:
    config = _run(name)
    assert all(p.protocol != "window" and p.validation > 0 for p in config.protocols)
    assert config.random_offsets
    assert config.networks[0].preset == "compact"
    assert getattr(config.data, "profile", "live") == "live"


def test_the_leak_probe_tests_320_trials_one_by_one() -> None:
    config = _run("leak_probe")
    people = config.data.simulate
    assert people.subjects * people.trials >= 320
    assert people.fingerprint > 0
    assert config.interval_unit == "trial"
    assert {p.protocol for p in config.protocols} == {"window", "trial", "subject"}


_NETWORKS = [n for n in _ALL if not n.startswith("demo-") and _run(n).fusion is None]


@pytest.mark.parametrize("name", _NETWORKS)
def test_both_encoders_are_compared_everywhere(name) -> None:
    embeddings = {
        network.build(32, 1, ("valence",), 2, ("fused",)).eeg_1s.embedding
        for network in _run(name).networks
    }
    assert embeddings == {"paper", "conv"}
