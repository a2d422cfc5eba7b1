"""Commands on recordings: ``predict``, ``replay``, ``inspect``, ``simulate``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console, Group
from rich.table import Table

from physiosync_rt.cli.outputs import Outputs, check_number
from physiosync_rt.cli.parameters import (
    BundleOption,
    DeviceOption,
    EngineOption,
    JsonOption,
    PrecisionOption,
    TorchDeviceOption,
)
from physiosync_rt.cli.printing import result_console
from physiosync_rt.cli.progress import bar_of, progress_bar
from physiosync_rt.errors import UserError
from physiosync_rt.formats.join import Join
from physiosync_rt.utils.atomic import reason_of
from physiosync_rt.utils.plain_file import is_there
from physiosync_rt.utils.plain_text import plain_text

Paths = Annotated[list[Path], typer.Argument(help="Recording(s); several are one session.")]
SubjectOption = Annotated[
    str | None, typer.Option(help="Whose recording, where a file holds several people's.")
]
JoinOption = Annotated[
    Join | None,
    typer.Option(
        help="How several files are placed: by the clock (taken where all know it), in turn, or "
        "beginning together."
    ),
]


def register(app: typer.Typer) -> None:
    """Add this room's commands."""
    for command in (predict, replay, inspect, simulate):
        app.command()(command)


def predict(
    files: Paths,
    csv: Annotated[Path, typer.Option(help="Log of predictions.")],
    bundle: BundleOption = "demo-eeg32",
    baseline: Annotated[
        str | None,
        typer.Option(help="Baseline at rest: seconds from the start, START:STOP, or a run's JSON."),
    ] = None,
    hop: Annotated[float, typer.Option(help="Seconds from row to row.")] = 1.0,
    eeg: Annotated[str | None, typer.Option(help="Name of the EEG stream.")] = None,
    pps: Annotated[str | None, typer.Option(help="Name of the GSR or ECG stream.")] = None,
    device: DeviceOption = None,
    subject: SubjectOption = None,
    join: JoinOption = None,
    min_quality: Annotated[
        float | None, typer.Option(help="Quality gate, 0 turns it off (the card's).")
    ] = None,
    torch_device: TorchDeviceOption = "auto",
    engine: EngineOption = "auto",
    precision: PrecisionOption = "fp32",
) -> None:
    """Predict a recording offline: the same pipeline and the same rows as live."""
    outputs = Outputs(csv=csv)
    outputs.check()
    check_number("--hop", hop, above=0, most=60)
    if min_quality is not None:
        check_number("--min-quality", min_quality, least=0, most=1)
    from physiosync_rt.bundle.bundle import load_bundle
    from physiosync_rt.bundle.engines import EngineChoice
    from physiosync_rt.formats.clocks import span
    from physiosync_rt.live.offline import offline_session
    from physiosync_rt.preprocess.baseline import parse_request
    from physiosync_rt.setup.csv_output import start_log
    from physiosync_rt.sources.read import read
    from physiosync_rt.views.events_text import told
    from physiosync_rt.views.summary import run_summary

    rest = parse_request(baseline) if baseline else None
    recording = read(*files, subject=subject, device=device, join=join)
    session = offline_session(
        recording,
        load_bundle(bundle),
        eeg=eeg,
        pps=pps,
        hop_s=hop,
        baseline=rest,
        min_quality=min_quality,
        torch_device=torch_device,
        choice=EngineChoice(engine, precision),
    )
    with session:
        state = session.engine.state
        log = start_log(
            session.engine, csv, {"command": "predict", "files": list(files)}, lasting=False
        )
        first, last = span(recording)
        with progress_bar(Console(stderr=True)) as bar:
            task = bar.add_task("predict", total=round(last - first))
            # An interrupted prediction is as complete as it got.
            with suppress(KeyboardInterrupt), log.ended_by_errors():
                for row in session:
                    bar.update(task, completed=row.t_end)
        said = told(state.events.all_events)
    for text in dict.fromkeys((*recording.notes, *said)):
        typer.echo(f"note: {plain_text(text)}", err=True)
    typer.echo(run_summary(state))


def replay(
    files: Paths,
    speed: Annotated[float, typer.Option(help="Recorded seconds per second.")] = 1.0,
    loop: Annotated[bool, typer.Option("--loop", help="Begin again at the end.")] = False,
    prefix: Annotated[str, typer.Option(help="Put in front of stream names.")] = "",
    start: Annotated[
        float | None, typer.Option(help="From this second (of the first EEG sample).")
    ] = None,
    stop: Annotated[float | None, typer.Option(help="To this second.")] = None,
    subject: SubjectOption = None,
    join: JoinOption = None,
    faults: Annotated[
        str | None,
        typer.Option(help="Spoil on purpose: loss=0.01,jitter@GSR=5ms,seed=1 ..."),
    ] = None,
    wait: Annotated[bool, typer.Option(help="Wait for a listener first.")] = True,
    local: Annotated[
        bool, typer.Option("--local", help="Announce the streams on this computer only.")
    ] = False,
) -> None:
    """Play a recording as LSL streams with its original offsets between streams."""
    from physiosync_rt.lsl.config import configure

    configure(local=local)
    from physiosync_rt.lsl.faults import FaultPlan
    from physiosync_rt.lsl.replay import Replayer
    from physiosync_rt.sources.read import read

    recording = read(*files, subject=subject, join=join)
    for text in recording.notes:
        typer.echo(f"note: {plain_text(text)}", err=True)
    with progress_bar(Console(stderr=True)) as bar:
        replayer = Replayer(
            recording,
            speed=speed,
            loop=loop,
            prefix=prefix,
            start=start,
            stop=stop,
            wait=wait,
            faults=FaultPlan.parse(faults) if faults else None,
            on_progress=bar_of(bar, "replay"),
        )
        names = ", ".join(spec.name for spec in replayer.specs)
        waiting = "; waiting for a listener" if wait else ""
        bar.console.print(f"streams: {names}{waiting} (Ctrl-C ends)", highlight=False, markup=False)
        try:
            replayer.run()
        except KeyboardInterrupt:
            replayer.stop()


