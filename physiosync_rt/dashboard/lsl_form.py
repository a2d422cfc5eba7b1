"""The LSL streams in sight, those of one headset together, and which serves what."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QCoreApplication, Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QGridLayout,
    QHeaderView,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from physiosync_rt.dashboard.parts import Choice, Words, label_for, tip
from physiosync_rt.datatypes import Modality
from physiosync_rt.setup.plan import Plan
from physiosync_rt.setup.sight import Offered, Sight
from physiosync_rt.utils.plain_text import plain_text
from physiosync_rt.views.wording import unit_text

EEG, PERIPHERAL = (Modality.EEG,), (Modality.GSR, Modality.ECG)


class StreamTree(QTreeWidget):
    """Streams as rows: name, what they carry, what they serve."""

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName(self.tr("Streams"))
        self.setColumnCount(3)
        self.setHeaderLabels([self.tr("Stream"), self.tr("Carries"), self.tr("Serves")])
        self.setRootIsDecorated(False)
        self.setIndentation(16)
        self.setUniformRowHeights(True)
        self.setTextElideMode(Qt.TextElideMode.ElideRight)
        header = self.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(2, QHeaderView.ResizeMode.ResizeToContents)
        self._shown: tuple[Offered, ...] | None = None

    def show_streams(self, offered: tuple[Offered, ...]) -> None:
        """Show streams, several of one headset under its name; markers last."""
        if offered == self._shown:
            return
        self._shown = offered
        self.clear()
        groups: dict[tuple[str, str, str], list[Offered]] = {}
        for stream in sorted(offered, key=lambda o: (o.marker, not o.serves)):
            whole = stream.whole
            groups.setdefault((whole.name, whole.host, whole.source_id), []).append(stream)
        for (name, host, _), streams in groups.items():
            where = f"{name}  ·  {host}" if host else name
            if len(streams) == 1:
                self.addTopLevelItem(self._item(where, streams[0]))
                continue
            head = QTreeWidgetItem(
                [plain_text(where), self.tr("{n} streams").format(n=len(streams)), ""]
            )
            head.setFlags(Qt.ItemFlag.ItemIsEnabled)
            self.addTopLevelItem(head)
            for stream in streams:
                head.addChild(self._item(stream.whole.stype or stream.whole.name, stream))
        self.expandAll()

    def _item(self, name: str, stream: Offered) -> QTreeWidgetItem:
        serves = " + ".join(stream.serves)
        used = f"✓ {serves}" if serves else self.tr("markers") if stream.marker else "–"
        item = QTreeWidgetItem([plain_text(name), carries(stream), used])
        labels = " ".join(stream.whole.ch_names)
        item.setToolTip(0, tip(f"{stream.whole.name}: {labels}"))
        item.setToolTip(1, tip(labels))
        return item


class LslForm(QWidget):
    """Streams in sight, and the choice of one where several could serve."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.tree = StreamTree()
        self.looking = Words(self.tr("Looking for streams…"), pixels=12, role="muted")
        self.eeg, self.pps = Choice(), Choice()
        grid = QGridLayout()
        grid.setHorizontalSpacing(10)
        self._pps_label = label_for(self.tr("GSR or ECG from"), self.pps)
        grid.addWidget(label_for(self.tr("EEG from"), self.eeg), 0, 0)
        grid.addWidget(self.eeg, 0, 1)
        grid.addWidget(self._pps_label, 0, 2)
        grid.addWidget(self.pps, 0, 3)
        grid.setColumnStretch(1, 1)
        grid.setColumnStretch(3, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self.looking)
        column.addWidget(self.tree, 1)
        column.addLayout(grid)
        for box in (self.eeg, self.pps):
            box.addItem(self.tr("automatic"), "")
            box.activated.connect(lambda _index: self.changed.emit())

    def show_plan(self, plan: Plan) -> None:
        """Show what a plan says."""
        _choose(self.eeg, plan.eeg)
        _choose(self.pps, plan.pps)

    def fill(self, plan: Plan) -> Plan:
        """Return a plan with what is chosen here."""
        chosen = {"eeg": self.eeg.currentData() or "", "pps": self.pps.currentData() or ""}
        return plan.model_copy(update=chosen)

    def show_sight(self, sight: Sight) -> None:
        """Show what is in sight now."""
        n = sum(not stream.marker for stream in sight.offered)
        self.looking.write(
            self.tr("{n} streams in sight; the list refreshes by itself").format(n=n)
            if n
            else self.tr("Looking for streams… the list refreshes by itself")
        )
        self.tree.show_streams(sight.offered)
        _refresh(self.eeg, self._able(sight.offered, EEG))
        _refresh(self.pps, self._able(sight.offered, PERIPHERAL))

    @staticmethod
    def _able(offered: Sequence[Offered], modalities: tuple[Modality, ...]) -> dict[str, str]:
        """Return by query the streams that may serve, and those that nobody knows yet."""
        return {
            stream.query: f"{stream.whole.name} ({carries(stream)})"
            for stream in offered
            if stream.query and any(stream.carries(modality) for modality in modalities)
        }


def carries(stream: Offered) -> str:
    """Return what a stream carries, in a few words."""
    translate = QCoreApplication.translate
    if stream.marker:
        return translate("LslForm", "markers")
    parts = []
    said = translate("LslForm", "{what} {n} ch, {rate}{unit}")
    for spec in stream.specs:
        what = stream.whole.stype if spec.modality is Modality.OTHER else str(spec.modality)
        rate = f"{spec.sfreq:g} Hz" if spec.sfreq else translate("LslForm", "no rate")
        unit = f", {unit_text(spec.unit)}" if spec.unit else ""
        n = spec.n_chans if len(stream.specs) > 1 else stream.whole.n_chans
        what = what or translate("LslForm", "unknown")
        parts.append(said.format(what=what, n=n, rate=rate, unit=unit))
    return plain_text(" + ".join(parts))


def _choose(box: QComboBox, query: str) -> None:
    """Choose a query, which is kept where its stream is out of sight."""
    if query and box.findData(query) < 0:
        box.addItem(plain_text(query), query)
    box.setCurrentIndex(max(box.findData(query), 0))


def _refresh(box: QComboBox, able: dict[str, str]) -> None:
    """Offer streams, and leave the choice and an open list alone."""
    if box.view().isVisible():
        return
    chosen = str(box.currentData() or "")
    wanted = {"": box.itemText(0), **{q: plain_text(text) for q, text in able.items()}}
    if chosen and chosen not in wanted:
        wanted[chosen] = plain_text(
            QCoreApplication.translate("LslForm", "{stream} (not in sight)").format(stream=chosen)
        )
    have = {str(box.itemData(i)): box.itemText(i) for i in range(box.count())}
    if have == wanted:
        return
    box.blockSignals(True)
    box.clear()
    for query, text in wanted.items():
        box.addItem(text, query)
    box.setCurrentIndex(max(box.findData(chosen), 0))
    box.blockSignals(False)
