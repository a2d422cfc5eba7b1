"""Examine a plan: look at its source, and check every requirement of its run."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from physiosync_rt.bundle.card import Card
from physiosync_rt.setup.file_checks import check_files
from physiosync_rt.setup.look_file import FileLook, look_at_person
from physiosync_rt.setup.look_lsl import LslLook
from physiosync_rt.setup.plan import Plan
from physiosync_rt.setup.requirements import Check, check_bundle, check_sight
from physiosync_rt.setup.sight import Sight
from physiosync_rt.utils.resources import bundle_names


@dataclass(frozen=True, slots=True)
class Report:
    """What an examination has found."""

    plan: Plan
    card: Card | None
    sight: Sight
    checks: tuple[Check, ...]

    @property
    def can_start(self) -> bool:
        """Whether every required check passes."""
        return all(check.passes for check in self.checks)


class Examiner:
    """Examines plans, one after the other, and remembers what it need not look at again.

    Notes
    -----
    Used from one thread at a time; it may take seconds (a long recording, MNE's first use).
    """

    def __init__(self) -> None:
        self._lsl = LslLook()
        self._file = FileLook()

    def examine(self, plan: Plan) -> Report:
        """Look at the source and check everything."""
        card, of_bundle = check_bundle(plan.bundle)
        sight = Sight()
        checks = [of_bundle]
        if card is not None:
            sight = self._look(plan, card)
            others = (card.alternative, *bundle_names())
            known = [n for n in dict.fromkeys(others) if n in bundle_names() and n != card.name]
            checks += check_sight(sight, card, tuple(known))
        checks += check_files(plan, datetime.now().astimezone())
        return Report(plan, card, sight, tuple(checks))

    def rest(self) -> None:
        """End the search for streams, while a run goes on or at the end."""
        self._lsl.close()

    def _look(self, plan: Plan, card: Card) -> Sight:
        if plan.source == "lsl":
            return self._lsl.look(plan, card)
        if plan.source == "brainflow":
            from physiosync_rt.setup.look_board import look_at_board

            return look_at_board(plan, card)
        if plan.source == "file":
            return self._file.look(plan, card)
        return look_at_person(card, plan.seed)
