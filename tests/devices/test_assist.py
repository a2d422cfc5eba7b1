"""Device descriptions written from a stream's metadata and samples."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pytest

from physiosync_rt.datatypes import Chunk, FloatArray, Modality, StreamSpec
from physiosync_rt.devices import Device, load_device, mapper_for, shipped_for
from physiosync_rt.devices.assist import StreamExcerpt, propose
from physiosync_rt.errors import UserError
from physiosync_rt.utils.yaml_config import parse_yaml

EPOC = "AF3 F7 F3 FC5 T7 P7 O1 O2 P8 T8 FC6 F4 F8 AF4"
RNG = np.random.default_rng(0)


def _eeg(n_chans: int, sfreq: float = 250.0, uv: float = 20.0) -> FloatArray:
    return RNG.normal(0, uv, (round(5 * sfreq), n_chans)) + 4000


def _excerpt(
    samples: FloatArray,
    modality: Modality = Modality.EEG,
    unit: str = "",
    ch_names: tuple[str, ...] = (),
    sfreq: float = 250.0,
    declared: float | None = None,
    name: str = "Strange",
) -> StreamExcerpt:
    names = ch_names or tuple(f"ch{i + 1}" for i in range(samples.shape[1]))
    rate = sfreq if declared is None else declared
    spec = StreamSpec(name, modality, names, rate, unit, stype=modality.value)
    return StreamExcerpt(spec, samples.astype(np.float32), sfreq)


def _loads(text: str, excerpt: StreamExcerpt) -> StreamSpec:
    """The stream as it leaves by the description that was written for it."""
    mapper = mapper_for(parse_yaml(text, Device, "written.yaml"), excerpt.spec)
    assert mapper is not None
    return mapper.spec


def _answers(*answers: str) -> Callable[[str], str]:
    left = list(answers)
    return lambda _question: left.pop(0)


def test_a_fully_described_stream_needs_no_answer() -> None:
    excerpt = _excerpt(_eeg(3), unit="uV", ch_names=("Fp1", "Cz", "O2"))
    proposal = propose([excerpt])
    assert proposal.open == ()
    assert re.search(r"unit: microvolts  # as stated; (19|20)(\.\d)? uV rms\n", proposal.text)
    assert _loads(proposal.text, excerpt) == excerpt.spec


def test_channels_that_are_not_electrodes_are_dropped() -> None:
    names = ("Timestamp", "Counter", "AF3", "T7", "HardwareMarker", "AUX")
    samples = _eeg(6)
    samples[:, 0] = np.arange(len(samples))
    excerpt = _excerpt(samples, unit="uV", ch_names=names)
    proposal = propose([excerpt])
    assert proposal.open == ()
    assert _loads(proposal.text, excerpt).ch_names == ("AF3", "T7")


def test_names_of_biosemi_are_asked_for_and_not_taken_for_ears() -> None:
    excerpt = _excerpt(_eeg(8), unit="uV", ch_names=tuple(f"A{i}" for i in range(1, 9)))
    proposal = propose([excerpt])
    assert proposal.open == ("stream 'Strange': the electrodes of 8 channels",)
    answered = propose([excerpt], _answers("Fp1 AF3 F7 F3 FC1 FC5 T7 C3"))
    assert _loads(answered.text, excerpt).ch_names[:2] == ("Fp1", "AF3")


def test_names_of_another_system_are_asked_for() -> None:
    excerpt = _excerpt(_eeg(3), unit="uV", ch_names=("E1", "E2", "counter"))
    proposal = propose([excerpt])
    assert proposal.open == ("stream 'Strange': the electrodes of 2 channels",)
    answered = propose([excerpt], _answers("Fp1 Cz"))
    assert _loads(answered.text, excerpt).ch_names == ("Fp1", "Cz")


@pytest.mark.parametrize(("modulo", "step"), [(256, 1), (256, 2), (128, 1)])
def test_a_counter_among_unnamed_channels_is_found_by_its_steps(modulo: int, step: int) -> None:
    samples = _eeg(3)
    samples[:, 0] = np.arange(len(samples)) * step % modulo
    samples[50:52, 0] = samples[50, 0]
    excerpt = _excerpt(samples)
    proposal = propose([excerpt], _answers("Fp1, Fp2", "uV"))
    assert proposal.open == ()
    assert f"counter: {{modulo: {modulo}, step: {step}}}" in proposal.text
    assert _loads(proposal.text, excerpt).ch_names == ("Fp1", "Fp2")


def test_without_answers_the_placeholder_is_rejected() -> None:
    excerpt = _excerpt(_eeg(2))
    proposal = propose([excerpt])
    assert len(proposal.open) == 2
    assert "the electrodes of 2 channels" in proposal.open[0]
    assert proposal.open[1].endswith("its unit")
    # Neither the unit nor an electrode is guessed, but the numbers to decide by stand there.
    hint = r'unit: "\?"  # not stated by the stream; plausible: microvolts \((19|20)(\.\d)? uV\)\n'
    assert re.search(hint, proposal.text)
    with pytest.raises(UserError, match="is still `\\?`: replace it"):
        parse_yaml(proposal.text, Device, "open.yaml")


def test_answers_are_asked_until_they_make_sense() -> None:
    excerpt = _excerpt(_eeg(3), modality=Modality.OTHER)
    ask = _answers(
        "nothing", "eeg", "Fp1 Fp2", "Fp1 Fp1 Cz", "Fp1 XX Cz", "Fp1 drop Cz", "bananas", "uV"
    )
    proposal = propose([excerpt], ask)
    assert proposal.open == ()
    spec = _loads(proposal.text, excerpt)
    assert (spec.modality, spec.ch_names, spec.unit) == (Modality.EEG, ("Fp1", "Cz"), "uV")


def test_raw_counts_are_asked_for_and_become_the_unit() -> None:
    counts = np.rint(RNG.normal(0, 900, (1250, 2)))
    excerpt = _excerpt(counts, ch_names=("C3", "C4"))
    assert "perhaps raw counts" in propose([excerpt]).text
    proposal = propose([excerpt], _answers("counts", "minus one", "0.02235"))
    mapper = mapper_for(parse_yaml(proposal.text, Device, "w.yaml"), excerpt.spec)
    assert mapper is not None
    (mapped,) = mapper.map(Chunk("Strange", excerpt.samples, np.arange(1250) / 250.0))
    np.testing.assert_allclose(mapped.samples, counts * 0.02235, rtol=1e-5)


def test_an_implausible_unit_is_fixed_by_a_factor() -> None:
    # Microvolts that call themselves volts arrive a million times too large.
    excerpt = _excerpt(_eeg(2) * 1e6, unit="uV", ch_names=("C3", "C4"))
    proposal = propose([excerpt])
    assert proposal.open == ("stream 'Strange': whether its stated unit is correct",)
    assert "implausible: expected 1 to 200 uV" in proposal.text
    assert "1e-06 would fit" in proposal.text
    with pytest.raises(UserError, match="scale"):
        parse_yaml(proposal.text, Device, "open.yaml")
    answered = propose([excerpt], _answers("1e-6"))
    mapper = mapper_for(parse_yaml(answered.text, Device, "w.yaml"), excerpt.spec)
    assert mapper is not None
    (mapped,) = mapper.map(Chunk("Strange", excerpt.samples, np.arange(1250) / 250.0))
    assert mapped.samples.std() == pytest.approx(20, rel=0.1)


def test_skin_resistance_is_inverted_once_its_unit_is_known() -> None:
    excerpt = _excerpt(np.full((20, 1), 250.0), Modality.GSR, sfreq=4.0, declared=0.0)
    proposal = propose([excerpt])
    assert "kohm (4 uS)" in proposal.text
    assert "microsiemens" not in proposal.text.split("plausible:")[1].splitlines()[0]
    assert "sfreq: 4  # declared: none" in proposal.text
    answered = propose([excerpt], _answers("kOhm"))
    mapper = mapper_for(parse_yaml(answered.text, Device, "w.yaml"), excerpt.spec)
    assert mapper is not None
    (mapped,) = mapper.map(Chunk("Strange", excerpt.samples, np.arange(20) / 4.0))
    np.testing.assert_allclose(mapped.samples, 4.0)
    assert mapper.spec.sfreq == 4.0


def test_several_streams_of_a_device_go_into_one_file() -> None:
    gsr = _excerpt(np.full((20, 1), 5.0), Modality.GSR, "uS", ("EDA",), 4.0, name="Band #1: [x]")
    eeg = _excerpt(_eeg(2), unit="uV", ch_names=("C3", "C4"))
    proposal = propose([eeg, gsr])
    assert proposal.open == ()
    assert _loads(proposal.text, eeg) == eeg.spec
    assert _loads(proposal.text, gsr) == gsr.spec


def test_a_description_that_ships_is_pointed_to() -> None:
    muse = StreamSpec("Muse", Modality.EEG, ("TP9", "AF7", "AF8", "TP10"), 256.0, stype="EEG")
    assert shipped_for([muse]) == ["muse"]
    cyton = StreamSpec("obci_eeg1", Modality.EEG, tuple("12345678"), 250.0, stype="EEG")
    assert shipped_for([cyton]) == ["openbci-cyton"]
    assert shipped_for([StreamSpec("x", Modality.EEG, ("Cz",), 250.0, stype="EEG")]) == []


@pytest.mark.parametrize(
    ("device", "spec", "leaves"),
    [
        # LSL names and channels in the wild.
        ("openbci-cyton", ("obci_eeg1", "EEG", 8, 250.0), ("Fp1", "O2", 8, 250.0)),
        ("openbci-cyton-daisy", ("obci_eeg1", "EEG", 16, 250.0), ("Fp1", "P3", 15, 125.0)),
        ("openbci-cyton-daisy-16", ("obci_eeg1", "EEG", 16, 250.0), ("Fp1", "P4", 16, 125.0)),
        ("openbci-ganglion", ("obci_eeg1", "EEG", 4, 200.0), ("Fp1", "O2", 4, 200.0)),
        ("muse", ("Muse", "EEG", "TP9 AF7 AF8 TP10 Right_AUX", 256.0), ("TP9", "TP10", 4, 256.0)),
        ("muse", ("Muse-1234 (00:55)", "EEG", 4, 256.0), ("TP9", "TP10", 4, 256.0)),
        (
            "emotiv-epoc-x",
            (
                "EmotivDataStream-EEG",
                "EEG",
                f"Timestamp Counter Interpolate {EPOC} HardwareMarker Markers",
                128.0,
            ),
            ("AF3", "AF4", 14, 128.0),
        ),
        ("empatica-e4", ("gsr", "GSR", 1, 4.0), ("EDA", "EDA", 1, 4.0)),
        ("empatica-e4", ("E4", "EDA", 1, 0.0), ("EDA", "EDA", 1, 4.0)),
        ("shimmer3-gsr", ("Shimmer_1234", "GSR", "GSR", 51.2), ("GSR", "GSR", 1, 51.2)),
        ("emotibit", ("EA", "EA", 1, 15.0), ("EDA", "EDA", 1, 15.0)),
        ("emotibit", ("EmotiBit EDA", "EDA", 1, 15.0), ("EDA", "EDA", 1, 15.0)),
    ],
)
def test_shipped_descriptions_map_real_streams(
    device: str, spec: tuple[str, str, int | str, float], leaves: tuple[str, str, int, float]
) -> None:
    name, stype, channels, sfreq = spec
    names = (
        tuple(channels.split())
        if isinstance(channels, str)
        else tuple(f"ch{i + 1}" for i in range(channels))
    )
    mapper = mapper_for(
        load_device(device), StreamSpec(name, Modality.OTHER, names, sfreq, stype=stype)
    )
    assert mapper is not None
    out = mapper.spec
    assert (out.ch_names[0], out.ch_names[-1], out.n_chans, out.sfreq) == leaves
    assert out.unit
