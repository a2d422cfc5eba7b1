"""Undamaged inputs of every kind, small, from the simulation and (where there) real recordings."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import numpy as np
import torch

from physiosync_rt.datatypes import Modality, RecordedStream
from physiosync_rt.simulation import simulate_person
from physiosync_rt.simulation.write_deap import write_deap
from physiosync_rt.simulation.write_dreamer import write_dreamer
from physiosync_rt.simulation.write_xdf import write_recording
from physiosync_rt.utils.resources import bundle_path, find_config
from physiosync_training.loop.checkpoint import save_state

CH_NAMES = ("F3", "F4", "C3", "C4", "P3", "P4", "O1", "O2")
_DURATION_S, _REST_S = 6.0, 3.0
_START = 1.7e9


@dataclass(frozen=True, slots=True)
class Seed:
    """An undamaged input.

    Attributes
    ----------
    name : str
        Unique; the seed of a case is drawn from it.
    kind : str
        How it is read (see `fuzz.readers`).
    syntax : str
        Which mutations fit it (see `fuzz.mutations`).
    path : Path
        What is read: a file, or a folder.
    targets : tuple of Path
        The files that are damaged.
    """

    name: str
    kind: str
    syntax: str
    path: Path
    targets: tuple[Path, ...]

    @property
    def family(self) -> str:
        """Format that the figures are counted by."""
        return self.name.partition("-")[0]


def make_seeds(folder: Path, *, real: bool = True) -> list[Seed]:
    """Write all undamaged inputs below a folder, ``real`` ones where they are."""
    seeds = [*_simulated(folder), *_settings(folder), *_trained(folder)]
    data = Path(os.environ.get("PHYSIOSYNC_DATA_DIR", "../shared/data"))
    if real and data.is_dir():
        seeds += _real(data, folder)
    return seeds


def _one(folder: Path, name: str, file: str, syntax: str, write: Callable[[Path], object]) -> Seed:
    """Make a recording of one file in a folder of its own."""
    path = folder / name / file
    path.parent.mkdir(parents=True)
    write(path)
    return Seed(name, "recording", syntax, path, (path,))


def _simulated(folder: Path) -> Iterator[Seed]:
    session = simulate_person(_DURATION_S, seed=1, ch_names=CH_NAMES, rest_s=_REST_S)
    eeg, gsr, _ = (
        session.recording.of(modality)[0] for modality in (Modality.EEG, Modality.GSR, Modality.ECG)
    )

    def xdf(path: Path) -> None:
        write_recording(
            path, 1, duration_s=_DURATION_S, rest_s=_REST_S, ch_names=CH_NAMES, counted=True
        )

    yield _one(folder, "XDF-simulated", "a.xdf", "xdf", xdf)
    yield _one(folder, "EDF-simulated", "a.edf", "edf", lambda p: _write_edf(p, eeg, 2))
    yield _one(folder, "BDF-simulated", "a.bdf", "edf", lambda p: _write_edf(p, eeg, 3))
    yield _one(folder, "FIF-simulated", "a_raw.fif", "fif", lambda p: _write_fif(p, eeg))
    yield _brainvision(folder / "BrainVision-simulated", eeg)
    for name, modern in (("OpenBCI-simulated", True), ("OpenBCI-older", False)):
        yield _one(folder, name, "a.txt", "text", lambda p, m=modern: _write_openbci(p, eeg, m))
    yield _one(folder, "BrainFlow-simulated", "a.csv", "text", lambda p: _write_brainflow(p, eeg))
    yield _e4(folder / "E4-simulated", gsr)
    yield _one(folder, "Shimmer-simulated", "a.csv", "text", lambda p: _write_shimmer(p, gsr))
    yield _one(folder, "MindMonitor-simulated", "a.csv", "text", lambda p: _write_muse(p, eeg))
    write_deap(folder / "DEAP-simulated", 1, 1, n_trials=1)
    path = folder / "DEAP-simulated" / "s01.dat"
    yield Seed("DEAP-simulated", "recording", "pickle", path, (path,))
    path = write_dreamer(folder / "DREAMER-simulated", 1, 1, n_clips=1, clip_s=(60.0, 60.0))
    yield Seed("DREAMER-simulated", "recording", "mat", path, (path,))


def _settings(folder: Path) -> Iterator[Seed]:
    table = folder / "labels-own" / "labels.csv"
    table.parent.mkdir()
    for file in ("a.xdf", "b.xdf"):
        shutil.copy(folder / "XDF-simulated" / "a.xdf", table.parent / file)
    rows = ["file,start,stop,subject,trial,kind,valence,arousal,stimulus"]
    for file, whose in (("a.xdf", "anna"), ("b.xdf", "ben")):
        rows.append(f"{file},0,40,{whose},0,baseline,,,")
        rows += [
            f"{file},{40 * n},{40 * n + 30},{whose},{n},trial,{n},{9 - n},clip{n}" for n in (1, 2)
        ]
    table.write_text("\n".join(rows) + "\n", encoding="utf-8")
    yield Seed("labels-own", "labels", "text", table, (table,))
    for kind, name in (
        *(("devices", name) for name in ("openbci-cyton-daisy", "muse", "shimmer3-gsr")),
        *(("live", name) for name in ("lab", "simulated")),
        *(("train", name) for name in ("deap-cross", "eegmat", "debug")),
    ):
        path = folder / f"YAML-{kind}-{name}" / f"{name}.yaml"
        path.parent.mkdir()
        shutil.copy(find_config(kind, name), path)
        yield Seed(path.parent.name, f"yaml-{kind}", "yaml", path, (path,))


def _trained(folder: Path) -> Iterator[Seed]:
    bundle = folder / "card-shipped"
    shutil.copytree(bundle_path("demo-muse"), bundle)
    yield Seed("card-shipped", "bundle", "json", bundle, (bundle / "card.json",))
    shutil.copytree(bundle_path("demo-muse"), folder / "weights-shipped")
    weights = folder / "weights-shipped" / "weights.safetensors"
    yield Seed("weights-shipped", "bundle", "safetensors", weights.parent, (weights,))
    folder = folder / "checkpoint"
    folder.mkdir()
    network = torch.nn.Sequential(torch.nn.Linear(6, 4), torch.nn.BatchNorm1d(4))
    state = {"model": network.state_dict(), "rng": torch.get_rng_state()}
    save_state(folder / "state.pt", {"parts": state, "epoch": 3}, "fuzz")
    yield Seed("checkpoint-state", "state", "zip", folder / "state.pt", (folder / "state.pt",))
    for name, zipped in (("zip", True), ("older", False)):
        path = folder / f"{name}.pth"
        content = {"epoch": 3, "state_dict": network.state_dict()}
        torch.save(content, path, _use_new_zipfile_serialization=zipped)
        yield Seed(f"checkpoint-{name}", "tensors", "zip" if zipped else "torch", path, (path,))


def _real(data: Path, folder: Path) -> Iterator[Seed]:
    """Yield real recordings, where they are, cut to their first lines where they are long."""
    wearables, box = data / "devicely-wearables", data / "openbci-gui-txt"
    for name, source, n_lines in (
        ("OpenBCI-real", box / "OpenBCI_GUI-v6-blinks-jawClench-alpha.txt", 900),
        ("OpenBCI-real-older", box / "OpenBCI-sampleData-1-blinks-jawClench-alpha.txt", 900),
        ("Shimmer-real", wearables / "shimmer.csv", 400),
        ("MindMonitor-real", wearables / "muse.csv", 400),
    ):
        if source.is_file():
            yield _one(
                folder, name, source.name, "text", lambda p, s=source, n=n_lines: _first(s, p, n)
            )
    for name, source, syntax in (
        ("XDF-real", data / "xdf-ecg-markers" / "ecg_only_9s.xdf", "xdf"),
        ("EDF-real", data / "mne-io-testfiles" / "test_uneven_samp.edf", "edf"),
        ("EDF-real-annotated", data / "mne-io-testfiles" / "test_edf_stim_channel.edf", "edf"),
    ):
        if source.is_file():
            yield _one(folder, name, source.name, syntax, lambda p, s=source: shutil.copyfile(s, p))
    session = data / "stress-predict-e4" / "S02"
    if session.is_dir():
        copy = folder / "E4-real"
        copy.mkdir()
        for path in sorted(session.glob("*.csv")):
            _first(path, copy / path.name, 400)
        yield Seed("E4-real", "recording", "text", copy, tuple(sorted(copy.iterdir())))


def _first(source: Path, path: Path, n_lines: int) -> None:
    with source.open(encoding="utf-8", newline="") as file:
        path.write_text("".join(islice(file, n_lines)), encoding="utf-8", newline="")


# ------------------------------------------------------------------------------------- formats


def _write_edf(path: Path, eeg: RecordedStream, sample_bytes: int) -> None:
    """Write EDF, or BDF with three bytes, with 1 s records."""
    rate = round(eeg.spec.sfreq)
    n_records, n_chans = len(eeg.samples) // rate, eeg.spec.n_chans
    most = 2 ** (8 * sample_bytes - 1) - 1
    digital = np.clip(np.rint(eeg.samples / 500.0 * most), -most, most).astype("<i4")

    def column(texts: list[str], width: int) -> bytes:
        return b"".join(text.encode().ljust(width) for text in texts)

    version = b"0       " if sample_bytes == 2 else b"\xffBIOSEMI"
    fixed = version + b"somebody".ljust(80) + b"somewhere".ljust(80) + b"01.02.2110.11.12"
    fixed += column([str(256 * (n_chans + 1)), ""], 8)[:8]
    fixed += (b"" if sample_bytes == 2 else b"24BIT").ljust(44)
    fixed += column([str(n_records), "1"], 8) + str(n_chans).encode().ljust(4)
    each = (
        column([f"EEG {name}" for name in eeg.spec.ch_names], 16)
        + column([""] * n_chans, 80)
        + column(["uV"] * n_chans, 8)
        + column(["-500"] * n_chans, 8)
        + column(["500"] * n_chans, 8)
        + column([str(-most)] * n_chans, 8)
        + column([str(most)] * n_chans, 8)
        + column(["HP:0.1Hz"] * n_chans, 80)
        + column([str(rate)] * n_chans, 8)
        + column([""] * n_chans, 32)
    )
    records = digital[: n_records * rate].reshape(n_records, rate, n_chans).transpose(0, 2, 1)
    content = np.ascontiguousarray(records).view(np.uint8).reshape(-1, 4)[:, :sample_bytes]
    path.write_bytes(fixed + each + content.tobytes())


def _write_fif(path: Path, eeg: RecordedStream) -> None:
    import mne

    info = mne.create_info(list(eeg.spec.ch_names), eeg.spec.sfreq, "eeg", verbose="ERROR")
    raw = mne.io.RawArray(eeg.samples.T * 1e-6, info, verbose="ERROR")
    raw.set_meas_date(datetime(2021, 2, 1, 10, tzinfo=UTC))
    raw.set_annotations(mne.Annotations([1.0, 2.5], [0.0, 0.0], ["start", "stop"]))
    raw.save(path, buffer_size_sec=1.0, verbose="ERROR")


def _brainvision(folder: Path, eeg: RecordedStream) -> Seed:
    folder.mkdir()
    channels = "".join(f"Ch{n}={name},,0.1,µV\n" for n, name in enumerate(eeg.spec.ch_names, 1))
    (folder / "a.vhdr").write_text(
        "Brain Vision Data Exchange Header File Version 1.0\n\n[Common Infos]\nCodepage=UTF-8\n"
        "DataFile=a.eeg\nMarkerFile=a.vmrk\nDataFormat=BINARY\nDataOrientation=MULTIPLEXED\n"
        f"NumberOfChannels={eeg.spec.n_chans}\nSamplingInterval={1e6 / eeg.spec.sfreq:g}\n\n"
        f"[Binary Infos]\nBinaryFormat=INT_16\n\n[Channel Infos]\n{channels}",
        encoding="utf-8",
    )
    (folder / "a.vmrk").write_text(
        "Brain Vision Data Exchange Marker File, Version 1.0\n\n[Common Infos]\nCodepage=UTF-8\n"
        "DataFile=a.eeg\n\n[Marker Infos]\nMk1=New Segment,,1,1,0,20210201101112000000\n"
        "Mk2=Stimulus,S  1,200,1,0\nMk3=Stimulus,S  2,500,1,0\n",
        encoding="utf-8",
    )
    (folder / "a.eeg").write_bytes(np.rint(eeg.samples / 0.1).astype("<i2").tobytes())
    targets = tuple(folder / name for name in ("a.vhdr", "a.vmrk", "a.eeg"))
    return Seed("BrainVision-simulated", "recording", "brainvision", folder / "a.vhdr", targets)


def _write_openbci(path: Path, eeg: RecordedStream, modern: bool) -> None:
    lines = [
        f"%OpenBCI Raw {'EXG' if modern else 'EEG'} Data",
        "%Number of channels = 8",
        "%Sample Rate = 128 Hz" if modern else "%Sample Rate = 128.0 Hz",
    ]
    if modern:
        exg = ", ".join(f"EXG Channel {n}" for n in range(8))
        lines.append(f"Sample Index, {exg}, Accel Channel 0, Accel Channel 1, Accel Channel 2, "
                     "Timestamp, Timestamp (Formatted)")  # fmt: skip
    for n, row in enumerate(eeg.samples):
        values = ", ".join(f"{value:.2f}" for value in row)
        stamp = _START + n / 128.0
        clock = datetime.fromtimestamp(stamp, UTC).strftime("%H:%M:%S.%f")[:-3]
        ends = f"{stamp:.4f}, {clock}" if modern else f"{clock}, {stamp * 1000:.0f}"
        lines.append(f"{n % 256}, {values}, 0.01, 0.02, 0.98, {ends}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _write_brainflow(path: Path, eeg: RecordedStream) -> None:
    n_times = len(eeg.samples)
    values = np.zeros((n_times, 24))
    values[:, 0] = np.arange(n_times) % 256
    values[:, 1:9] = eeg.samples
    values[:, -2] = _START + np.arange(n_times) / 250.0
    values[[100, 500], -1] = 3.0
    np.savetxt(path, values, fmt="%.6f", delimiter="\t")


def _e4(folder: Path, gsr: RecordedStream) -> Seed:
    folder.mkdir()
    columns = {
        "EDA.csv": (4, gsr.samples[::8, :1]),
        "TEMP.csv": (4, 32 + 0.01 * np.arange(24)[:, None]),
        "BVP.csv": (64, np.sin(np.arange(384) / 8)[:, None]),
        "ACC.csv": (32, np.tile([[1, 2, 63]], (192, 1))),
        "HR.csv": (1, 70 + np.arange(6)[:, None]),
    }
    for name, (rate, values) in columns.items():
        head = [", ".join([f"{number:.6f}"] * values.shape[1]) for number in (_START, rate)]
        rows = [",".join(f"{value:.6f}" for value in row) for row in values]
        (folder / name).write_text("\n".join([*head, *rows]) + "\n")
    (folder / "IBI.csv").write_text(f"{_START:.6f}, IBI\n1.0,0.85\n1.9,0.9\n2.8,0.9\n")
    (folder / "tags.csv").write_text(f"{_START + 2:.2f}\n{_START + 4:.2f}\n")
    return Seed("E4-simulated", "recording", "text", folder, tuple(sorted(folder.iterdir())))


def _write_shimmer(path: Path, gsr: RecordedStream) -> None:
    titles = ("Timestamp_Unix_CAL", "GSR_Skin_Conductance_CAL", "PPG_A13_CAL")
    lines = ['"sep=;"', "".join(f"Shimmer_40AC_{t};" for t in titles), "ms;uS;mV;"]
    for n, value in enumerate(np.repeat(gsr.samples[:, 0], 4)):
        lines.append(f"{(_START + n / 128.0) * 1000:.3f};{value:.6f};{1000 + n % 7:.3f};")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _write_muse(path: Path, eeg: RecordedStream) -> None:
    names = ("TP9", "AF7", "AF8", "TP10")
    titles = ["TimeStamp", *(f"Delta_{n}" for n in names), *(f"RAW_{n}" for n in names), "Elements"]
    lines = [",".join(titles)]
    for n, row in enumerate(np.repeat(eeg.samples[:, :4], 2, axis=0)):
        at = datetime.fromtimestamp(_START + n / 256.0, UTC).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]
        lines.append(f"{at},,,,,{','.join(f'{v + 800:.4f}' for v in row)},")
        if n in (300, 900):
            lines.append(f"{at},,,,,,,,,/muse/elements/blink")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
