"""Select the EEG and the peripheral stream from the available ones."""

from __future__ import annotations

from collections.abc import Sequence

from physiosync_rt.datatypes import Modality, StreamSpec
from physiosync_rt.errors import UserError


def matches(spec: StreamSpec, query: str) -> bool:
    """Return whether a query is the stream's name, type or source_id, ignoring case."""
    return query.casefold() in {
        part.casefold() for part in (spec.name, spec.stype, spec.source_id) if part
    }


def describe(specs: Sequence[StreamSpec]) -> str:
    """List streams in one line, for error messages."""
    if not specs:
        return "there are no streams at all"
    return "available: " + ", ".join(
        f"{s.name} ({s.modality}, {s.n_chans} ch, {s.sfreq:g} Hz)" for s in specs
    )


def choose(
    specs: Sequence[StreamSpec],
    modality: Modality,
    query: str | None,
    option: str,
    *,
    required: bool,
) -> StreamSpec | None:
    """Select the only stream of a modality, or the stream of a query.

    Parameters
    ----------
    specs : sequence of StreamSpec
    modality : Modality
    query : str or None
        ``--eeg`` or ``--pps``; None selects the only stream of the modality.
    option : str
        Name of the option, for the error message.
    required : bool
        Whether a missing stream is an error (for a query it always is).

    Raises
    ------
    UserError
        There is no stream, there are several, or the query has another modality.
    """
    if query is not None:
        found = [s for s in specs if matches(s, query)]
        right = [s for s in found if s.modality is modality]
        if found and not right:
            raise UserError(
                f"{option} {query} is {found[0].modality}, the bundle wants {modality}; "
                f"{describe(specs)}"
            )
        found = right
    else:
        found = [s for s in specs if s.modality is modality]
    if len(found) > 1:
        names = ", ".join(s.name for s in found)
        raise UserError(f"several streams could be the {modality}: {names}; choose with {option}")
    if found:
        return found[0]
    if required or query is not None:
        asked = f" that matches {option} {query}" if query else ""
        raise UserError(f"there is no {modality} stream{asked}; {describe(specs)}")
    return None
