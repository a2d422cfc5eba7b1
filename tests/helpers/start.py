"""Sights and reports for tests of the start screen."""

from __future__ import annotations

from physiosync_rt.bundle.card import find_bundle, read_card
from physiosync_rt.datatypes import UNITS, Carrier, Modality, StreamSpec
from physiosync_rt.setup.examine import Report
from physiosync_rt.setup.plan import Plan
from physiosync_rt.setup.requirements import check_bundle, check_sight
from physiosync_rt.setup.sight import Offered, Sight


def offered(
    name: str,
    kind: str,
    names: tuple[str, ...],
    *,
    unit: bool = True,
    serves: tuple[Modality, ...] = (),
    sfreq: float = 250.0,
) -> Offered:
    """A stream in sight."""
    known = kind in ("EEG", "GSR", "ECG")
    modality = Modality(kind) if known else Modality.OTHER
    word = UNITS[modality] if unit else ""
    spec = StreamSpec(name, modality, names, sfreq, word, kind, f"{name}-id", "lab")
    carrier = Carrier(spec, (word,) * len(names), tuple(range(len(names))))
    return Offered(spec, ((spec, carrier),), (spec,), serves, name if known else "")


def numbered(n: int) -> tuple[str, ...]:
    """Labels that tell nothing."""
    return tuple(f"ch{i + 1}" for i in range(n))


def muse_sight() -> Sight:
    """Four streams of one headset, its EEG chosen."""
    eeg = offered("Muse", "EEG", ("TP9", "AF7", "AF8", "TP10"), serves=(Modality.EEG,))
    others = [offered("Muse", kind, numbered(3)) for kind in ("ACC", "GYRO", "PPG")]
    streams = tuple(
        Offered(
            StreamSpec(
                "Muse",
                o.whole.modality,
                o.whole.ch_names,
                o.whole.sfreq,
                o.whole.unit,
                o.whole.stype,
                "Muse-id",
                "lab",
            ),
            o.parts,
            o.specs,
            o.serves,
            o.query,
        )
        for o in (eeg, *others)
    )
    return Sight(streams, eeg=eeg.specs[0])


def report(plan: Plan, sight: Sight) -> Report:
    """What an examination would have found."""
    card = read_card(find_bundle(plan.bundle))
    checks = (check_bundle(plan.bundle)[1], *check_sight(sight, card, ("demo-muse",)))
    return Report(plan, card, sight, checks)
