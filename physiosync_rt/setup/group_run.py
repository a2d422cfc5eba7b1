"""A live run of several people from their settings to its end: bundles, engines, files."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from threading import Lock

from physiosync_rt.bundle.predictor import Predictor
from physiosync_rt.errors import UserError
from physiosync_rt.live.engine import Engine
from physiosync_rt.live.glance import MemberPhase
from physiosync_rt.live.group import Group
from physiosync_rt.live.member import Member
from physiosync_rt.preprocess.baseline import parse_request
from physiosync_rt.setup.live_run import begin_files, engine_of, make_predictor
from physiosync_rt.setup.persons import Person
from physiosync_rt.setup.settings import LiveSettings
from physiosync_rt.utils.plain_text import plain_text
from physiosync_rt.views.summary import run_summary

SEARCH_S = 3.0
"""Seconds of one search for a person's streams; who has not come is looked for again."""


def make_group(people: Sequence[Person]) -> Group:
    """Load what bundles there are, and make the group, which looks for everybody's streams.

    Raises
    ------
    UserError
        A bundle or an engine cannot be used.
    """
    predictors: dict[tuple[str, ...], Predictor] = {}
    for person in people:
        key = _network_of(person.settings)
        if key not in predictors:
            predictors[key] = make_predictor(person.settings, many=len(people) > 1)
    claims = _Claims()
    return Group(
        [
            Member(
                person.name,
                partial(_begin, person, predictors[_network_of(person.settings)], claims),
            )
            for person in people
        ]
    )


def _network_of(settings: LiveSettings) -> tuple[str, ...]:
    """Return what the network of a person's run depends on; who has the same shares it."""
    return settings.bundle, settings.torch_device, settings.engine, settings.precision


class _Claims:
    """Whose each stream is, since two queries may name one."""

    def __init__(self) -> None:
        self._owners: dict[tuple[str, ...], str] = {}
        self._lock = Lock()

    def claim(self, person: Person, engine: Engine) -> None:
        """Note the streams of a person.

        Raises
        ------
        UserError
            One is somebody else's.
        """
        with self._lock:
            for spec in engine.state.specs:
                key = spec.host, spec.source_id, spec.name
                owner = self._owners.setdefault(key, person.name)
                if owner != person.name:
                    raise UserError(
                        f"stream {spec.name!r} is {owner}'s already; name another one for "
                        f"{person.name}"
                    )


def _begin(person: Person, predictor: Predictor, claims: _Claims) -> Engine:
    """Open a person's streams and begin their files."""
    settings = person.settings.model_copy(
        update={"timeout": min(person.settings.timeout, SEARCH_S)}
    )
    rest = parse_request(settings.baseline) if settings.baseline else None
    engine = engine_of(settings, predictor, rest, own=True)
    try:
        engine.open()
        if settings.source == "lsl":
            claims.claim(person, engine)
        asked = person.settings.model_dump(mode="json", exclude_defaults=True)
        begin_files(engine, person.files, asked, person.name)
    except BaseException:
        engine.close()
        raise
    return engine


def group_summary(group: Group) -> str:
    """Return what everybody's run came to, in a few lines for each."""
    lines = []
    for member in group.members:
        if member.engine is None:
            said = "never came" if member.phase is MemberPhase.COMING else "could not begin"
            lines.append(f"{member.name}: {said}" + (f": {member.error}" if member.error else ""))
            continue
        first, *more = run_summary(member.engine.state).splitlines()
        lines.append(f"{member.name}: {first}")
        if member.phase is MemberPhase.FAILED:
            lines.append(f"  ended by an error: {member.error}")
        lines += [f"  {line}" for line in more]
    return "\n".join(map(plain_text, lines))


def only_errors(group: Group) -> Exception | None:
    """Return the first error, where nobody's run was without one."""
    errors = [member.error for member in group.members]
    return errors[0] if errors and all(error is not None for error in errors) else None
