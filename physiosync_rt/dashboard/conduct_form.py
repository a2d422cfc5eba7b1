"""Say who takes part in a run, and what the marker keys write."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QGridLayout, QLineEdit, QWidget

from physiosync_rt.dashboard.parts import Tick, Words, label_for, tip
from physiosync_rt.setup.conduct import MOST_KEYS, Conduct, split_keys
from physiosync_rt.setup.plan import Plan

_LONGEST_NOTES = 10_000
_LONGEST_KEYS = 500


class ConductForm(QWidget):
    """Participant, session, task, notes, marker keys and sound, with what is wrong below them."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.participant = QLineEdit()
        self.session = QLineEdit()
        self.task = QLineEdit()
        self.notes = QLineEdit()
        self.keys = QLineEdit()
        self.sound = Tick(self.tr("Sound"))
        self.problem = Words(pixels=12, role="alert")
        self.problem.hide()
        self.participant.setPlaceholderText(self.tr("such as 01"))
        self.task.setPlaceholderText(self.tr("live"))
        self.notes.setMaxLength(_LONGEST_NOTES)
        self.notes.setToolTip(tip(self.tr("Kept in the run's JSON, and shown in its report")))
        self.keys.setMaxLength(_LONGEST_KEYS)
        self.keys.setPlaceholderText(self.tr("video, question, …"))
        for field in (self.participant, self.session, self.task):
            field.setToolTip(
                tip(self.tr("Letters and digits; they name the files: sub-01_ses-02_task-music"))
            )
        self.keys.setToolTip(
            tip(self.tr("What Ctrl+1 to Ctrl+{n} write, with commas between").format(n=MOST_KEYS))
        )
        self.sound.setToolTip(tip(self.tr("Let the computer ring when the rest is complete")))
        self._lay_out()
        for field in (self.participant, self.session, self.task, self.notes, self.keys):
            field.textChanged.connect(self._changed)
        self.sound.toggled.connect(self._changed)

    def show_plan(self, plan: Plan) -> None:
        """Show what a plan says."""
        self.participant.setText(plan.participant)
        self.session.setText(plan.session)
        self.task.setText(plan.task)
        self.notes.setText(plan.notes)
        self.keys.setText(", ".join(plan.marker_keys))
        self.sound.setChecked(plan.sound)

    def conduct(self) -> Conduct:
        """Return what is said here, as it was typed."""
        return Conduct(
            participant=self.participant.text(),
            session=self.session.text(),
            task=self.task.text(),
            notes=self.notes.text(),
            marker_keys=tuple(name[:60] for name in split_keys(self.keys.text()))[:MOST_KEYS],
            sound=self.sound.isChecked(),
        )

    def _changed(self) -> None:
        problem = self.conduct().label_problem
        self.problem.write(problem)
        self.problem.setVisible(bool(problem))
        self.changed.emit()

    def _lay_out(self) -> None:
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(10)
        grid.setVerticalSpacing(6)
        who = (
            (self.tr("Participant"), self.participant),
            (self.tr("Session"), self.session),
            (self.tr("Task"), self.task),
        )
        for place, (text, field) in enumerate(who):
            grid.addWidget(label_for(text, field), 0, 2 * place)
            grid.addWidget(field, 0, 2 * place + 1)
        grid.addWidget(self.problem, 1, 0, 1, 6)
        grid.addWidget(label_for(self.tr("Notes"), self.notes), 2, 0)
        grid.addWidget(self.notes, 2, 1)
        grid.addWidget(label_for(self.tr("Marker keys"), self.keys), 2, 2)
        grid.addWidget(self.keys, 2, 3, 1, 3)
        for column in (1, 3, 5):
            grid.setColumnStretch(column, 1)
