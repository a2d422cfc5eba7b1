"""A language of capitals, in which words that were not translated are seen."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from PySide6.QtCore import QTranslator
from PySide6.QtWidgets import QApplication

from physiosync_rt.dashboard.language import words_of_views

_WORD = re.compile(r"[^\W\d_]{2,}")


def shouted(text: str) -> str:
    """A text in capitals, with what is filled in left to be filled in."""
    return re.sub(r"\{[^{}]*\}|[^{}]+", lambda m: m[0] if m[0][0] == "{" else m[0].upper(), text)


def words(texts: Iterable[str]) -> set[str]:
    """All words of two letters and more."""
    return {word for text in texts for word in _WORD.findall(text)}


class _Capitals(QTranslator):
    def translate(self, context: str, text: str, *_more: object) -> str:
        del context
        return shouted(text)

    def isEmpty(self) -> bool:
        return False


@contextmanager
def in_capitals() -> Iterator[None]:
    """Install the language meanwhile."""
    app = QApplication.instance()
    assert app is not None
    translator = _Capitals()
    app.installTranslator(translator)
    try:
        with words_of_views():
            yield
    finally:
        app.removeTranslator(translator)
