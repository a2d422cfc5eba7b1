"""The seam by which words are translated, where they are shown in another language.

A sentence stands in English where it is made, as `tr("Signals used: {used}").format(used=...)`; a
word of a table is marked by `mark` and goes through `tr` where it is used. Rooms below `views` use
it for what the start screen says before a run: checks, forms, and errors that a person may cause
there. The window sets what translates (`translated_by`); the command line, the terminal, the CSV
and a run's JSON stay in English.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_TRANSLATE: ContextVar[Callable[[str], str] | None] = ContextVar("translate", default=None)


def tr(text: str) -> str:
    """Return a text in the language of the person; in braces stands what is filled in."""
    translate = _TRANSLATE.get()
    return text if translate is None or not text else translate(text)


def mark(text: str) -> str:
    """Return a text as it is, which is to be translated where it is used."""
    return text


OF_OTHER_ROOMS = (
    *(mark("valence"), mark("arousal"), mark("balanced accuracy"), mark("accuracy")),
    *(mark("subject"), mark("subjects"), mark("trial"), mark("trials")),
    *(mark("window"), mark("windows"), mark("block"), mark("blocks"), mark("folds")),
    *(mark("flat"), mark("too large"), mark("line noise"), mark("muscle or noise")),
    *(mark("identical"), mark("uncorrelated")),
    *(mark("row"), mark("rows"), mark("sample"), mark("samples"), mark("marker"), mark("markers")),
    *(mark("duplicate"), mark("duplicates")),
)
"""Words that cards, electrodes and events bring along, for the catalogue of a language."""


@contextmanager
def translated_by(translate: Callable[[str], str]) -> Iterator[None]:
    """Translate meanwhile, in this thread alone.

    The engine has a thread of its own, so that what it writes does not depend on who looks at it.
    What another thread does for the window alone runs in a copy of this one's context
    (`contextvars.copy_context`).

    Parameters
    ----------
    translate : callable
        Takes a text in English, returns it in another language.
    """
    token = _TRANSLATE.set(translate)
    try:
        yield
    finally:
        _TRANSLATE.reset(token)
