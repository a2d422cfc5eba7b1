"""Choose a bundle, and read its card: what it was trained on, what it is worth, what it needs."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QFont
from PySide6.QtWidgets import QHBoxLayout, QListWidget, QListWidgetItem, QVBoxLayout, QWidget
from typing_extensions import override

from physiosync_rt.bundle.card import Card, find_bundle, read_card
from physiosync_rt.dashboard import theme
from physiosync_rt.dashboard.parts import Words, choose_path, link, scrolled, tip
from physiosync_rt.dashboard.scheme import Scheme
from physiosync_rt.dashboard.score_bars import ScoreBars
from physiosync_rt.errors import UserError
from physiosync_rt.utils.plain_text import plain_text
from physiosync_rt.utils.resources import bundle_names
from physiosync_rt.utils.translation import tr
from physiosync_rt.views.scores_text import BEST_BASELINE, comparisons, score_groups
from physiosync_rt.views.wording import unit_text

MOST_ROWS = 4


class BundlePanel(theme.Panel):
    """The list of bundles and the card of the chosen one."""

    chosen = Signal(str)
    """Name or folder."""

    def __init__(self) -> None:
        super().__init__()
        self.column.addWidget(theme.Text(self.tr("1  Model"), weight=QFont.Weight.DemiBold))
        self.names = QListWidget()
        self.names.setAccessibleName(self.tr("Bundles"))
        self.names.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.names.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.names.currentItemChanged.connect(self._take)
        self.open = link(self.tr("Open a bundle folder…"), self._ask)
        self.open.setToolTip(tip(self.tr("A folder with card.json and weights.safetensors")))
        self.card = CardView()
        self.column.addWidget(self.names)
        self.column.addWidget(self.open)
        self.column.addWidget(scrolled(self.card), 1)
        self.setAcceptDrops(True)

    def offer(self, recent: list[str], current: str) -> None:
        """List the shipped bundles and those opened before, and choose one."""
        self.names.blockSignals(True)
        self.names.clear()
        for name in dict.fromkeys((*bundle_names(), *recent, current)):
            self._add(name)
        self.names.blockSignals(False)
        self.choose(current)
        self._fit()

    def restyle(self) -> None:
        """Take the zoom of the present."""
        self._fit()

    def _fit(self) -> None:
        """Let the list be as high as what it holds, up to four rows."""
        rows = min(max(self.names.count(), 1), MOST_ROWS)
        self.names.setFixedHeight(rows * self.names.sizeHintForRow(0) + 6)

    def choose(self, name: str) -> None:
        """Choose a bundle, which is added to the list where it is not there."""
        for i in range(self.names.count()):
            if self.names.item(i).data(Qt.ItemDataRole.UserRole) == name:
                self.names.setCurrentRow(i)
                return
        self._add(name)
        self._fit()
        self.names.setCurrentRow(self.names.count() - 1)

    def _add(self, name: str) -> None:
        shown = name
        try:
            shown = read_card(find_bundle(name)).title
        except UserError:
            shown = f"{Path(name).name} ({self.tr('cannot be read')})"
        item = QListWidgetItem(plain_text(shown))
        item.setData(Qt.ItemDataRole.UserRole, name)
        item.setToolTip(tip(name))
        self.names.addItem(item)

    def _take(self, item: QListWidgetItem | None) -> None:
        if item is None:
            return
        name = str(item.data(Qt.ItemDataRole.UserRole))
        try:
            self.card.show_card(read_card(find_bundle(name)))
        except UserError as error:
            self.card.show_problem(str(error))
        self.chosen.emit(name)

    def _ask(self) -> None:
        choose_path(self, self.tr("Open a bundle"), self.choose, folder=True)

    @override
    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take folders that are dragged here."""
        if event.mimeData().hasUrls() and event.mimeData().urls()[0].isLocalFile():
            event.acceptProposedAction()

    @override
    def dropEvent(self, event: QDropEvent) -> None:
        """Choose the bundle that was dropped."""
        path = Path(event.mimeData().urls()[0].toLocalFile())
        self.choose(str(path if path.is_dir() else path.parent))


