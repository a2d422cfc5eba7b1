"""``physiosync bench``: what this computer and these bundles can do, measured."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from statistics import mean
from tempfile import TemporaryDirectory
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from physiosync_rt.cli.bench_behaviour import faults, follow, int8, odd_streams
from physiosync_rt.cli.bench_headsets import headsets
from physiosync_rt.cli.bench_networks import artefacts, networks
from physiosync_rt.cli.bench_window import window
from physiosync_rt.cli.calibrate import calibrate_to_people
from physiosync_rt.cli.parameters import (
    BundleOption,
    JsonOption,
    TorchDeviceOption,
    known_names,
)
from physiosync_rt.cli.printing import print_json, print_table, result_console
from physiosync_rt.cli.progress import bar_of, progress_bar, stages_of
from physiosync_rt.errors import UserError

bench = typer.Typer(
    help="Measure: latency live, the window, the network, ingest, training, headsets, bundles.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


bench.command()(headsets)
bench.command()(follow)
bench.command()(faults)
bench.command()(int8)
bench.command()(window)
bench.command("odd-streams")(odd_streams)
bench.command("calibrate")(calibrate_to_people)
bench.command()(networks)
bench.command()(artefacts)


def register(app: typer.Typer) -> None:
    """Add this room's commands."""
    app.add_typer(bench, name="bench")


