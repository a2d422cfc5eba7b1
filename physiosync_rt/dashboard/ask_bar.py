"""A question in the window, which blocks nothing: the run goes on until it is answered."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton

from physiosync_rt.dashboard.parts import Words


class AskBar(QFrame):
    """A sentence with two buttons; hidden as long as nothing is asked.

    Notes
    -----
    The safe answer has the focus, so that a key pressed by accident changes nothing. Y does what
    was asked for, N does not; nor does Escape, which is the window's.
    """

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("ask")
        self.words = Words()
        self.yes = QPushButton()
        self.no = QPushButton()
        self._does: Callable[[], None] = lambda: None
        line = QHBoxLayout(self)
        line.setContentsMargins(14, 7, 8, 7)
        line.setSpacing(8)
        line.addWidget(self.words, 1)
        for button in (self.yes, self.no):
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            line.addWidget(button)
        self.yes.clicked.connect(self._agree)
        self.no.clicked.connect(self.close_question)
        # Only while the question is shown: a hidden widget's shortcuts are off.
        for key, answer in (("Y", self._agree), ("N", self.close_question)):
            QShortcut(QKeySequence(key), self, answer)
        self.hide()

    def ask(self, question: str, yes: str, no: str, does: Callable[[], None]) -> None:
        """Ask; ``does`` is called if the answer is yes. An older question is forgotten."""
        self._does = does
        self.words.write(question)
        self.setAccessibleName(question)
        self.yes.setText(f"{yes}  Y")
        self.no.setText(f"{no}  N")
        self.show()
        self.no.setFocus(Qt.FocusReason.OtherFocusReason)

    def close_question(self) -> None:
        """Forget the question."""
        self._does = lambda: None
        self.hide()

    def _agree(self) -> None:
        does = self._does
        self.close_question()
        does()
