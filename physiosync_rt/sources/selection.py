"""Which of the streams in sight is the EEG, and which the peripheral one."""

from __future__ import annotations

from collections.abc import Sequence

from physiosync_rt.datatypes import Modality, StreamSpec
from physiosync_rt.errors import UserError


def matches(spec: StreamSpec, query: str) -> bool:
    """Whether a query is the stream's name, type or source_id, whatever the case."""
    return query.casefold() in {
        part.casefold() for part in (spec.name, spec.stype, spec.source_id) if part
    }


def describe(specs: Sequence[StreamSpec]) -> str:
    """One line that lists streams, for an error's sentence."""
    if not specs:
        return "there is no stream at all"
    return "in sight: " + ", ".join(
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
    """The one stream of a modality, or of a query.

    Parameters
    ----------
    specs : sequence of StreamSpec
    modality : Modality
    query : str or None
        ``--eeg`` or ``--pps``; None takes the only stream of the modality.
    option : str
        Name of the option, for the sentence.
    required : bool
        Whether it is an error that there is none (a query that matches nothing always is).

    Raises
    ------
    UserError
        None, several, or one of another modality.
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
