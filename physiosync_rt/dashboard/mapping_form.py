"""Say what each channel of a stream is, in place of writing a device YAML."""

from __future__ import annotations

import re
from itertools import pairwise

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFont
from PySide6.QtWidgets import (
    QComboBox,
    QCompleter,
    QGridLayout,
    QHBoxLayout,
    QHeaderView,
    QLineEdit,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from physiosync_rt.dashboard import theme
from physiosync_rt.dashboard.memory import devices_folder, short_path
from physiosync_rt.dashboard.parts import Choice, Words, label_for, line_of, link, tip
from physiosync_rt.dashboard.unit_rows import UnitRows
from physiosync_rt.datatypes import Modality
from physiosync_rt.devices import Device
from physiosync_rt.devices.channel_uses import SIGNALS, ChannelUse, save_device
from physiosync_rt.devices.description import COUNTER
from physiosync_rt.errors import UserError
from physiosync_rt.setup.draft import Draft, DraftRow, device_of
from physiosync_rt.setup.plan import expanded
from physiosync_rt.utils.plain_text import plain_text

ROW_HEIGHT = 34
COLUMNS = (34, 120, 176)
"""Widths of the first columns, in pixels at a zoom of 1, as the height of a row."""

_NOT_IN_NAMES = re.compile(r"[^\w.+-]+")


class MappingForm(theme.Panel):
    """One row for each channel, units below, and the file that keeps it."""

    saved = Signal(str)
    """Path of the description."""

    cancelled = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._draft: Draft | None = None
        self._device: Device | None = None
        self.title = theme.Text(pixels=15, weight=QFont.Weight.DemiBold)
        self.note = Words(pixels=12, role="muted")
        self.table = QTableWidget(0, 4)
        self.uses: list[QComboBox] = []
        self.units = UnitRows()
        self.positions = Choice()
        self.rate = QLineEdit()
        self.path = QLineEdit()
        self.problem = Words(role="alert")
        self.all_unused = link(self.tr("Set all to not used"), self._drop_all)
        self.save = QPushButton(self.tr("Use these channels"))
        self.cancel = QPushButton(self.tr("Back"))
        self._lay_out()
        self.units.changed.connect(self.check)
        for line in (self.rate, self.path):
            line.textChanged.connect(self.check)
        self.positions.currentIndexChanged.connect(self.check)
        self.save.clicked.connect(self._save)
        self.cancel.clicked.connect(self.cancelled)

    def say(self, text: str) -> None:
        """Say that a stream is being listened to, or why that went wrong, before a draft."""
        self._draft = None
        self.title.say(self.tr("Channels"))
        self.note.write(text)
        self.table.setRowCount(0)
        self.uses = []
        self.units.show_for(())
        self.problem.write("")
        self.save.setEnabled(False)

    def show_draft(self, draft: Draft) -> None:
        """Begin with a draft."""
        self._draft = None
        name = plain_text(draft.stream.whole.name)
        n = len(draft.rows)
        self.title.say(self.tr("Channels of “{name}”").format(name=name))
        self.note.write(
            draft.note
            or self.tr(
                "{n} channels come in. Say what each one is; what labels and samples tell is "
                "filled in."
            ).format(n=n)
        )
        self.table.setRowCount(n)
        self.uses = []
        for i, row in enumerate(draft.rows):
            self._add_row(i, row, draft)
        self.units.show_draft(draft)
        self.positions.setCurrentIndex(max(self.positions.findData(draft.positions), 0))
        self.rate.setText(f"{draft.sfreq:g}" if draft.sfreq else "")
        declared = draft.stream.whole.sfreq
        self.rate.setPlaceholderText(
            self.tr("as declared: {rate:g} Hz").format(rate=declared) if declared else "Hz"
        )
        stem = _NOT_IN_NAMES.sub("-", draft.stream.whole.name).strip("-.") or "device"
        self.path.setText(short_path(devices_folder() / f"{stem}.yaml"))
        self._draft = draft
        self.check()
        self._order_tabs()

    def restyle(self) -> None:
        """Take the zoom of the present."""
        for column, width in enumerate(COLUMNS):
            self.table.setColumnWidth(column, round(theme.px(width)))
        for row in range(self.table.rowCount()):
            self.table.setRowHeight(row, round(theme.px(ROW_HEIGHT)))

    def use_of(self, row: int) -> ChannelUse:
        """Return what a row says."""
        box = self.uses[row]
        text = box.currentText().strip()
        at = box.findText(text)
        data = box.itemData(at) if at >= 0 else None
        if isinstance(data, ChannelUse):
            if data.modality in (Modality.GSR, Modality.ECG):
                return ChannelUse(data.modality, f"{data.name}{self._nth(row, data.modality)}")
            return data
        return ChannelUse(Modality.EEG, text)

    def check(self) -> None:
        """Check what is said so far, and say what is missing."""
        if self._draft is None:
            return
        self._device = None
        try:
            self._device = self._described(self._draft)
            self.problem.write("")
        except UserError as error:
            said = str(error)
            self.problem.write(f"{said[:1].upper()}{said[1:]}.")
        self.save.setEnabled(self._device is not None)

    def _described(self, draft: Draft) -> Device:
        open_rows = [i + 1 for i, box in enumerate(self.uses) if not box.currentText().strip()]
        uses = [self.use_of(i) for i in range(len(self.uses)) if i + 1 not in open_rows]
        self.units.show_for([m for m in SIGNALS if any(use.modality is m for use in uses)])
        if open_rows:
            which = ", ".join(map(str, open_rows[:8])) + (" …" if len(open_rows) > 8 else "")
            raise UserError(self.tr("say what channel {which} is").format(which=which))
        if not self.path.text().strip():
            raise UserError(self.tr("say where the description is saved"))
        text = self.rate.text().strip().removesuffix("Hz").strip().replace(",", ".")
        try:
            sfreq = float(text) if text else None
        except ValueError:
            said = self.tr("“{text}” is not a rate; give a number in Hz")
            raise UserError(said.format(text=text)) from None
        if sfreq is not None and not 0 < sfreq < 1e5:
            raise UserError(self.tr("a rate of {rate} Hz is not possible").format(rate=text))
        return device_of(
            plain_text(draft.stream.whole.name) or "device",
            draft.stream,
            uses,
            self.units.units(),
            sfreq=sfreq,
            positions=self.positions.currentData(),
            counter=draft.counter,
        )

    def _save(self) -> None:
        if self._device is None:
            return
        path = expanded(self.path.text())
        if path.suffix.lower() not in (".yaml", ".yml"):
            path = path.with_name(f"{path.name}.yaml")
        try:
            save_device(self._device, path)
        except UserError as error:
            self.problem.write(str(error))
            return
        self.saved.emit(str(path))

    def _nth(self, row: int, modality: Modality) -> str:
        """Return the number of a channel among those of its modality; none for the first."""
        above = [self.uses[i].currentText() for i in range(row)]
        n = above.count(str(modality))
        return str(n + 1) if n else ""

    def _order_tabs(self) -> None:
        """Let Tab go through the rows, then what is below."""
        units = (field for row in self.units.rows.values() for field in (row.unit, row.scale))
        below = (self.positions, self.rate, self.path, self.all_unused, self.cancel, self.save)
        chain: list[QWidget] = [*self.uses, *units, *below]
        for first, second in pairwise(chain):
            QWidget.setTabOrder(first, second)
        chain[0].setFocus()

    def _drop_all(self) -> None:
        for box in self.uses:
            box.setCurrentIndex(0)

    def _add_row(self, i: int, row: DraftRow, draft: Draft) -> None:
        box = Choice()
        line = line_of(box)
        box.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        box.addItem(self.tr("not used"), ChannelUse())
        box.addItem("GSR", ChannelUse(Modality.GSR, "GSR"))
        box.addItem("ECG", ChannelUse(Modality.ECG, "ECG"))
        if draft.counter is not None:
            counter = ChannelUse(Modality.OTHER, COUNTER)
            box.addItem(self.tr("sample counter"), counter)
        for name in draft.electrodes:
            box.addItem(name, ChannelUse(Modality.EEG, name))
        completer = QCompleter(box.model(), box)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        completer.setCompletionMode(QCompleter.CompletionMode.PopupCompletion)
        box.setCompleter(completer)
        box.setAccessibleName(self.tr("What channel {n} is").format(n=i + 1))
        line.setPlaceholderText(self.tr("electrode, GSR, ECG or not used"))
        _show_use(box, row.use)
        box.editTextChanged.connect(self.check)
        self.uses.append(box)
        number = QTableWidgetItem(str(i + 1))
        number.setTextAlignment(Qt.AlignmentFlag.AlignCenter)
        label = QTableWidgetItem(plain_text(row.label))
        comment = QTableWidgetItem(plain_text(row.comment))
        for column, item in ((0, number), (1, label), (3, comment)):
            item.setFlags(Qt.ItemFlag.ItemIsEnabled)
            item.setToolTip(tip(item.text()))
            self.table.setItem(i, column, item)
        self.table.setCellWidget(i, 2, box)
        self.table.setRowHeight(i, round(theme.px(ROW_HEIGHT)))

    def _lay_out(self) -> None:
        self.table.setAccessibleName(self.tr("Channels"))
        self.table.setHorizontalHeaderLabels(
            ["", self.tr("Comes in as"), self.tr("What it is"), self.tr("What shows it")]
        )
        self.table.verticalHeader().hide()
        self.table.setShowGrid(False)
        self.table.setWordWrap(False)
        self.table.setSelectionMode(QTableWidget.SelectionMode.NoSelection)
        self.table.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.table.setTextElideMode(Qt.TextElideMode.ElideRight)
        header = self.table.horizontalHeader()
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        for column in range(len(COLUMNS)):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Fixed)
        self.restyle()
        header.setSectionResizeMode(3, QHeaderView.ResizeMode.Stretch)
        for text, data in (
            (self.tr("assumed, from the usual wiring"), "assumed"),
            (self.tr("standard, as the cap is labelled"), "standard"),
            (self.tr("measured on this head"), "measured"),
        ):
            self.positions.addItem(text, data)
        grid = QGridLayout()
        grid.setHorizontalSpacing(10)
        grid.setVerticalSpacing(6)
        grid.addWidget(label_for(self.tr("Electrode places"), self.positions), 0, 0)
        grid.addWidget(self.positions, 0, 1)
        grid.addWidget(label_for(self.tr("Rate"), self.rate), 0, 2)
        grid.addWidget(self.rate, 0, 3)
        grid.addWidget(label_for(self.tr("Save as"), self.path), 1, 0)
        grid.addWidget(self.path, 1, 1, 1, 3)
        grid.setColumnStretch(1, 3)
        grid.setColumnStretch(3, 2)
        buttons = QHBoxLayout()
        buttons.addWidget(self.all_unused)
        buttons.addStretch(1)
        buttons.addWidget(self.cancel)
        buttons.addWidget(self.save)
        top = QVBoxLayout()
        top.setSpacing(2)
        top.addWidget(self.title)
        top.addWidget(self.note)
        self.column.addLayout(top)
        self.column.addWidget(self.table, 1)
        for part in (self.units, _holding(grid), self.problem, _holding(buttons)):
            self.column.addWidget(part)


def _holding(layout: QGridLayout | QHBoxLayout) -> QWidget:
    holder = QWidget()
    layout.setContentsMargins(0, 0, 0, 0)
    holder.setLayout(layout)
    return holder


def _show_use(box: QComboBox, use: ChannelUse | None) -> None:
    if use is None:
        box.setCurrentIndex(-1)
        box.setEditText("")
        return
    for i in range(box.count()):
        data = box.itemData(i)
        same_kind = use.modality in (Modality.GSR, Modality.ECG) and data.modality is use.modality
        if same_kind or data == use:
            box.setCurrentIndex(i)
            return
    box.setCurrentIndex(-1)
    box.setEditText(use.name)
