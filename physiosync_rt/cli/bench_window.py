"""``physiosync bench window``: what the open window costs a run."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console

from physiosync_rt.cli.parameters import JsonOption
from physiosync_rt.cli.printing import print_table
from physiosync_rt.cli.progress import bar_of, progress_bar


def window(
    turns: Annotated[int, typer.Option(help="Stretches without and with the window.", min=1)] = 4,
    seconds: Annotated[float, typer.Option(help="Length of each.", min=5)] = 20.0,
    hop: Annotated[float, typer.Option(help="Seconds from row to row.", min=0.1)] = 1.0,
    memory_hours: Annotated[
        float, typer.Option(help="Run so many simulated hours for their memory instead.", min=0)
    ] = 0.0,
    as_json: JsonOption = False,
) -> None:
    """Measure what the window costs: late timers, latency and CPU at 64 channels of 500 Hz."""
    from physiosync_rt.errors import UserError
    from physiosync_rt.utils.display import display_available, find_window_problem

    if not display_available():
        raise UserError(
            "no display is available for the window; set DISPLAY, or run it as "
            "`xvfb-run -s '-screen 0 1920x1080x24' physiosync bench window`"
        )
    if problem := find_window_problem():
        raise UserError(problem)
    from physiosync_rt.lsl.config import use_loopback

    use_loopback(session="physiosync-bench")
    if memory_hours:
        _memory(memory_hours, as_json=as_json)
        return
    from physiosync_rt.bench.measure_window import LATE_MS, SIZE, measure_window

    with progress_bar(Console(stderr=True)) as bar:
        found = measure_window(
            n_blocks=2 * turns, block_s=seconds, hop_s=hop, progress=bar_of(bar, "simulate")
        )
    if as_json:
        ratios = {"latency_ratio": found.latency_ratio, "more_cpu": found.more_cpu}
        typer.echo(json.dumps(asdict(found) | ratios, indent=2))
        return
    across, down = SIZE
    title = f"64 channels at 500 Hz, {across}x{down}, {turns} x {seconds:g} s each in turns"
    rows = (
        (name, str(each.n_rows), *(f"{ms:.1f}" for ms in each.latency_ms), f"{each.cpu_share:.1%}")
        for name, each in (("no window", found.headless), ("window open", found.windowed))
    )
    print_table(title, ("", "rows", "latency p50", "p99 ms", "of one core"), rows)
    typer.echo(
        f"latency p99 {found.latency_ratio:.2f} times that without a window, "
        f"{found.more_cpu:.1%} of one core more"
    )
    typer.echo(
        f"{found.in_time_share:.2%} of {found.n_ticks:,} ticks of 20 ms less than {LATE_MS:g} ms "
        f"late; p50 {found.late_p50_ms:.1f}, p99.9 {found.late_p999_ms:.1f}, worst "
        f"{found.late_worst_ms:.1f} ms"
    )
    typer.echo(
        f"of {found.n_free:,} of them, during which other programs kept no core from this one, "
        f"{found.free_in_time_share:.2%}, worst {found.free_worst_ms:.1f} ms; load of the computer "
        f"{found.load[0]:.1f} before, {found.load[1]:.1f} after"
    )


def _memory(hours: float, *, as_json: bool) -> None:
    from physiosync_rt.bench.measure_window import measure_memory

    with progress_bar(Console(stderr=True)) as bar:
        found = measure_memory(hours, bar_of(bar, "simulated seconds"))
    if as_json:
        typer.echo(json.dumps(asdict(found), indent=2))
        return
    typer.echo(
        f"{hours:g} simulated hours with the window in {found.took_s:.0f} s; memory "
        f"{found.first_mib:.0f} MiB after a quarter of an hour, {found.last_mib:.0f} at the end, "
        f"{found.most_mib:.0f} at most; {found.growth_mib:+.1f} MiB per hour"
    )
