"""What is asked of a BrainFlow board, of a recording and of the simulated person."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)
from typing_extensions import override

from physiosync_rt.brainflow.boards import Board
from physiosync_rt.dashboard.lsl_form import carries
from physiosync_rt.dashboard.parts import (
    Choice,
    Words,
    choose_path,
    label_for,
    line_of,
    number_field,
    tip,
    whole_number,
)
from physiosync_rt.setup.plan import Plan
from physiosync_rt.setup.sight import Sight


class BoardForm(QWidget):
    """The board and how it is connected."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.board = Choice()
        self.board.addItem(self.tr("choose your board"), "")
        self.port = Choice()
        line_of(self.port).setPlaceholderText(self.tr("for boards on a cable or a dongle"))
        self.mac, self.ip, self.ip_port = QLineEdit(), QLineEdit(), number_field(0, 65535, self)
        self.mac.setPlaceholderText(self.tr("for Bluetooth boards; empty finds the first"))
        self.ip.setPlaceholderText(self.tr("for boards on a network"))
        self.about = Words(pixels=12, role="muted")
        form = QGridLayout()
        form.setHorizontalSpacing(10)
        form.setVerticalSpacing(6)
        for row, (text, field) in enumerate(
            (
                (self.tr("Board"), self.board),
                (self.tr("Serial port"), self.port),
                (self.tr("MAC address"), self.mac),
                (self.tr("IP address"), self.ip),
                (self.tr("IP port"), self.ip_port),
            )
        ):
            form.addWidget(label_for(text, field), row, 0)
            form.addWidget(field, row, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(form)
        column.addWidget(self.about)
        column.addStretch(1)
        self.board.activated.connect(lambda _index: self.changed.emit())
        self.port.editTextChanged.connect(self.changed)
        for line in (self.mac, self.ip, self.ip_port):
            line.textChanged.connect(self.changed)

    def offer_boards(self, boards: tuple[Board, ...]) -> None:
        """List the boards."""
        chosen = self.board.currentData() or ""
        while self.board.count() > 1:
            self.board.removeItem(1)
        for board in boards:
            counts = [
                f"{n} {what}"
                for n, what in ((board.n_eeg, "EEG"), (board.n_eda, "EDA"), (board.n_ecg, "ECG"))
                if n
            ]
            readable = board.name.removesuffix("_BOARD").replace("_", " ").capitalize()
            text = f"{readable}  ·  {', '.join(counts)}, {board.sfreq:g} Hz"
            self.board.addItem(text, board.name)
        self._choose(str(chosen))

    def say(self, text: str) -> None:
        """Say something about the boards."""
        self.about.write(text)

    def offer_ports(self, ports: tuple[str, ...]) -> None:
        """List the serial ports that were found; what was typed stays."""
        have = tuple(self.port.itemText(i) for i in range(self.port.count()))
        if have == ports or self.port.view().isVisible():
            return
        typed = self.port.currentText()
        self.port.blockSignals(True)
        self.port.clear()
        self.port.addItems(list(ports))
        self.port.setCurrentText(typed)
        self.port.blockSignals(False)

    def show_plan(self, plan: Plan) -> None:
        """Show what a plan says."""
        self._choose(plan.board)
        self.port.setCurrentText(plan.serial_port)
        self.mac.setText(plan.mac_address)
        self.ip.setText(plan.ip_address)
        self.ip_port.setText(str(plan.ip_port) if plan.ip_port else "")

    def fill(self, plan: Plan) -> Plan:
        """Return a plan with what is chosen here."""
        return plan.model_copy(
            update={
                "board": str(self.board.currentData() or ""),
                "serial_port": self.port.currentText(),
                "mac_address": self.mac.text(),
                "ip_address": self.ip.text(),
                "ip_port": whole_number(self.ip_port),
            }
        )

    def show_sight(self, sight: Sight) -> None:
        """Say what the board measures."""
        if sight.offered:
            self.about.write("\n".join(carries(stream) for stream in sight.offered))

    def _choose(self, board: str) -> None:
        if board and self.board.findData(board) < 0:
            self.board.addItem(board, board)
        self.board.setCurrentIndex(max(self.board.findData(board), 0))


class FileForm(QWidget):
    """A recording, chosen or dropped."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.path = QLineEdit()
        self.path.setPlaceholderText(self.tr("drop a recording here, or choose one"))
        self.browse = QPushButton(self.tr("Choose…"))
        self.browse.setAccessibleName(self.tr("Choose the recording"))
        self.subject = QLineEdit()
        self.subject.setPlaceholderText(self.tr("where the file holds several people's"))
        self.about = Words(pixels=12, role="muted")
        grid = QGridLayout()
        grid.setHorizontalSpacing(10)
        grid.addWidget(label_for(self.tr("Recording"), self.path), 0, 0)
        grid.addWidget(self.path, 0, 1)
        grid.addWidget(self.browse, 0, 2)
        grid.addWidget(label_for(self.tr("Person"), self.subject), 1, 0)
        grid.addWidget(self.subject, 1, 1, 1, 2)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(grid)
        column.addWidget(
            Words(
                self.tr(
                    "It is played at its own pace, as if it came from a device. XDF, EDF, BDF, "
                    "FIF, BrainVision, OpenBCI, Shimmer, Empatica and others are read."
                ),
                pixels=12,
                role="muted",
            )
        )
        column.addWidget(self.about)
        column.addStretch(1)
        self.browse.clicked.connect(self._ask)
        self.path.textChanged.connect(self.changed)
        self.subject.textChanged.connect(self.changed)
        self.setAcceptDrops(True)
        # The field would take a dropped file as text.
        self.path.setAcceptDrops(False)

    def show_plan(self, plan: Plan) -> None:
        """Show what a plan says."""
        self.path.setText(plan.file)
        self.subject.setText(plan.subject)

    def fill(self, plan: Plan) -> Plan:
        """Return a plan with what is chosen here."""
        chosen = {"file": self.path.text().strip(), "subject": self.subject.text()}
        return plan.model_copy(update=chosen)

    def show_sight(self, sight: Sight) -> None:
        """Say what is in the recording."""
        lines = [f"{stream.whole.name}: {carries(stream)}" for stream in sight.offered]
        self.about.write("\n".join((*lines, *sight.notes)[:8]))

    def _ask(self) -> None:
        begin = str(Path(self.path.text()).parent) if self.path.text() else ""
        title = self.tr("Choose a recording")
        choose_path(self, title, self.path.setText, folder=False, begin=begin)

    @override
    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take files that are dragged here."""
        if event.mimeData().hasUrls() and event.mimeData().urls()[0].isLocalFile():
            event.acceptProposedAction()

    @override
    def dropEvent(self, event: QDropEvent) -> None:
        """Choose the recording that was dropped."""
        self.path.setText(event.mimeData().urls()[0].toLocalFile())


class PersonForm(QWidget):
    """Which simulated person."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.seed = number_field(0, 9999, self)
        self.seed.setToolTip(tip(self.tr("The same number is the same person")))
        form = QHBoxLayout()
        form.setSpacing(10)
        form.addWidget(label_for(self.tr("Person number"), self.seed))
        form.addWidget(self.seed)
        form.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(
            Words(
                self.tr(
                    "A simulated person wears the model's electrodes and a skin-conductance "
                    "sensor. Nothing needs to be connected: this shows that everything works."
                )
            )
        )
        column.addLayout(form)
        column.addStretch(1)
        self.seed.textChanged.connect(self.changed)

    def show_plan(self, plan: Plan) -> None:
        """Show what a plan says."""
        self.seed.setText(str(plan.seed))

    def fill(self, plan: Plan) -> Plan:
        """Return a plan with what is chosen here."""
        return plan.model_copy(update={"seed": whole_number(self.seed, plan.seed)})

    def show_sight(self, sight: Sight) -> None:
        """Show nothing more: what a simulated person sends is known."""