class CardView(QWidget):
    """What a bundle says of itself."""

    def __init__(self) -> None:
        super().__init__()
        self.title = Words(pixels=16)
        self.badge = theme.Text(self.tr("simulated people only"), pixels=12)
        self.badge.setObjectName("badge")
        self.badge.setToolTip(
            tip(
                self.tr(
                    "The model has seen no recording of a real person: it shows that everything "
                    "works, not how somebody feels."
                )
            )
        )
        self.trained = Words()
        self.how = Words(pixels=12, role="muted")
        self.bars = ScoreBars()
        self.figures = Words(pixels=12)
        self.needs = Words()
        badge = QHBoxLayout()
        badge.addWidget(self.badge)
        badge.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(6, 4, 6, 4)
        column.setSpacing(6)
        column.addWidget(self.title)
        column.addLayout(badge)
        self._headings = [
            theme.Text(text, pixels=12, role="muted")
            for text in (
                self.tr("Trained on"),
                self.tr("What it is worth: balanced accuracy"),
                self.tr("What it needs"),
            )
        ]
        for heading, bodies in zip(
            self._headings,
            ((self.trained,), (self.bars, self.figures, self.how), (self.needs,)),
            strict=True,
        ):
            column.addSpacing(4)
            column.addWidget(heading)
            for body in bodies:
                column.addWidget(body)
        column.addStretch(1)

    def recolour(self, scheme: Scheme) -> None:
        """Draw in the colours of a scheme."""
        self.bars.scheme = scheme
        self.bars.update()

    def show_card(self, card: Card) -> None:
        """Show a card."""
        for heading in self._headings:
            heading.show()
        self.title.write(card.headline)
        self.title.set_role("")
        self.badge.setVisible(card.simulated)
        self.trained.write(card.trained_on)
        rows = comparisons(card.scores, card.meaning)
        one_protocol = {row.how for row in rows}
        self.bars.setVisible(len(one_protocol) == 1)
        self.bars.show_scores(rows if len(one_protocol) == 1 else [])
        groups = score_groups(card.scores, card.meaning)
        if len(one_protocol) == 1:
            self.figures.hide()
            rivals = {
                row.rival.model.replace(" (", ", ").removesuffix(")")
                for row in rows
                if row.rival is not None
            }
            beside = self.tr("; baseline: the best baseline model on the same folds")
            named = f"{beside} ({self.tr(' and ').join(sorted(rivals))})" if rivals else ""
            inflated = self.tr(". Inflated: trials are shared between training and test")
            self.how.write(f"{rows[0].how}{named}{inflated if rows[0].ours.inflated else ''}")
        else:
            self.figures.show()
            lines = [f"{how}: {', '.join(found)}" for how, found in groups.items()]
            self.figures.write("\n".join(lines))
            self.how.write("" if groups else self.tr("The card names no score."))
            self.how.setVisible(not groups or tr(BEST_BASELINE) not in groups)
        self.needs.write(self._needs(card))

    def show_problem(self, text: str) -> None:
        """Say why a card cannot be shown."""
        self.title.write(text)
        self.title.set_role("alert")
        for heading in self._headings:
            heading.hide()
        self.badge.hide()
        self.bars.show_scores([])
        for words in (self.trained, self.how, self.figures, self.needs):
            words.write("")

    def _needs(self, card: Card) -> str:
        eeg = card.eeg
        at_least = self.tr(" (at least {n} measured, the others are interpolated)")
        lines = [
            self.tr("EEG of {n} electrodes{at_least}: {names}").format(
                n=eeg.n_chans,
                at_least=at_least.format(n=eeg.min_electrodes)
                if eeg.min_electrodes < eeg.n_chans
                else "",
                names=", ".join(eeg.ch_names),
            )
        ]
        if card.pps is not None:
            one = card.pps.n_chans == 1
            channels = self.tr("1 channel") if one else self.tr("{n} channels")
            said = self.tr("{signal}: {channels} in {unit}; without it, EEG alone is used").format(
                signal=card.pps.modality,
                channels=channels.format(n=card.pps.n_chans),
                unit=unit_text(card.pps.unit),
            )
            lines.append(said)
        rest = self.tr("{n} s of rest at the start: sit still")
        lines.append(rest.format(n=f"{card.profile.baseline_s:g}"))
        return "\n".join(lines)
