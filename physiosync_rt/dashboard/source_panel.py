"""Choose where the signals come from, and which description says what their channels are."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

from PySide6.QtCore import Signal
from PySide6.QtGui import QFont
from PySide6.QtWidgets import (
    QButtonGroup,
    QHBoxLayout,
    QPushButton,
    QStackedWidget,
    QWidget,
)

from physiosync_rt.dashboard import theme
from physiosync_rt.dashboard.lsl_form import LslForm
from physiosync_rt.dashboard.parts import Choice, Words, choose_path, label_for, tip
from physiosync_rt.dashboard.source_forms import BoardForm, FileForm, PersonForm
from physiosync_rt.setup.plan import AS_STATED, Plan
from physiosync_rt.setup.sight import Offered, Sight
from physiosync_rt.sources.base import SourceKind
from physiosync_rt.utils.plain_text import plain_text
from physiosync_rt.utils.resources import config_names

_OPEN = "open"
"""Data of the entry that asks for a file; no description has this name."""


class SourcePanel(theme.Panel):
    """Kinds of sources, the form of the chosen one, and the description of its channels."""

    changed = Signal()
    map_asked = Signal(object)
    """The Offered whose channels a person wants to say."""

    def __init__(self) -> None:
        super().__init__()
        self.lsl, self.board = LslForm(), BoardForm()
        self.file, self.person = FileForm(), PersonForm()
        self._forms: dict[SourceKind, LslForm | BoardForm | FileForm | PersonForm] = {
            "lsl": self.lsl,
            "brainflow": self.board,
            "file": self.file,
            "simulated": self.person,
        }
        assert set(self._forms) == set(get_args(SourceKind))
        names = {
            "lsl": self.tr("LSL streams"),
            "brainflow": self.tr("BrainFlow board"),
            "file": self.tr("Recording"),
            "simulated": self.tr("Simulated person"),
        }
        self.kinds = QButtonGroup(self)
        self.kinds.setExclusive(True)
        row = QHBoxLayout()
        row.setSpacing(6)
        self._stack = QStackedWidget()
        self.buttons: dict[SourceKind, QPushButton] = {}
        for i, (kind, form) in enumerate(self._forms.items()):
            button = QPushButton(names[kind])
            button.setCheckable(True)
            self.buttons[kind] = button
            self.kinds.addButton(button, i)
            row.addWidget(button, 1)
            self._stack.addWidget(form)
            form.changed.connect(self.changed)
        self.kinds.idToggled.connect(self._show_form)
        self._sight = Sight()
        self.column.addWidget(theme.Text(self.tr("2  Signals"), weight=QFont.Weight.DemiBold))
        self.column.addLayout(row)
        self.column.addWidget(self._stack, 1)
        self._channels = QWidget()
        self._lay_out_channels()
        self.column.addWidget(self._channels)

    @property
    def kind(self) -> SourceKind:
        """The chosen kind of source."""
        return list(self._forms)[max(self.kinds.checkedId(), 0)]

    def show_plan(self, plan: Plan, recent: list[str]) -> None:
        """Show what a plan says; ``recent`` are descriptions that were used before."""
        self._offer_devices(recent, plan.device)
        for form in self._forms.values():
            form.show_plan(plan)
        self.buttons[plan.source].setChecked(True)

    def fill(self, plan: Plan) -> Plan:
        """Return a plan with what is chosen here."""
        for form in self._forms.values():
            plan = form.fill(plan)
        device = str(self.device.currentData() or "")
        return plan.model_copy(update={"source": self.kind, "device": device})

    def show_sight(self, sight: Sight) -> None:
        """Show what a look at the chosen source has found."""
        self._sight = sight
        self._forms[self.kind].show_sight(sight)
        found = f" ({sight.device})" if sight.device and not self.device.currentData() else ""
        self.device.setItemText(0, self.tr("automatic") + plain_text(found))
        self.edit.setEnabled(bool(self._mappable()))
        self.channels.write(self._channels_text(sight))

    def use_device(self, path: str) -> None:
        """Choose a description, which is added to the list where it is not there."""
        if self.device.findData(path) < 0:
            self.device.insertItem(2, plain_text(Path(path).stem), path)
            self.device.setItemData(2, tip(path), 3)
        self.device.setCurrentIndex(self.device.findData(path))
        self.changed.emit()

    def _mappable(self) -> Offered | None:
        """Return the stream whose channels a person may say: the unclear one, else the EEG's."""
        if self.kind == "simulated":
            return None
        signals = [stream for stream in self._sight.offered if not stream.marker]
        chosen = self._sight.unclear or next((s for s in signals if s.serves), None)
        return chosen or (signals[0] if len(signals) == 1 else None)

    def _channels_text(self, sight: Sight) -> str:
        if self.kind == "simulated" or sight.eeg is None:
            return ""
        names = " ".join(sight.eeg.ch_names)
        whole = next((o.whole for o in sight.offered if sight.eeg.modality in o.serves), None)
        left = whole.n_chans - sight.eeg.n_chans if whole else 0
        dropped = self.tr("; {n} more not used").format(n=left) if left > 0 else ""
        return self.tr("EEG: {names}").format(names=names) + dropped

    def _show_form(self, which: int, on: bool) -> None:
        if on:
            self._stack.setCurrentIndex(which)
            self._channels.setVisible(self.kind != "simulated")
            self.changed.emit()

    def _offer_devices(self, recent: list[str], current: str) -> None:
        self.device.clear()
        self.device.addItem(self.tr("automatic"), "")
        self.device.addItem(self.tr("none: as the stream says"), AS_STATED)
        for path in recent:
            self.device.addItem(plain_text(Path(path).stem), path)
        for name in config_names("devices"):
            self.device.addItem(name, name)
        self.device.addItem(self.tr("Open a file…"), _OPEN)
        if current and self.device.findData(current) < 0:
            self.device.insertItem(2, plain_text(Path(current).stem), current)
        self.device.setCurrentIndex(max(self.device.findData(current), 0))

    def _device_chosen(self, _index: int) -> None:
        if self.device.currentData() == _OPEN:
            self.device.setCurrentIndex(0)
            title = self.tr("Open a device description")
            choose_path(self, title, self.use_device, folder=False)
        else:
            self.changed.emit()

    def _lay_out_channels(self) -> None:
        self.device = Choice()
        self.device.activated.connect(self._device_chosen)
        self.edit = QPushButton(self.tr("Channels…"))
        self.edit.setToolTip(tip(self.tr("Say what each channel is: an electrode, GSR, ECG")))
        self.edit.setEnabled(False)
        self.edit.clicked.connect(self._ask_mapping)
        self.channels = Words(pixels=12, role="muted")
        row = QHBoxLayout()
        row.setSpacing(10)
        row.addWidget(label_for(self.tr("Channel description"), self.device))
        row.addWidget(self.device, 1)
        row.addWidget(self.edit)
        column = theme.stack(spacing=6)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(row)
        column.addWidget(self.channels)
        self._channels.setLayout(column)

    def _ask_mapping(self) -> None:
        if stream := self._mappable():
            self.map_asked.emit(stream)
