"""Released checkpoints to bundles: the same logits, live rows, and refusals that name the file."""

from __future__ import annotations

import csv
import json
import os
import pickle
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from helpers.golden import filled, golden_window
from torch import Tensor

from physiosync_models import (
    Features,
    Head,
    ModelConfig,
    PerTargetEnsemble,
    PhysioSync,
    ProjectedEncoder,
    deap_paper,
    dreamer_paper,
)
from physiosync_models.released_weights import (
    PpsName,
    expected_classifier,
    expected_encoder,
    import_classifier,
    import_encoder,
)
from physiosync_rt.bundle.bundle import Bundle, load_bundle, save_bundle
from physiosync_rt.bundle.import_release import import_reference
from physiosync_rt.bundle.predictor import Predictor
from physiosync_rt.cli import main
from physiosync_rt.datatypes import ModalityState, Prediction, Reason, Window
from physiosync_rt.errors import UserError
from physiosync_rt.formats.registry import read
from physiosync_rt.live.engine import Engine
from physiosync_rt.simulation.write_deap import write_deap
from physiosync_rt.simulation.write_dreamer import write_dreamer
from physiosync_rt.sources.file import FileSource

DEAP = deap_paper(targets=("valence",), routes=("fused",), faithful=True)
DREAMER = dreamer_paper(targets=("valence",), routes=("fused",), faithful=True)
DREAMER_4 = dreamer_paper(targets=("quadrant",), n_classes=4, routes=("fused",), faithful=True)
States = dict[str, dict[str, Tensor]]


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def released(config: ModelConfig, pps_name: PpsName, scale: float = 1.0) -> States:
    """What the release saves for one target, by parts; ``scale`` sets targets apart."""
    states = {
        name.replace("pps", pps_name): filled(expected_encoder(encoder, pps_name))
        for name, encoder in config.encoders.items()
    }
    states["classifier"] = filled(expected_classifier(config))
    states["classifier"]["fc_classifier3.weight"] *= scale
    return states


def lay(folder: Path, states: Mapping[str, Mapping[str, Tensor]], *, nested: bool) -> None:
    """Write checkpoints as a person may have them: as released, or bare."""
    folder.mkdir(parents=True)
    for part, state in states.items():
        content = {"epoch": 5, "state_dict": dict(state), "optimizer": {}}
        torch.save(content if nested else dict(state), folder / f"my_{part}_best.pth")


def literal_logits(states: States, config: ModelConfig, eeg: Tensor, pps: Tensor) -> Tensor:
    """Call encoders and classifier one by one, slice by slice."""
    pps_name: PpsName = "gsr" if config.eeg_5s is not None else "ecg"
    features: dict[str, Features] = {}
    for modality, x in (("eeg", eeg), ("pps", pps)):
        encode = {}
        for name, encoder in config.encoders.items():
            if name.startswith(modality):
                network = ProjectedEncoder(encoder).eval()
                state = states[name.replace("pps", pps_name)]
                network.load_state_dict(import_encoder(state, encoder, pps_name))
                encode[name[-2:]] = network.encoder
        pieces = [encode["1s"](piece) for piece in x.split(128, dim=2)]
        long = encode["5s"](x) if "5s" in encode else None
        features[modality] = Features(torch.stack(pieces, dim=1), long)
    head = Head(config, ("eeg", "pps")).eval()
    head.load_state_dict(import_classifier(states["classifier"], config))
    logits: Tensor = head(features)
    return logits


@pytest.fixture(scope="module")
def dreamer_states() -> States:
    return released(DREAMER, "ecg")


