"""Small pieces that the start screen is made of."""

from __future__ import annotations

import html
from collections.abc import Callable

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QIntValidator, QPainter, QPaintEvent, QPalette, QPen, QWheelEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFileDialog,
    QLabel,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QStyle,
    QStyleOptionButton,
    QVBoxLayout,
    QWidget,
)
from typing_extensions import override

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
        lines = "\n".join(map(plain_text, text.splitlines()))
        # `say` makes one line of what it is given.
        if lines != self._full:
            self._full = lines
            self._fit()


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


class Choice(QComboBox):
    """A list to choose from, with an arrow in the colour of its text.

    A choice is as wide as its place and not as its longest entry, and the wheel of a mouse that
    passes by does not change it.
    """

    def __init__(self, least_chars: int = 8) -> None:
        super().__init__()
        policy = QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
        self.setSizeAdjustPolicy(policy)
        self.setMinimumContentsLength(least_chars)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the box and its arrow."""
        super().paintEvent(event)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        pen = QPen(self.palette().color(QPalette.ColorRole.PlaceholderText), 1.6)
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        painter.setPen(pen)
        x, y = self.width() - 15.0, self.height() / 2 + 1.5
        painter.drawPolyline([QPointF(x - 4, y - 3), QPointF(x, y + 1), QPointF(x + 4, y - 3)])

    @override
    def wheelEvent(self, event: QWheelEvent) -> None:
        """Leave the wheel to what is scrolled, unless the list has the focus."""
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()


class Tick(QCheckBox):
    """A box to tick, whose tick is drawn in the colour of its panel."""

    @override
    def minimumSizeHint(self) -> QSize:
        """Never be narrower than the words beside the box."""
        return self.sizeHint()

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the box, and the tick in it."""
        super().paintEvent(event)
        if not self.isChecked():
            return
        option = QStyleOptionButton()
        self.initStyleOption(option)
        element = QStyle.SubElement.SE_CheckBoxIndicator
        box = QRectF(self.style().subElementRect(element, option, self))
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        pen = QPen(self.palette().color(QPalette.ColorRole.HighlightedText), 2)
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        painter.setPen(pen)
        across, down = box.width(), box.height()
        points = ((0.27, 0.53), (0.43, 0.70), (0.74, 0.33))
        painter.drawPolyline([QPointF(box.x() + x * across, box.y() + y * down) for x, y in points])


def line_of(box: QComboBox) -> QLineEdit:
    """Return the field of a box that can be typed in."""
    box.setEditable(True)
    line = box.lineEdit()
    assert line is not None, "an editable box has a field"
    return line


def number_field(least: int, most: int, parent: QWidget) -> QLineEdit:
    """Return a field for a whole number."""
    field = QLineEdit()
    field.setValidator(QIntValidator(least, most, parent))
    return field


def whole_number(field: QLineEdit, otherwise: int = 0) -> int:
    """Return what is typed in a field, as far as it is a number."""
    text = field.text().strip()
    return int(text) if field.hasAcceptableInput() and text else otherwise


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
