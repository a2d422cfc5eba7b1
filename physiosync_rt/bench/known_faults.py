"""The faults that a live run is measured with, and how each run is made."""

from __future__ import annotations

from dataclasses import dataclass

from physiosync_rt.datatypes import Modality

FAULT_S = 15.0
"""Recorded second at which the fault starts; predictions have started by then."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault and its run.

    Attributes
    ----------
    name : str
    spec : str
        As ``replay --faults`` takes it.
    lasts_s : float
        Duration of the fault in seconds.
    run_s : float
        Length of the run in recorded seconds.
    killed : bool
        Whether the player is killed at the fault and restarted after ``lasts_s``.
    new_id : bool
        Whether the restarted player has another source_id.
    counted : bool
        Whether the device has a sample counter.
    """

    name: str
    spec: str = ""
    lasts_s: float = 0.0
    run_s: float = 30.0
    killed: bool = False
    new_id: bool = False
    counted: bool = False

    @property
    def modality(self) -> Modality:
        """Modality of the faulty stream, which is observed."""
        return Modality.GSR if "@GSR" in self.spec else Modality.EEG

    @property
    def starts_late(self) -> bool:
        """Whether the run has no fault before `FAULT_S`."""
        return self.killed or f"={FAULT_S:g}:" in self.spec


LOSSES = tuple(
    Fault(f"{share:.0%} of the samples lost{name}", f"loss={share},seed=1", counted=counted)
    for share in (0.01, 0.05, 0.2)
    for counted, name in ((False, ""), (True, ", counted"))
)
"""Single lost samples, with and without a sample counter."""

FAULTS = (
    Fault("none"),
    Fault("jitter 10 ms", "jitter=10ms,seed=1"),
    Fault("drift +200 ppm", "drift=200,jitter=1ms,seed=1", run_s=60.0),
    Fault("drift -200 ppm", "drift=-200,jitter=1ms,seed=1", run_s=60.0),
    Fault("rate 2 % higher than declared", "rate=0.02,jitter=1ms,seed=1"),
    Fault("rate 2 % lower than declared", "rate=-0.02,jitter=1ms,seed=1"),
    Fault("clock offset of 1e6 s", "clock=1e6"),
    Fault("UNIX time stamps", "clock=1.7e9,jitter=2ms,seed=1"),
    Fault("loss of 50 ms", "freeze=15:0.05", 0.05),
    Fault("loss of 0.5 s", "freeze=15:0.5", 0.5),
    Fault("freeze of 5 s", "freeze=15:5", 5.0, 36.0),
    Fault("burst: 0.8 s at once", "burst=15:0.8", 0.8),
    Fault("burst: 3 s at once", "burst=15:3", 3.0, 32.0),
    Fault("duplicates for 1 s", "repeat=15:1"),
    Fault("stuck clock for 3 s", "constant=15:3", 3.0, 32.0),
    Fault("clock reset by -1 h", "reset=15:-3600"),
    Fault("clock reset by +5 s", "reset=15:5"),
    Fault("clock reset by +1e6 s", "reset=15:1e6"),
    *LOSSES,
    Fault("GSR: freeze of 8 s", "freeze@GSR=15:8", 8.0, 40.0),
    Fault("GSR: 20% of the samples lost", "loss@GSR=0.2,seed=1"),
    Fault("GSR: UNIX time stamps", "clock@GSR=1.7e9,jitter@GSR=2ms,seed=1"),
    Fault("GSR: clock reset by -1 h", "reset@GSR=15:-3600"),
    Fault("killed, back with a new uid", "", 4.0, 40.0, killed=True),
    Fault("killed, back with a new source_id", "", 4.0, 40.0, killed=True, new_id=True),
)
