"""Commands about this computer: ``streams``, ``boards``, ``record``, ``doctor``."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from physiosync_rt.cli.outputs import Outputs
from physiosync_rt.cli.parameters import DeviceOption, JsonOption, LocalOption
from physiosync_rt.cli.printing import result_console
from physiosync_rt.errors import UserError
from physiosync_rt.utils.plain_text import plain_text

Timeout = Annotated[float, typer.Option(help="Seconds to look.")]


def register(app: typer.Typer) -> None:
    """Add this room's commands."""
    for command in (streams, boards, record, doctor):
        app.command()(command)


def streams(
    as_json: JsonOption = False,
    timeout: Timeout = 3.0,
    local: LocalOption = False,
    assist: Annotated[
        bool, typer.Option("--assist", help="Write a device YAML from what is in sight.")
    ] = False,
    out: Annotated[Path | None, typer.Option(help="YAML to write (--assist).")] = None,
    stream: Annotated[
        str | None,
        typer.Option(help="Name, type, source_id or NAME@HOST of the stream (--assist)."),
    ] = None,
    listen: Annotated[float, typer.Option(help="Seconds to listen to it (--assist).")] = 5.0,
) -> None:
    """List the LSL streams in sight with rate, channels, unit and host."""
    from physiosync_rt.lsl.config import configure

    configure(local=local)
    if assist:
        _assist(stream, listen, timeout, out)
        return
    from physiosync_rt.lsl.discovery import find
    from physiosync_rt.views.inspection import seen_text

    seen = find(timeout)
    if as_json:
        typer.echo(json.dumps([asdict(each) for each in seen], indent=2, default=str))
        return
    if not seen:
        typer.echo(
            f"no LSL stream in sight after {timeout:g} s; switch the device's LSL output on, or "
            "try `physiosync replay FILE`"
        )
        return
    result_console().print(seen_text(seen))


def _assist(query: str | None, seconds: float, timeout: float, out: Path | None) -> None:
    """Write a device description; exit code 2 where something stays open."""
    if out is not None and out.exists():
        raise UserError(f"--out {out} exists already; choose a new name")
    from physiosync_rt.devices import shipped_for
    from physiosync_rt.devices.assist import propose
    from physiosync_rt.lsl.probe import listen as hear

    heard = hear(query, seconds, timeout)
    for name in shipped_for([each.spec for each in heard], [each.carrier for each in heard]):
        typer.echo(f"there is a description for it already: --device {name}", err=True)
    ask = typer.prompt if sys.stdin.isatty() else None
    proposal = propose(heard, ask)
    if out is None:
        typer.echo(proposal.text, nl=False)
    else:
        try:
            out.write_text(proposal.text, encoding="utf-8")
        except OSError as error:
            raise UserError(f"--out {out} cannot be written: {error.strerror}") from error
        typer.echo(f"wrote {out}", err=True)
    if proposal.open:
        raise UserError(
            f"still open (every `?`): {'; '.join(proposal.open)}; fill it in, or answer in a "
            "terminal"
        )


def boards(as_json: JsonOption = False) -> None:
    """List the BrainFlow boards and what they measure."""
    from physiosync_rt.brainflow.boards import list_boards

    found = list_boards()
    if as_json:
        typer.echo(json.dumps([asdict(board) for board in found], indent=2))
        return
    table = Table()
    for column in ("board", "rate Hz", "EEG", "EDA", "ECG", "electrodes"):
        table.add_column(column)
    for board in found:
        counts = (str(n or "") for n in (board.n_eeg, board.n_eda, board.n_ecg))
        table.add_row(board.name, f"{board.sfreq:g}", *counts, " ".join(board.eeg_names))
    result_console().print(table)


def record(
    out: Annotated[Path, typer.Option(help="XDF file to write.")],
    eeg: Annotated[str | None, typer.Option(help="Name, type or source_id of the EEG.")] = None,
    pps: Annotated[str | None, typer.Option(help="Name, type or source_id of GSR or ECG.")] = None,
    device: DeviceOption = None,
    duration: Annotated[float | None, typer.Option(help="End after so many seconds.")] = None,
    timeout: Timeout = 10.0,
    local: LocalOption = False,
) -> None:
    """Record LSL streams to XDF, with raw stamps and clock corrections."""
    Outputs(record=out, duration_s=duration).check()
    from physiosync_rt.lsl.config import configure

    configure(local=local)
    from physiosync_rt.devices import load_device
    from physiosync_rt.live.file_events import file_event
    from physiosync_rt.lsl.source import LslSource
    from physiosync_rt.sinks.recorder import Recorder
    from physiosync_rt.views.events_text import sentence
    from physiosync_rt.views.files_text import files_trouble, written_files

    source = LslSource(eeg, pps, device=load_device(device) if device else None, timeout=timeout)
    counts: dict[str, int] = {}
    try:
        specs = source.open()
        recorder = Recorder(
            out, specs, lambda news: typer.echo(sentence(file_event(news, 0.0)), err=True)
        )
        started = time.monotonic()
        with Console(stderr=True).status("recording (Ctrl-C ends)") as status:
            try:
                while duration is None or time.monotonic() - started < duration:
                    batch = source.poll(0.05)
                    recorder.take(batch)
                    for chunk in batch.chunks:
                        counts[chunk.stream] = counts.get(chunk.stream, 0) + len(chunk)
                    seconds = time.monotonic() - started
                    shown = ", ".join(f"{name} {n}" for name, n in counts.items())
                    said = f"recording {seconds:.0f} s: {shown} samples (Ctrl-C ends)"
                    status.update(Text(plain_text(said)))
                    if batch.ended:
                        break
            except KeyboardInterrupt:
                pass
            finally:
                recorder.close()
    finally:
        source.close()
    said = plain_text(", ".join(f"{name} {n} samples" for name, n in counts.items()))
    if trouble := files_trouble([recorder.file]):
        typer.echo("\n".join((f"received {said}", *trouble)))
        written = written_files([recorder.file])
        typer.echo(f"wrote {' and '.join(written) or 'nothing that is still there'}")
    else:
        typer.echo(f"wrote {out}: {said}")


def doctor(as_json: JsonOption = False) -> None:
    """Check what works on this computer, and say the fix for what does not (exit code 1)."""
    from physiosync_rt.doctor import check_all, show

    findings = check_all()
    if as_json:
        # ``mend`` is the key that programs know.
        facts = [asdict(finding) | {"mend": finding.fix} for finding in findings]
        typer.echo(json.dumps(facts, indent=2, default=str))
    else:
        show(findings, result_console())
    if any(finding.status == "bad" for finding in findings):
        raise typer.Exit(1)
