"""``physiosync bench headsets``: how many people one process serves at once."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from physiosync_rt.cli.outputs import check_number
from physiosync_rt.cli.parameters import BundleOption, EngineOption, JsonOption, PrecisionOption
from physiosync_rt.cli.printing import print_json, print_table
from physiosync_rt.cli.progress import bar_of, progress_bar

if TYPE_CHECKING:
    from physiosync_rt.bench.measure_headsets import Room

NUMBERS = (1, 2, 4, 8, 16, 30, 45, 60, 90, 120)


def headsets(
    bundle: BundleOption = "demo-eeg32",
    full: Annotated[
        bool, typer.Option("--full", help="The paper's network for DEAP, freshly made.")
    ] = False,
    most: Annotated[int, typer.Option(help="Up to so many at once.", min=1)] = 8,
    only: Annotated[
        list[int] | None, typer.Option(help="This number alone; may be given again.", min=1)
    ] = None,
    duration: Annotated[float, typer.Option(help="Seconds for each number.")] = 15.0,
    minutes: Annotated[
        int | None,
        typer.Option(help="Minutes of simulated time instead, as fast as they go.", min=1),
    ] = None,
    engine: EngineOption = "auto",
    precision: PrecisionOption = "fp32",
    as_json: JsonOption = False,
) -> None:
    """Measure how many headsets one process serves at once, every row in time."""
    from physiosync_rt.bench.measure_headsets import Room, full_size
    from physiosync_rt.bundle.bundle import load_bundle
    from physiosync_rt.bundle.engines import EngineChoice
    from physiosync_rt.bundle.predictor import Predictor

    check_number("--duration", duration, above=0)
    loaded = full_size(load_bundle(bundle)) if full else load_bundle(bundle)
    room = Room(Predictor(loaded, "cpu", EngineChoice(engine, precision, many=True)))
    name = "the paper's network for DEAP" if full else bundle
    numbers = only or [n for n in NUMBERS if n <= most]
    # As in a live run of several people.
    gc.freeze()
    if minutes is None:
        _in_real_time(room, name, numbers, duration, as_json=as_json)
    else:
        _lasting(room, name, numbers[-1], minutes, as_json=as_json)


def _in_real_time(
    room: Room, name: str, numbers: list[int], duration: float, *, as_json: bool
) -> None:
    from physiosync_rt.bench.measure_headsets import measure_headsets
    from physiosync_rt.views.wording import number

    found = []
    with progress_bar(Console(stderr=True)) as bar:
        shown = bar_of(bar, "headsets")
        for done, n in enumerate(numbers):
            shown(done, len(numbers))
            found.append(measure_headsets(room, n, duration))
        shown(len(numbers), len(numbers))
    if as_json:
        print_json(found)
        return
    columns = ("headsets", "rows due", "rows", "latency p50", "p99 ms", "forward p50 ms")
    rows = (
        (
            *(str(n) for n in (each.n_headsets, each.rows_due, each.rows)),
            number(each.latency_p50_ms, 0),
            number(each.latency_p99_ms, 0),
            number(each.infer_p50_ms, 1),
            f"{each.cpu_share:.0%}",
            number(each.memory_mib, 0),
        )
        for each in found
    )
    header = (*columns, "of one core", "MiB")
    print_table(f"{name}, {duration:g} s each", header, rows, n_left=0)
    if any(each.latency_p50_ms is None for each in found):
        typer.echo(
            f"no latency was measured: {duration:g} s are over before the first prediction, which "
            "needs a full window; use --duration 15 or more"
        )


def _lasting(room: Room, name: str, n: int, minutes: int, *, as_json: bool) -> None:
    from physiosync_rt.bench.measure_headsets import measure_lasting
    from physiosync_rt.views.wording import number

    every = max(minutes // 6, 1)
    found = []
    with progress_bar(Console(stderr=True)) as bar:
        shown = bar_of(bar, f"{n} headsets, minutes")
        for each in measure_lasting(room, n, minutes, every):
            shown(each.minutes, minutes)
            found.append(each)
    if as_json:
        print_json(found)
        return
    header = ("minutes", "rows", "behind s", "CPU s", "MiB")
    rows = (
        (
            str(each.minutes),
            str(each.rows),
            f"{each.behind_s:.2f}",
            f"{each.cpu_s:.1f}",
            number(each.memory_mib, 0),
        )
        for each in found
    )
    title = f"{name}, {n} headsets, {minutes} min of simulated time"
    print_table(title, header, rows, n_left=0)
