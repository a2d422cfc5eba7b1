"""``physiosync live`` and ``physiosync demo``."""

from __future__ import annotations

from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from physiosync_rt.cli.live_persons import run_persons
from physiosync_rt.cli.outputs import Outputs, check_number
from physiosync_rt.cli.parameters import (
    ENGINE_HELP,
    PRECISION_HELP,
    BundleOption,
    DeviceOption,
    complete_bundle,
    complete_engine,
    complete_live_config,
    complete_persons,
    complete_precision,
    complete_source,
    complete_torch_device,
)
from physiosync_rt.formats.join import Join
from physiosync_rt.utils.milestones import milestone


def register(app: typer.Typer) -> None:
    """Add this room's commands."""
    app.command()(demo)
    app.command()(live)


def demo(
    headless: Annotated[
        bool, typer.Option("--headless", help="Terminal view instead of the dashboard.")
    ] = False,
    duration: Annotated[float | None, typer.Option(help="End after so many seconds.")] = None,
    csv: Annotated[Path | None, typer.Option(help="Log of predictions.")] = None,
    png: Annotated[
        Path | None, typer.Option(help="Picture of the dashboard at the end of the run.")
    ] = None,
    bundle: BundleOption = "demo-eeg32",
    seed: Annotated[int, typer.Option(help="Which simulated person.")] = 7,
) -> None:
    """Show a simulated person, sent through LSL on this computer, and what the demo bundle sees."""
    outputs = Outputs(
        csv=csv or Path(f"physiosync-demo-{datetime.now().astimezone():%Y%m%d-%H%M%S}.csv"),
        headless=headless,
        png=png,
        duration_s=duration,
    )
    outputs.check()
    check_number("--seed", seed, least=0)
    # Before anything loads liblsl: the demo announces itself to nobody.
    from physiosync_rt.lsl.config import use_loopback

    use_loopback(session="physiosync-demo")
    from physiosync_rt.bundle.card import find_bundle, read_card
    from physiosync_rt.lsl.demo_player import KEPT_S, DemoPlayer

    card = read_card(find_bundle(bundle))
    # The person starts, and is heard, while torch is loaded here.
    with DemoPlayer(card.eeg.ch_names, seed) as player, closing(player.source()) as source:
        source.begin_opening(KEPT_S)
        milestone("player started")
        from physiosync_rt.bundle.bundle import load_bundle
        from physiosync_rt.bundle.predictor import Predictor
        from physiosync_rt.cli.session import run_session
        from physiosync_rt.live.engine import Engine
        from physiosync_rt.lsl.demo_player import rest_of
        from physiosync_rt.views.summary import run_summary

        milestone("torch loaded")
        loaded = load_bundle(bundle)
        milestone("bundle loaded")
        predictor = Predictor(loaded)
        milestone("network ready")
        rest = rest_of(predictor, seed)
        milestone("rest of the simulated person measured")
        engine = Engine(source, predictor, baseline=rest)
        run_session(engine, outputs, {"command": "demo", "bundle": bundle, "seed": seed})
    typer.echo(run_summary(engine.state))


