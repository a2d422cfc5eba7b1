"""``physiosync bench``: what this computer and these bundles can do, measured."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from physiosync_rt.cli.progress import bar_of, progress_bar

Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
BundleOption = Annotated[str, typer.Option(help="Bundle folder or the name of a shipped one.")]

bench = typer.Typer(
    help="Measure: latency live, ingest, training, headsets, how well a bundle follows.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


def register(app: typer.Typer) -> None:
    """Add this room's commands."""
    app.add_typer(bench, name="bench")


@bench.command()
def follow(
    bundle: BundleOption = "demo-eeg32",
    persons: Annotated[int, typer.Option(help="Unseen simulated persons.")] = 20,
    duration: Annotated[float, typer.Option(help="Seconds each.")] = 300.0,
    as_json: Json = False,
) -> None:
    """Correlate predictions with the truth of unseen simulated persons, chance beside it."""
    from physiosync_rt.bench.follow import follow as measure
    from physiosync_rt.bundle import load_bundle
    from physiosync_rt.inference import Predictor

    with progress_bar(Console(stderr=True)) as bar:
        found = measure(
            Predictor(load_bundle(bundle)),
            n_persons=persons,
            duration_s=duration,
            progress=bar_of(bar, "follow"),
        )
    if as_json:
        typer.echo(json.dumps([asdict(each) for each in found], indent=2))
        return
    title = f"{bundle}: correlation with the truth, {persons} unseen persons of {duration:g} s"
    table = Table(title=title, title_justify="left")
    for column in ("target", "median", "95 %", "lowest", "chance", "chance, 95th pct"):
        table.add_column(column)
    for each in found:
        table.add_row(
            each.target,
            f"{each.median:.3f}",
            f"{each.low:.3f} to {each.high:.3f}",
            f"{min(each.per_person):.3f}",
            f"{each.chance_median:.3f}",
            f"{each.chance_95:.3f}",
        )
    Console().print(table)


@bench.command()
def live(
    bundle: BundleOption = "demo-eeg32",
    duration: Annotated[float, typer.Option(help="Seconds.")] = 30.0,
    as_json: Json = False,
) -> None:
    """Measure the latency of live predictions over LSL on this computer."""
    from physiosync_rt.lsl import use_loopback

    use_loopback(session="physiosync-bench")
    from physiosync_rt.bench.live import measure_live
    from physiosync_rt.bundle import load_bundle
    from physiosync_rt.inference import Predictor

    found = measure_live(Predictor(load_bundle(bundle)), duration)
    if as_json:
        typer.echo(json.dumps(asdict(found), indent=2))
        return
    table = Table(title=f"{bundle}, {found.rows} rows in {duration:g} s", title_justify="left")
    for column in ("ms", "p50", "p99"):
        table.add_column(column)
    for name in ("sample_age_ms", "infer_ms", "latency_ms"):
        p50, p99 = getattr(found, name)
        table.add_row(name.removesuffix("_ms").replace("_", " "), f"{p50:.1f}", f"{p99:.1f}")
    Console().print(table)
    typer.echo(
        f"of the latency {found.delay_ms:.0f} ms are the resampler's look-ahead; "
        f"{found.cpu_share:.0%} of one core"
    )


@bench.command()
def headsets(
    bundle: BundleOption = "demo-eeg32",
    most: Annotated[int, typer.Option(help="Up to so many at once.")] = 8,
    duration: Annotated[float, typer.Option(help="Seconds for each number.")] = 15.0,
    as_json: Json = False,
) -> None:
    """Measure how many headsets one process serves at once, every row in time."""
    from physiosync_rt.bench.headsets import measure_headsets
    from physiosync_rt.bundle import load_bundle
    from physiosync_rt.inference import Predictor

    predictor = Predictor(load_bundle(bundle))
    numbers = [n for n in (1, 2, 4, 8, 16, 32) if n <= most]
    found = []
    with progress_bar(Console(stderr=True)) as bar:
        shown = bar_of(bar, "headsets")
        for done, n in enumerate(numbers):
            shown(done, len(numbers))
            found.append(measure_headsets(predictor, n, duration))
        shown(len(numbers), len(numbers))
    if as_json:
        typer.echo(json.dumps([asdict(each) for each in found], indent=2))
        return
    table = Table(title=f"{bundle}, {duration:g} s each", title_justify="left")
    for column in ("headsets", "rows due", "rows", "latency p50", "p99 ms", "of one core"):
        table.add_column(column, justify="right")
    for each in found:
        table.add_row(
            *(str(n) for n in (each.n_headsets, each.rows_due, each.rows)),
            f"{each.latency_p50_ms:.0f}",
            f"{each.latency_p99_ms:.0f}",
            f"{each.cpu_share:.0%}",
        )
    Console().print(table)
