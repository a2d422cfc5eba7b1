"""Measures of how well bundles follow people, and what faults and odd streams do to a run."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Annotated

import typer
from rich.console import Console

from physiosync_rt.cli.parameters import BundleOption, JsonOption
from physiosync_rt.cli.printing import print_json, print_table
from physiosync_rt.cli.progress import bar_of, progress_bar, stages_of
from physiosync_rt.errors import UserError


def follow(
    bundle: BundleOption = "demo-eeg32",
    persons: Annotated[int, typer.Option(help="Unseen simulated persons.")] = 20,
    duration: Annotated[float, typer.Option(min=120, help="Seconds each.")] = 300.0,
    as_json: JsonOption = False,
) -> None:
    """Correlate predictions with the truth of unseen simulated persons, chance beside it."""
    from physiosync_rt.bench.measure_follow import follow as measure
    from physiosync_rt.bundle.bundle import load_bundle
    from physiosync_rt.bundle.predictor import Predictor

    with progress_bar(Console(stderr=True)) as bar:
        found = measure(
            Predictor(load_bundle(bundle)),
            n_persons=persons,
            duration_s=duration,
            progress=bar_of(bar, "follow"),
        )
    if as_json:
        print_json(found)
        return
    title = f"{bundle}: correlation with the truth, {persons} unseen persons of {duration:g} s"
    header = ("target", "median", "95 %", "lowest", "chance", "chance, 95th pct")
    rows = (
        (
            each.target,
            f"{each.median:.3f}",
            f"{each.low:.3f} to {each.high:.3f}",
            f"{min(each.per_person):.3f}",
            f"{each.chance_median:.3f}",
            f"{each.chance_95:.3f}",
        )
        for each in found
    )
    print_table(title, header, rows)


def faults(
    bundle: BundleOption = "demo-muse",
    only: Annotated[str, typer.Option(help="Run only faults whose name holds this.")] = "",
    as_json: JsonOption = False,
) -> None:
    """Put every fault of real streams into live runs: what was seen, how fast, and what then."""
    from physiosync_rt.lsl.config import use_loopback

    use_loopback(session="physiosync-bench")
    from physiosync_rt.bench.known_faults import FAULTS
    from physiosync_rt.bench.measure_faults import measure_faults
    from physiosync_rt.bundle.bundle import load_bundle
    from physiosync_rt.bundle.predictor import Predictor

    chosen = [fault for fault in FAULTS if only in fault.name]
    if not chosen:
        raise UserError(f"no fault is called {only!r}; there are {[f.name for f in FAULTS]}")
    with progress_bar(Console(stderr=True)) as bar:
        found = measure_faults(Predictor(load_bundle(bundle)), chosen, bar_of(bar, "faults"))
    if as_json:
        print_json(found)
        return
    header = (
        *("fault", "seen in the stream", "after", "said"),
        *("rows with a prediction", "withheld", "back after", "without"),
    )
    rows = (
        (
            each.fault.name,
            ", ".join(each.seen) or "-",
            _seconds(each.seen_s),
            each.said or "-",
            _counts(each.used),
            _counts(each.withheld),
            _seconds(each.back_s),
            _seconds(each.valid_s),
        )
        for each in found
    )
    print_table(f"{bundle}: faults of streams", header, rows, n_left=len(header))


def odd_streams(
    only: Annotated[str, typer.Option(help="Run only streams whose name holds this.")] = "",
    as_json: JsonOption = False,
) -> None:
    """Send LSL streams as nobody should, and see what `physiosync live` makes of each."""
    from physiosync_rt.lsl.config import use_loopback

    use_loopback(session="physiosync-bench")
    from physiosync_rt.bench.measure_odd_streams import measure_odd_streams
    from physiosync_rt.bench.odd_streams import ODD_CASES

    chosen = [case for case in ODD_CASES if only in case.name]
    if not chosen:
        raise UserError(f"no odd stream is called {only!r}; run without --only for all of them")
    with progress_bar(Console(stderr=True)) as bar:
        found = measure_odd_streams(chosen, bar_of(bar, "odd streams"))
    if as_json:
        print_json(found)
        return
    header = ("stream", "exit code", "predicted", "withheld", "MiB", "said")
    rows = (
        (
            each.case,
            str(each.exit_code),
            _counts(each.used),
            _counts(each.withheld),
            f"{each.peak_mib:.0f}",
            each.said[0] if each.said else "-",
        )
        for each in found
    )
    print_table("odd streams, live", header, rows, n_left=len(header))


def _counts(numbers: Mapping[str, int]) -> str:
    return ", ".join(f"{n} {what}" for what, n in numbers.items()) or "0"


def _seconds(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.2f} s"


def int8(
    bundle: BundleOption = "demo-eeg32",
    write: Annotated[
        bool, typer.Option("--write", help="Put what is found on the bundle's card.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Compare int8 with single precision on the windows that validated a bundle."""
    from physiosync_rt.bundle.engines import MOST_INT8_DIFFERENCE
    from physiosync_training.int8_windows import check_bundle

    with progress_bar(Console(stderr=True)) as bar:
        found = check_bundle(bundle, write=write, progress=stages_of(bar))
    if as_json:
        typer.echo(json.dumps(found, indent=2))
        return
    largest, n = found["largest_difference"], found["windows"]
    verdict = "allows" if largest <= MOST_INT8_DIFFERENCE else "refuses"
    card = "its card now says so" if write else "--write puts it on its card"
    typer.echo(
        f"{bundle}: on {n} validation windows int8 changes a probability by at most "
        f"{largest:.4f}; {MOST_INT8_DIFFERENCE:g} is the most, so the bundle {verdict} int8; {card}"
    )