def live(
    bundle: Annotated[
        str | None,
        typer.Option(
            help="Bundle folder, or the name of a shipped one.", autocompletion=complete_bundle
        ),
    ] = None,
    persons: Annotated[
        str | None,
        typer.Option(
            help="Several people at once: YAML that names them, or how the names of their EEG "
            "streams begin.",
            autocompletion=complete_persons,
        ),
    ] = None,
    source: Annotated[
        str | None,
        typer.Option(help="lsl, brainflow, simulated or file.", autocompletion=complete_source),
    ] = None,
    file: Annotated[list[Path] | None, typer.Option(help="Recording(s) for --source file.")] = None,
    subject: Annotated[
        str | None, typer.Option(help="Whose recording, where --file holds several people's.")
    ] = None,
    join: Annotated[
        Join | None,
        typer.Option(help="How several recordings are placed: clock, turn or together."),
    ] = None,
    eeg: Annotated[
        str | None, typer.Option(help="Name, type or source_id of the EEG stream.")
    ] = None,
    pps: Annotated[
        str | None, typer.Option(help="Name, type or source_id of the GSR or ECG stream.")
    ] = None,
    device: DeviceOption = None,
    board: Annotated[
        str | None, typer.Option(help="BrainFlow board, see `physiosync boards`.")
    ] = None,
    serial_port: Annotated[str, typer.Option(help="For BrainFlow boards on a cable.")] = "",
    mac_address: Annotated[str, typer.Option(help="For Bluetooth boards.")] = "",
    ip_address: Annotated[str, typer.Option(help="For boards on a network.")] = "",
    ip_port: Annotated[int, typer.Option(help="For boards on a network.")] = 0,
    baseline: Annotated[
        str | None,
        typer.Option(help="Baseline at rest: seconds from the start, START:STOP, or a run's JSON."),
    ] = None,
    hop: Annotated[float | None, typer.Option(help="Seconds from row to row (1).")] = None,
    duration: Annotated[float | None, typer.Option(help="End after so many seconds.")] = None,
    speed: Annotated[float | None, typer.Option(help="Pace of --source file (1).")] = None,
    seed: Annotated[int | None, typer.Option(help="Person of --source simulated.")] = None,
    min_quality: Annotated[
        float | None, typer.Option(help="Quality gate, 0 turns it off (the card's).")
    ] = None,
    timeout: Annotated[float | None, typer.Option(help="Seconds to look for streams.")] = None,
    torch_device: Annotated[
        str | None,
        typer.Option(help="auto, cpu or cuda.", autocompletion=complete_torch_device),
    ] = None,
    engine: Annotated[
        str | None, typer.Option(help=ENGINE_HELP, autocompletion=complete_engine)
    ] = None,
    precision: Annotated[
        str | None, typer.Option(help=PRECISION_HELP, autocompletion=complete_precision)
    ] = None,
    csv: Annotated[Path | None, typer.Option(help="Log of predictions.")] = None,
    record: Annotated[Path | None, typer.Option(help="Raw streams as XDF.")] = None,
    png: Annotated[Path | None, typer.Option(help="Picture of the dashboard at the end.")] = None,
    outlet: Annotated[
        bool, typer.Option("--outlet", help="Publish predictions as an LSL stream.")
    ] = False,
    participant: Annotated[
        str | None, typer.Option(help="Who takes part: letters and digits, such as 01.")
    ] = None,
    session: Annotated[str | None, typer.Option(help="Which session, such as 02.")] = None,
    task: Annotated[str | None, typer.Option(help="What is done, such as music.")] = None,
    notes: Annotated[str | None, typer.Option(help="Kept in the JSON beside the CSV.")] = None,
    marker_keys: Annotated[
        str | None,
        typer.Option(help="Markers on Ctrl+1 to Ctrl+9 in the dashboard, with commas between."),
    ] = None,
    headless: Annotated[
        bool, typer.Option("--headless", help="Terminal view instead of the dashboard.")
    ] = False,
    local: Annotated[
        bool, typer.Option("--local", help="Look for streams of this computer only.")
    ] = False,
    config: Annotated[
        str | None,
        typer.Option(help="YAML with any of these options.", autocompletion=complete_live_config),
    ] = None,
) -> None:
    """Watch live predictions from a device, a simulated person or a recording."""
    options = locals()
    from physiosync_rt.lsl.config import configure
    from physiosync_rt.setup.conduct import HandsOn, split_keys
    from physiosync_rt.setup.settings import LiveSettings, live_settings

    given: dict[str, Any] = {k: v for k, v in options.items() if k in LiveSettings.model_fields}
    given["file"] = tuple(file or ())
    given["marker_keys"] = split_keys(marker_keys or "")
    given["board"] = None
    if board is not None:
        given["board"] = {
            "board": board,
            "serial_port": serial_port,
            "mac_address": mac_address,
            "ip_address": ip_address,
            "ip_port": ip_port,
        }
    if persons is not None:
        run_persons(persons, given | {"config": config})
        return
    settings = live_settings(config, given)
    outputs = Outputs(
        csv=settings.csv,
        record=settings.record,
        outlet=settings.outlet,
        headless=settings.headless,
        png=settings.png,
        duration_s=settings.duration,
    )
    outputs.check()
    configure(local=settings.local)
    # Torch takes seconds to load: a person hears before that what goes on.
    typer.echo(_FIRST_WORDS.get(settings.source, "starting"), err=True)
    from physiosync_rt.bundle.card import find_bundle, read_card

    read_card(find_bundle(settings.bundle))
    from physiosync_rt.cli.session import run_session
    from physiosync_rt.setup.live_run import make_engine
    from physiosync_rt.views.summary import run_summary

    made = make_engine(settings)
    asked = settings.model_dump(mode="json", exclude_defaults=True)
    run_session(made, outputs, asked, HandsOn.of(settings))
    typer.echo(run_summary(made.state))


_FIRST_WORDS = {
    "lsl": "looking for streams",
    "brainflow": "opening the board",
    "simulated": "simulating a person",
    "file": "reading the recording",
}
"""What a live run says while it loads, by source."""
