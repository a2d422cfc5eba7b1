"""Choose where a run is written, who takes part, and how long the rest at its start is."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QFont
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
)

from physiosync_rt.dashboard import theme
from physiosync_rt.dashboard.conduct_form import ConductForm
from physiosync_rt.dashboard.parts import (
    Tick,
    choose_path,
    label_for,
    number_field,
    tip,
    whole_number,
)
from physiosync_rt.setup.plan import Plan

LONGEST_REST_S = 600


class OutputPanel(theme.Panel):
    """Folder, name, what is kept, and the rest."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.column.addWidget(
            theme.Text(
                self.tr("3  Who takes part, and where to write"), weight=QFont.Weight.DemiBold
            )
        )
        self.folder = QLineEdit()
        self.browse = QPushButton(self.tr("Choose…"))
        self.browse.setAccessibleName(self.tr("Choose the folder"))
        self.browse.clicked.connect(self._ask)
        self.name = QLineEdit()
        self.name.setPlaceholderText(self.tr("time of the start"))
        self.csv = Tick(self.tr("CSV of predictions"))
        self.record = Tick(self.tr("Raw signals (XDF)"))
        self.outlet = Tick(self.tr("Publish over LSL"))
        self.csv.setToolTip(tip(self.tr("One row a second, and a JSON file that tells the run")))
        self.record.setToolTip(tip(self.tr("All streams as they came, to predict from again")))
        self.outlet.setToolTip(tip(self.tr("An LSL stream of type Emotion for other programs")))
        self.rest = number_field(0, LONGEST_REST_S, self)
        self.rest.setPlaceholderText(self.tr("as the model asks"))
        self.rest.setToolTip(
            tip(
                self.tr(
                    "Seconds of rest at the start, with which everything later is compared; "
                    "empty takes as many as the model asks for"
                )
            )
        )
        self.conduct = ConductForm()
        self._lay_out()
        self.conduct.changed.connect(self._name_files)
        self.conduct.changed.connect(self.changed)
        for field in (self.folder, self.name):
            field.textChanged.connect(self.changed)
        for box in (self.csv, self.record, self.outlet):
            box.toggled.connect(self.changed)
        self.rest.textChanged.connect(self.changed)

    def show_plan(self, plan: Plan) -> None:
        """Show what a plan says."""
        self.conduct.show_plan(plan)
        self.folder.setText(plan.folder)
        self.name.setText(plan.name)
        self.csv.setChecked(plan.csv)
        self.record.setChecked(plan.record)
        self.outlet.setChecked(plan.outlet)
        self.rest.setText(f"{plan.rest_s:g}" if plan.rest_s else "")

    def fill(self, plan: Plan) -> Plan:
        """Return a plan with what is chosen here."""
        return plan.model_copy(
            update={
                **self.conduct.conduct().model_dump(),
                "folder": self.folder.text().strip(),
                "name": self.name.text(),
                "csv": self.csv.isChecked(),
                "record": self.record.isChecked(),
                "outlet": self.outlet.isChecked(),
                "rest_s": float(whole_number(self.rest)) or None,
            }
        )

    def _name_files(self) -> None:
        """Show what the files are called where no name is typed."""
        said = self.conduct.conduct()
        named = f"{said.stem}_run-…" if said.stem and not said.label_problem else ""
        self.name.setPlaceholderText(named or self.tr("time of the start"))

    def _ask(self) -> None:
        choose_path(
            self,
            self.tr("Where to write"),
            self.folder.setText,
            folder=True,
            begin=self.folder.text(),
        )

    def _lay_out(self) -> None:
        grid = QGridLayout()
        grid.setHorizontalSpacing(10)
        grid.setVerticalSpacing(6)
        grid.addWidget(label_for(self.tr("Folder"), self.folder), 0, 0)
        grid.addWidget(self.folder, 0, 1, 1, 3)
        grid.addWidget(self.browse, 0, 4)
        grid.addWidget(label_for(self.tr("File name"), self.name), 1, 0)
        grid.addWidget(self.name, 1, 1)
        grid.addWidget(label_for(self.tr("Rest at the start, s"), self.rest), 1, 2)
        grid.addWidget(self.rest, 1, 3, 1, 2)
        grid.setColumnStretch(1, 3)
        grid.setColumnStretch(3, 2)
        self.column.addLayout(grid)
        self.column.addWidget(self.conduct)
        boxes = QHBoxLayout()
        boxes.setSpacing(8)
        for box in (self.csv, self.record, self.outlet, self.conduct.sound):
            boxes.addWidget(box)
        boxes.addStretch(1)
        self.column.addLayout(boxes)
