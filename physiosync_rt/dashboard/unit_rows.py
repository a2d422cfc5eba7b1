"""The unit and the scale of each modality that a stream's channels are said to be."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QGridLayout, QLabel, QLineEdit, QWidget

from physiosync_rt.dashboard import theme
from physiosync_rt.dashboard.parts import Choice, Words, tip
from physiosync_rt.datatypes import UNITS, Modality
from physiosync_rt.devices.assist_units import CANDIDATES
from physiosync_rt.devices.channel_uses import SIGNALS, SignalUnit
from physiosync_rt.errors import UserError
from physiosync_rt.setup.draft import Draft
from physiosync_rt.views.wording import unit_text


@dataclass(frozen=True)
class _Row:
    label: QLabel
    unit: QComboBox
    times: QLabel
    scale: QLineEdit
    hint: Words

    @property
    def widgets(self) -> tuple[QWidget, ...]:
        return self.label, self.unit, self.times, self.scale, self.hint


class UnitRows(QWidget):
    """A row for EEG, GSR and ECG, shown where channels are of it."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(10)
        grid.setVerticalSpacing(6)
        self.rows: dict[Modality, _Row] = {}
        for n, modality in enumerate(SIGNALS):
            label = theme.Text(
                self.tr("{signal} in").format(signal=modality), pixels=12, role="muted"
            )
            unit, scale = Choice(11), QLineEdit("1")
            unit.setAccessibleName(self.tr("Unit of the {signal}").format(signal=modality))
            scale.setAccessibleName(self.tr("Factor on the {signal}").format(signal=modality))
            scale.setToolTip(
                tip(self.tr("Factor on the samples: the unit per count of raw numbers, else 1"))
            )
            row = _Row(label, unit, theme.Text("×"), scale, Words(pixels=12, role="muted"))
            for column, widget in enumerate(row.widgets):
                grid.addWidget(widget, n, column)
            unit.currentIndexChanged.connect(self.changed)
            scale.textChanged.connect(self.changed)
            self.rows[modality] = row
        grid.setColumnStretch(4, 1)
        self.restyle()

    def restyle(self) -> None:
        """Take the zoom of the present."""
        for row in self.rows.values():
            row.scale.setFixedWidth(round(theme.px(76)))

    def show_draft(self, draft: Draft) -> None:
        """Begin with what a draft says."""
        stated = {spec.modality: spec.unit for spec, _ in draft.stream.parts if spec.unit}
        for modality, row in self.rows.items():
            drafted = draft.units.get(modality, SignalUnit())
            row.unit.blockSignals(True)
            row.unit.clear()
            first = self.tr("choose the unit")
            if modality in stated:
                first = self.tr("as stated ({unit})").format(unit=unit_text(UNITS[modality]))
            row.unit.addItem(first, "")
            for word in dict.fromkeys((*CANDIDATES[modality], drafted.unit)):
                if word:
                    row.unit.addItem(word, word)
            row.unit.setCurrentIndex(max(row.unit.findData(drafted.unit), 0))
            row.unit.blockSignals(False)
            row.scale.setText(f"{drafted.scale:g}")
            row.hint.write(draft.hints.get(modality, ""))

    def show_for(self, modalities: Sequence[Modality]) -> None:
        """Show the rows of these modalities."""
        for modality, row in self.rows.items():
            for widget in row.widgets:
                widget.setVisible(modality in modalities)

    def units(self) -> dict[Modality, SignalUnit]:
        """Return what is chosen.

        Raises
        ------
        UserError
            A factor is not a number above 0.
        """
        found = {}
        for modality, row in self.rows.items():
            text = row.scale.text().strip().replace(",", ".")
            try:
                scale = float(text or 1)
            except ValueError:
                scale = math.nan
            if not (scale > 0 and math.isfinite(scale)):
                said = self.tr("“{text}” is not a factor; give a number above 0, usually 1")
                raise UserError(said.format(text=text))
            found[modality] = SignalUnit(str(row.unit.currentData() or ""), scale)
        return found
