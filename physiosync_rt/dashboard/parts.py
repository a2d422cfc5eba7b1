"""Small pieces that the start screen is made of."""

from __future__ import annotations

import html
from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QFileDialog,
    QLabel,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from physiosync_rt.dashboard import theme
from physiosync_rt.utils.plain_text import plain_text


class Words(theme.Text):
    """Plain text that breaks its lines; what comes from outside is made plain."""

    def __init__(self, text: str = "", *, pixels: int = 13, role: str = "") -> None:
        super().__init__("", pixels=pixels, role=role)
        self.setWordWrap(True)
        self.setMinimumWidth(1)
        self.write(text)

    def write(self, text: str) -> None:
        """Show a text."""
        self.say("\n".join(map(plain_text, text.splitlines())))


def tip(text: str) -> str:
    """Return a tooltip that Qt takes for text with nothing to interpret in it."""
    return f"<qt>{html.escape(plain_text(text))}</qt>" if text else ""


def label_for(text: str, field: QWidget) -> QLabel:
    """Return a small label of a field, which names it for screen readers too."""
    label = theme.Text(text, pixels=12, role="muted")
    label.setBuddy(field)
    field.setAccessibleName(text)
    return label


def link(text: str, does: Callable[[], None]) -> QPushButton:
    """Return a button that looks like a link."""
    button = QPushButton(text)
    button.setObjectName("link")
    button.setFlat(True)
    button.setCursor(Qt.CursorShape.PointingHandCursor)
    button.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
    button.clicked.connect(lambda _checked: does())
    return button


def number_field() -> QSpinBox:
    """Return a field for a whole number, which is typed or changed with the arrow keys."""
    field = QSpinBox()
    field.setButtonSymbols(QSpinBox.ButtonSymbols.NoButtons)
    field.setMinimumHeight(29)
    return field


def scrolled(content: QWidget) -> QScrollArea:
    """Return an area in which a long content is scrolled up and down."""
    area = QScrollArea()
    content.setObjectName("scrolled")
    area.setWidget(content)
    area.setWidgetResizable(True)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    return area


def clear(column: QVBoxLayout) -> None:
    """Take everything out of a column."""
    while item := column.takeAt(0):
        if widget := item.widget():
            widget.hide()
            widget.deleteLater()


def choose_path(
    parent: QWidget, title: str, take: Callable[[str], None], *, folder: bool, begin: str = ""
) -> QFileDialog:
    """Ask for a file or a folder in a dialog that does not block the program."""
    dialog = QFileDialog(parent, title, begin)
    mode = QFileDialog.FileMode.Directory if folder else QFileDialog.FileMode.ExistingFile
    dialog.setFileMode(mode)
    dialog.setOption(QFileDialog.Option.ShowDirsOnly, folder)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.fileSelected.connect(take)
    dialog.open()
    return dialog