@pytest.fixture(scope="module")
def dreamer_bundle(dreamer_states: States, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle of two targets that the command line made of a folder."""
    root = tmp_path_factory.mktemp("dreamer")
    lay(root / "in" / "valence", dreamer_states, nested=True)
    other = {**dreamer_states["classifier"]}
    other["fc_classifier3.weight"] = 0.5 * other["fc_classifier3.weight"]
    lay(root / "in" / "A", {**dreamer_states, "classifier": other}, nested=False)
    with pytest.MonkeyPatch.context() as patch:
        words = ["import-reference", root / "in", "--out", root / "mine", "--simulated"]
        patch.setattr("sys.argv", ["physiosync", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main()
    assert ended.value.code == 0
    return root / "mine"


@torch.no_grad()
def test_a_bundle_gives_the_logits_of_the_network_called_directly(
    dreamer_bundle: Path, dreamer_states: States
) -> None:
    eeg, ecg = golden_window(14, 128).float(), golden_window(2, 128).float()
    expected = literal_logits(dreamer_states, DREAMER, eeg, ecg)
    bundle = load_bundle(str(dreamer_bundle))
    assert isinstance(bundle.model, PerTargetEnsemble)
    valence = bundle.model.members["valence"](eeg, ecg)["valence"]
    torch.testing.assert_close(valence, expected, rtol=0, atol=1e-6)
    arousal = bundle.model.members["arousal"](eeg, ecg)["arousal"]
    bias = dreamer_states["classifier"]["fc_classifier3.bias"]
    torch.testing.assert_close(arousal, 0.5 * (expected - bias) + bias, rtol=0, atol=1e-6)

    states = [ModalityState(x[0].numpy(), Reason.NONE, 1.0, 1.0) for x in (eeg, ecg)]
    estimate = Predictor(bundle, "cpu")(Window(1, 1.0, *states))
    assert estimate.targets == pytest.approx(
        {"valence": float(expected.softmax(1)[0, 1]), "arousal": float(arousal.softmax(1)[0, 1])},
        abs=1e-6,
    )
    assert estimate.modalities == "eeg+ecg"
    alone = Predictor(bundle, "cpu")(Window(1, 1.0, states[0], None))
    assert (alone.valid, alone.reason) == (False, Reason.NO_PPS)


def test_the_card_says_what_it_is(dreamer_bundle: Path) -> None:
    card = load_bundle(str(dreamer_bundle)).card
    assert card.name == "mine"
    assert card.headline == "PhysioSync as released, DREAMER, preprocessing approximate"
    assert "two EEG channels took the place of the ECG" in card.trained_on
    assert card.simulated
    raw = json.loads((dreamer_bundle / "card.json").read_text())
    assert raw["profile"]["profile"] == "paper"
    assert raw["profile"]["approximate"] is True
    assert raw["profile"]["window_s"] == 1
    assert set(raw["members"]) == {"valence", "arousal"}
    assert raw["provenance"]["checkpoints"]["valence"]["eeg_1s"]["epoch"] == 5
    assert raw["pps"]["modality"] == "ECG"


def run(bundle: Path, source: FileSource) -> Engine:
    engine = Engine(source, Predictor(load_bundle(str(bundle)), "cpu"))
    try:
        engine.open()
        engine.run()
    finally:
        engine.close()
    return engine


def rows_of(engine: Engine) -> list[Prediction]:
    return list(engine.predictions)


def test_predict_on_a_simulated_recording_end_to_end(
    dreamer_bundle: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_dreamer(tmp_path, 2, seed=2, n_clips=1, clip_s=(60.0, 61.0))
    log = tmp_path / "rows.csv"
    words = ["predict", path, "--subject", "02", "--bundle", dreamer_bundle, "--csv", log]
    monkeypatch.setattr("sys.argv", ["physiosync", *map(str, words)])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
    with log.open(newline="") as file:
        rows = list(csv.DictReader(file))
    valid = [row for row in rows if row["valid"] == "1"]
    assert len(rows) == pytest.approx(126, abs=2)
    assert len(valid) > 55
    assert {row["modalities"] for row in valid} == {"eeg+ecg"}
    assert {float(row["window_s"]) for row in rows} == {1.0}
    about = json.loads(log.with_suffix(".json").read_text())
    assert about["bundle"]["title"].endswith("preprocessing approximate")
    assert about["contract"]["profile"]["approximate"] is True
    assert len(about["baseline"]["channels"]["EEG"]["template"]) == 128

    cut = run(dreamer_bundle, FileSource(read(path, "02"), chunk_s=0.13))
    assert cut.snapshot is not None
    assert cut.snapshot.bundle_title.endswith("preprocessing approximate")
    for row, again in zip(rows, rows_of(cut), strict=True):
        assert (row["valid"] == "1") == again.valid
        if again.valid:
            assert float(row["valence"]) == pytest.approx(again.valence, abs=2e-5)


def test_four_classes_become_valence_and_arousal(tmp_path: Path) -> None:
    lay(tmp_path / "Four", released(DREAMER_4, "ecg"), nested=True)
    card, model = import_reference(tmp_path, "four")
    assert isinstance(model, PhysioSync)
    assert card.model
    eeg, ecg = golden_window(14, 128).float()[:1], golden_window(2, 128).float()[:1]
    hvha, lvha, hvla, _ = model.predict_proba(eeg, ecg)["quadrant"][0].tolist()
    states = [ModalityState(x[0].numpy(), Reason.NONE, 1.0, 1.0) for x in (eeg, ecg)]
    estimate = Predictor(Bundle(card, model, "", tmp_path), "cpu")(Window(1, 1.0, *states))
    assert estimate.targets == pytest.approx({"valence": hvha + hvla, "arousal": hvha + lvha})


@pytest.mark.slow
@torch.no_grad()
def test_deap_checkpoints_of_full_size(tmp_path: Path) -> None:
    states = released(DEAP, "gsr")
    lay(tmp_path / "in" / "valence", states, nested=True)
    eeg, gsr = golden_window(32, 640).float(), golden_window(1, 640).float()
    expected = literal_logits(states, DEAP, eeg, gsr)
    card, model = import_reference(tmp_path / "in", "deap")
    assert isinstance(model, PhysioSync)
    torch.testing.assert_close(model(eeg, gsr)["valence"], expected, rtol=0, atol=1e-5)
    save_bundle(tmp_path / "out", card, model)
    write_deap(tmp_path / "data", 1, seed=1, n_trials=1)
    engine = run(tmp_path / "out", FileSource(read(tmp_path / "data" / "s01.dat")))
    assert engine.state.rows == 62
    assert engine.state.valid_rows > 50
    assert {row.modalities for row in rows_of(engine) if row.valid} == {"eeg+gsr"}


class Command:
    """What a hostile checkpoint holds."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return (os.system, (f"touch {self.path}",))


def test_a_hostile_checkpoint_is_refused_and_runs_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "in" / "valence"
    folder.mkdir(parents=True)
    harmed = tmp_path / "harmed"
    torch.save({"state_dict": Command(harmed)}, folder / "eeg.pth")
    with pytest.raises(UserError, match=r"eeg\.pth is not a plain checkpoint: .*nothing was run"):
        import_reference(tmp_path / "in", "x")
    (folder / "eeg.pth").write_bytes(pickle.dumps(Command(harmed)))
    with pytest.raises(UserError, match=r"eeg\.pth"):
        import_reference(tmp_path / "in", "x")
    assert not harmed.exists()


def refused(tmp_path: Path, states: Mapping[str, Any], *targets: str) -> str:
    folder = tmp_path / "in"
    lay(folder / "valence", states, nested=False)
    with pytest.raises(UserError) as error:
        import_reference(folder, "x", targets)
    return str(error.value)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"classifier": None}, "lacks classifier; for DREAMER the files are eeg_1s, ecg_1s and"),
        ({"twin": "eeg_1s"}, "my_eeg_1s_best.pth and my_twin_best.pth are both eeg_1s"),
        ({"notes": {"a": torch.zeros(2)}}, "my_notes_best.pth is neither an encoder nor"),
        ({"notes": {"a": "text"}}, "my_notes_best.pth holds no state_dict"),
        (
            {"eeg_1s": {"eeg_transform.transform1.weight": torch.zeros(64, 9)}},
            "my_eeg_1s_best.pth: an encoder of width 64; the release has 128 and 640",
        ),
        (
            {"eeg_1s": {"eeg_transform.transform1.weight": torch.zeros(128, 1792)}},
            "valence/my_eeg_1s_best.pth is not the release's eeg_1s for 2 classes: missing param",
        ),
        (
            {"classifier": {"fc_classifier1.weight": torch.full((2,), torch.nan)}},
            "fc_classifier1.weight contains NaN or infinite values",
        ),
    ],
)
def test_what_does_not_fit_is_named(
    dreamer_states: States, tmp_path: Path, change: dict[str, Any], says: str
) -> None:
    states: dict[str, Any] = {**dreamer_states, **change}
    states = {k: dreamer_states[v] if isinstance(v, str) else v for k, v in states.items()}
    assert says in refused(tmp_path, {k: v for k, v in states.items() if v is not None})


def test_folders_and_targets_are_checked(tmp_path: Path) -> None:
    tiny = {"x": {"fc_classifier1.weight": torch.zeros(1)}}
    assert "lacks arousal/" in refused(tmp_path / "1", tiny, "arousal")
    assert "'joy' is not known" in refused(tmp_path / "2", tiny, "joy")
    assert "take it alone" in refused(tmp_path / "3", tiny, "four", "valence")
    (tmp_path / "4" / "in" / "V").mkdir(parents=True)
    assert "both valence and V" in refused(tmp_path / "4", tiny)
    with pytest.raises(UserError, match="not a folder"):
        import_reference(tmp_path / "nowhere", "x")
    with pytest.raises(UserError, match="lacks valence/, arousal/ and four/"):
        import_reference(tmp_path, "x")
    (tmp_path / "5" / "four").mkdir(parents=True)
    with pytest.raises(UserError, match="holds no checkpoint"):
        import_reference(tmp_path / "5", "x")
    (tmp_path / "5" / "four" / "cut.pth").write_bytes(b"PK\x03\x04 and no more")
    with pytest.raises(UserError, match=r"cut\.pth cannot be read"):
        import_reference(tmp_path / "5", "x")
