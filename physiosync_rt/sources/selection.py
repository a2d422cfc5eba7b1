"""Select the EEG and the peripheral stream from the available ones."""

from __future__ import annotations

from collections.abc import Sequence

from physiosync_rt.datatypes import Modality, StreamSpec
from physiosync_rt.errors import UserError
from physiosync_rt.utils.translation import tr


def rank(spec: StreamSpec, query: str, uid: str = "") -> int | None:
    """Return how exactly a query names a stream, ignoring case.

    Parameters
    ----------
    spec : StreamSpec
    query : str
    uid : str
        Of a live stream's outlet.

    Returns
    -------
    int or None
        0 for its uid, or name or source_id with its computer (``Cap@lab1``); 1 for its name, or
        that of the stream of which it is a part; 2 for its source_id, 3 for its type; None where
        it is none of them.
    """
    word = query.casefold()
    names = {spec.name, spec.name.removesuffix(f" {spec.modality}")}
    at_host = {f"{part}@{spec.host}" for part in (spec.name, spec.source_id) if part and spec.host}
    for n, words in enumerate(({uid, *at_host}, names, {spec.source_id}, {spec.stype})):
        if word in {each.casefold() for each in words if each}:
            return n
    return None


def matches(spec: StreamSpec, query: str, uid: str = "") -> bool:
    """Return whether a query names a stream, see `rank`."""
    return rank(spec, query, uid) is not None


def distinct_queries(streams: Sequence[tuple[StreamSpec, str]]) -> list[str]:
    """Return for each stream, given with its uid, a query that names it and none of the others."""
    return [_distinct(spec, uid, streams) for spec, uid in streams]


def named_best(specs: Sequence[StreamSpec], query: str) -> list[StreamSpec]:
    """Return the streams that a query names most exactly."""
    ranks = [rank(spec, query) for spec in specs]
    best = min((r for r in ranks if r is not None), default=None)
    return [spec for spec, r in zip(specs, ranks, strict=True) if r is not None and r == best]


def _distinct(spec: StreamSpec, uid: str, streams: Sequence[tuple[StreamSpec, str]]) -> str:
    for query in (spec.name, spec.source_id, f"{spec.name}@{spec.host}"):
        ranks = [rank(other, query, other_uid) for other, other_uid in streams]
        own = rank(spec, query, uid)
        if own is not None and sum(r is not None and r <= own for r in ranks) == 1:
            return query
    return uid or spec.name


def describe(specs: Sequence[StreamSpec]) -> str:
    """List streams in one line, for error messages."""
    if not specs:
        return tr("there are no streams at all")
    return tr("available: ") + ", ".join(
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
        right = named_best([s for s in found if s.modality is modality], query)
        if found and not right:
            said = tr("{option} {query} is {signal}, the bundle wants {wanted}; {streams}").format(
                option=option,
                query=query,
                signal=found[0].modality,
                wanted=modality,
                streams=describe(specs),
            )
            raise UserError(said)
        found = right
    else:
        found = [s for s in specs if s.modality is modality]
    if len(found) > 1:
        names = ", ".join(s.name for s in found)
        said = tr(
            "several streams could be the {signal}: {names}; choose with {option} {first!r} or "
            "another of these names"
        ).format(signal=modality, names=names, option=option, first=found[0].name)
        raise UserError(said)
    if found:
        return found[0]
    if required or query is not None:
        matching = tr(" that matches {option} {query}").format(option=option, query=query)
        said = tr("there is no {signal} stream{asked}; {streams}").format(
            signal=modality, asked=matching if query else "", streams=describe(specs)
        )
        raise UserError(said)
    return None