def inspect(
    what: Annotated[
        Path, typer.Argument(help="A recording, a bundle (folder or name), or a run's CSV.")
    ],
    device: DeviceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what is in a recording (streams, rates, gaps, quality), a bundle or a run's CSV."""
    from physiosync_rt.bundle.card import CARD, bundles_within, digest, find_bundle, read_card
    from physiosync_rt.sinks.read_log import is_log, log_facts
    from physiosync_rt.utils.resources import bundle_names
    from physiosync_rt.views.inspection import bundle_tables, log_text, recording_text

    if is_there(what / CARD) or str(what) in bundle_names() or bundles_within(what):
        path = find_bundle(str(what))
        card = read_card(path)
        found: dict[str, Any] = {"hash": digest(path), **card.model_dump(mode="json")}
        shown: list[Table] | list[Group] = bundle_tables(card, digest(path))
    elif is_log(what):
        found = log_facts(what)
        shown = [log_text(found)]
    else:
        from physiosync_rt.devices import load_device, map_recording
        from physiosync_rt.formats.registry import read_all
        from physiosync_rt.pipeline.inspect import recording_facts

        recordings = list(read_all(what))
        if device:
            described = load_device(device)
            recordings = [map_recording(described, recording) for recording in recordings]
        facts = [recording_facts(recording) for recording in recordings]
        found = {"file": str(what), "recordings": facts}
        shown = [recording_text(each) for each in facts]
    if as_json:
        typer.echo(json.dumps(found, indent=2, default=str))
        return
    console = result_console()
    for each in shown:
        console.print(each)


class Kind(StrEnum):
    """What can be simulated."""

    DEAP = "deap"
    DREAMER = "dreamer"
    RECORDING = "recording"


def simulate(
    kind: Annotated[Kind, typer.Argument(help="Format of which dataset, or one recording.")],
    out: Annotated[Path, typer.Argument(help="Folder (deap), or file.")],
    subjects: Annotated[int, typer.Option(help="How many people.")] = 4,
    seed: Annotated[int, typer.Option(help="Which people.")] = 0,
    effect: Annotated[float, typer.Option(help="Size of the effect of emotion; 0 is none.")] = 1.0,
    variability: Annotated[float, typer.Option(help="Differences between people.")] = 1.0,
    fingerprint: Annotated[
        float, typer.Option(help="Trials have a signature and random labels: nothing to learn.")
    ] = 0.0,
    trials: Annotated[int | None, typer.Option(help="Trials per person.")] = None,
    duration: Annotated[float, typer.Option(help="Seconds of a recording.")] = 300.0,
    eeg_sfreq: Annotated[float, typer.Option(help="EEG rate of a recording in Hz.")] = 128.0,
) -> None:
    """Write simulated people in the real formats; nobody may redistribute the real data."""
    for option, value in (("--seed", seed), ("--effect", effect), ("--variability", variability)):
        check_number(option, value, least=0)
    check_number("--duration", duration, above=0)
    check_number("--eeg-sfreq", eeg_sfreq, least=100, most=20000)
    people: dict[str, Any] = {
        "seed": seed,
        "effect": effect,
        "variability": variability,
    }
    with progress_bar(Console(stderr=True)) as bar, _written(out):
        people["progress"] = bar_of(bar, f"simulate {kind}")
        if kind is Kind.DEAP:
            from physiosync_rt.simulation.write_deap import write_deap

            if trials is not None:
                people["n_trials"] = trials
            write_deap(out, subjects, fingerprint=fingerprint, **people)
        elif kind is Kind.DREAMER:
            from physiosync_rt.simulation.write_dreamer import write_dreamer

            if trials is not None:
                people["n_clips"] = trials
            write_dreamer(out, subjects, fingerprint=fingerprint, **people)
        else:
            from physiosync_rt.simulation.write_xdf import write_recording

            if out.suffix.lower() != ".xdf":
                raise UserError(f"{out}: a simulated recording is XDF; let its name end in .xdf")
            write_recording(out, duration_s=duration, eeg_sfreq=eeg_sfreq, **people)
    typer.echo(f"wrote {out}")


@contextmanager
def _written(out: Path) -> Iterator[None]:
    """Say in a sentence that something cannot be written."""
    try:
        yield
    except OSError as error:
        reason = reason_of(error)
        raise UserError(f"{out} cannot be written ({reason}); choose another place") from error