@bench.command()
def live(
    bundle: BundleOption = "demo-eeg32",
    duration: Annotated[float, typer.Option(help="Seconds.")] = 30.0,
    eeg_sfreq: Annotated[
        float, typer.Option(help="Rate of the EEG in Hz.", min=128.0, max=16384.0)
    ] = 128.0,
    gsr_sfreq: Annotated[
        float, typer.Option(help="Rate of GSR in Hz; 0 for EEG alone.", min=0.0, max=1024.0)
    ] = 32.0,
    chunk: Annotated[
        int | None, typer.Option(help="EEG samples sent at once (those of 20 ms).", min=1)
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Measure the latency of live predictions over LSL on this computer."""
    from physiosync_rt.lsl.config import use_loopback

    if 0 < gsr_sfreq < 1:
        raise UserError(
            f"--gsr-sfreq {gsr_sfreq:g}: GSR is simulated from 1 Hz on; use 0 for EEG alone"
        )
    if chunk is not None and chunk > eeg_sfreq:
        raise UserError(f"--chunk {chunk}: that is more than a second; use {eeg_sfreq:g} or less")
    use_loopback(session="physiosync-bench")
    from physiosync_rt.bench.measure_live import measure_live
    from physiosync_rt.bundle.bundle import load_bundle
    from physiosync_rt.bundle.predictor import Predictor
    from physiosync_rt.lsl.demo_player import CHUNK_S, Headset

    headset = Headset(eeg_sfreq, gsr_sfreq, CHUNK_S if chunk is None else chunk / eeg_sfreq)
    found = measure_live(Predictor(load_bundle(bundle)), duration, headset)
    if as_json:
        typer.echo(json.dumps(asdict(found), indent=2))
        return
    names = ("sample_age_ms", "infer_ms", "latency_ms")
    rows = (
        (name.removesuffix("_ms").replace("_", " "), *(f"{ms:.1f}" for ms in getattr(found, name)))
        for name in names
    )
    sent = f"EEG at {eeg_sfreq:g} Hz" + (f", GSR at {gsr_sfreq:g} Hz" if gsr_sfreq else "")
    title = f"{bundle}: {sent}, every {found.chunk_ms:.0f} ms; {found.rows} rows in {duration:g} s"
    print_table(title, ("ms", "p50", "p99"), rows)
    typer.echo(
        f"of the latency {found.delay_ms:.0f} ms are the resampler's look-ahead; "
        f"{found.cpu_share:.0%} of one core"
    )


@bench.command()
def forward(
    bundle: BundleOption = "demo-eeg32",
    full: Annotated[
        bool, typer.Option("--full", help="The paper's network for DEAP, in place of a bundle.")
    ] = False,
    turns: Annotated[int, typer.Option(help="Windows for each engine.", min=5)] = 100,
    threads: Annotated[
        int | None, typer.Option(help="For large networks (all cores).", min=1)
    ] = None,
    torch_device: TorchDeviceOption = "cpu",
    as_json: JsonOption = False,
) -> None:
    """Measure one window of a network with every engine and precision that is here."""
    import torch

    from physiosync_models.fusion import PhysioSync
    from physiosync_models.gated_sum import GatedSum
    from physiosync_models.presets import deap_paper
    from physiosync_rt.bench.measure_forward import measure_forward
    from physiosync_rt.bundle.bundle import load_bundle

    if threads is not None:
        torch.set_num_threads(threads)
    model = PhysioSync(deap_paper()).eval() if full else load_bundle(bundle).model
    if isinstance(model, GatedSum):
        raise UserError(f"bundle {bundle!r} is a sum of features; choose a network of windows")
    with progress_bar(Console(stderr=True)) as bar:
        found = measure_forward(model, turns, torch_device, bar_of(bar, "forward"))
    if as_json:
        print_json(found)
        return
    name = "the paper's network for DEAP" if full else bundle
    columns = ("engine", "precision", "threads", "p50 ms", "p99 ms", "speedup")
    rows = (
        (
            each.engine,
            each.precision,
            str(each.threads),
            f"{each.p50_ms:.2f}",
            f"{each.p99_ms:.2f}",
            f"{each.speedup:.1f}",
            f"{each.weights_mib:.0f}",
            f"{each.read_ms:.2f}",
            f"{each.difference:.1g}",
        )
        for each in found
    )
    header = (*columns, "weights MiB", "read once ms", "largest difference")
    print_table(f"{name}, {turns} windows each, in turns", header, rows, n_left=2)


@bench.command()
def start(bundle: BundleOption = "demo-eeg32", as_json: JsonOption = False) -> None:
    """Time what the demo does until its first prediction."""
    from physiosync_rt.bench.measure_start import measure_start
    from physiosync_rt.bundle.card import find_bundle

    find_bundle(bundle)
    found = measure_start(bundle)
    if as_json:
        print_json(found)
        return
    rows = ((each.name, f"{each.at_s:.2f}") for each in found)
    print_table(f"physiosync demo --bundle {bundle}", ("come so far", "seconds"), rows)


@bench.command()
def ingest(
    subjects: Annotated[int, typer.Option(help="Simulated people, 103 MB each.")] = 32,
    folder: Annotated[
        Path | None, typer.Option(help="DEAP's files, in place of simulated ones.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Which simulated people.")] = 0,
    as_json: JsonOption = False,
) -> None:
    """Read and preprocess all of DEAP in one pass: time and memory."""
    from physiosync_rt.bench.measure_ingest import measure_ingest
    from physiosync_rt.simulation.write_deap import write_deap

    with TemporaryDirectory() as temporary, progress_bar(Console(stderr=True)) as bar:
        if folder is None:
            folder = Path(temporary)
            write_deap(folder, subjects, seed, progress=bar_of(bar, "simulate"))
        found = measure_ingest(folder, bar_of(bar, "ingest"))
    if as_json:
        ratios = {"paper_rate": found.paper_rate, "memory_ratio": found.memory_ratio}
        typer.echo(json.dumps(asdict(found) | ratios, indent=2))
        return
    title = f"{found.n_subjects} subjects, {found.n_trials} trials each"
    table = Table(title=title, title_justify="left", show_header=False)
    for what, value in (
        ("profile paper, files to arrays", f"{found.paper_s:.1f} s"),
        ("recorded seconds per second", f"{found.paper_rate:,.0f}"),
        ("arrays", f"{found.output_bytes / 1e6:,.0f} MB"),
        ("peak of memory", f"{found.peak_bytes / 1e6:,.0f} MB"),
        ("peak over arrays", f"{found.memory_ratio:.2f}"),
        ("profile live, recorded seconds per second of CPU", f"{found.live_rate:,.0f}"),
        ("the same with ECG, both at 500 Hz", f"{found.live_rate_500:,.0f}"),
        ("aligning jittery stamps, against sample by sample", f"{found.loop_speedup:.1f} x"),
        ("resample, filter, reference at 500 Hz", f"{found.same_work_rate:,.0f}"),
        ("the same work by MNE-Python", f"{found.mne_rate:,.0f}"),
        *(
            (f"slow features, {signals}", f"{ms:.2f} ms of CPU per row")
            for signals, ms in found.feature_ms.items()
        ),
    ):
        table.add_row(what, value)
    result_console().print(table)


@bench.command()
def train(
    steps: Annotated[
        int, typer.Option(help="Steps of each way to measure; of 1 s windows four times.", min=3)
    ] = 15,
    batch_size: Annotated[int, typer.Option(help="Of fine-tuning.", min=8)] = 64,
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
    threads: Annotated[int, typer.Option(help="Processor cores to use.", min=1)] = 2,
    only: Annotated[
        list[str] | None, typer.Option(help="Of these: pretrain 1 s, pretrain 5 s, fine-tune, …")
    ] = None,
    also: Annotated[
        list[str] | None, typer.Option(help="Ways beside: eager, tf32, bf16, compiled.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Train the paper's full-size network, beside the released procedure written plainly."""
    from physiosync_models.presets import deap_paper
    from physiosync_training.benchmark.arithmetic import VARIANTS
    from physiosync_training.benchmark.bench import WHATS, measure, six_fold_copy_gib
    from physiosync_training.benchmark.watch import PHASES

    whats = known_names("--only", only, WHATS) if only else WHATS
    ways = known_names("--also", also, VARIANTS) if also else ()
    with progress_bar(Console(stderr=True)) as bar:
        found = [
            measure(
                what,
                # Short steps feel most what else the computer does.
                4 * steps if what == "pretrain 1 s" else steps,
                batch_size=batch_size,
                device=device,
                n_threads=threads,
                also=ways,
                show=stages_of(bar),
            )
            for what in whats
        ]
    if as_json:
        typer.echo(json.dumps([asdict(each) for group in found for each in group], indent=2))
        return
    table = Table(title=f"{device}, {threads} cores; ms of a step, MiB", title_justify="left")
    table.box = None
    losses = ("first loss", "mean loss")
    for column in ("", "", "steps/s", "data", "fwd", "bwd", "optim", "peak", *losses):
        table.add_column(column, no_wrap=True, justify="left" if not column else "right")
    for plain, *ours in found:
        for each in (plain, *ours):
            ratio = each.steps_per_s / plain.steps_per_s
            times = "" if each is plain else f" ({ratio:.1f}x)"
            table.add_row(
                each.what if each is plain else "",
                each.how,
                f"{each.steps_per_s:.2f}{times}",
                *(
                    f"{1e3 * each.seconds[phase]:.0f}" if phase in each.seconds else "-"
                    for phase in PHASES
                ),
                "" if each.peak_mib is None else f"{each.peak_mib:.0f}",
                f"{each.losses[0]:.4f}",
                f"{mean(each.losses):.3f}",
                end_section=each is ours[-1],
            )
    result_console().print(table)
    copy = six_fold_copy_gib(deap_paper())
    typer.echo(f"not in the peaks: the release's six-fold copy of all of DEAP, {copy:.1f} GiB")
