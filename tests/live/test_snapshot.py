"""Which of a bundle's scores a view shows."""

from __future__ import annotations

from physiosync_rt.bundle.bundle import load_bundle
from physiosync_rt.bundle.card import Score
from physiosync_rt.live.snapshot import score_lines


def test_scores_stand_beside_the_best_baseline_with_protocol_and_interval() -> None:
    card = load_bundle("demo-eeg32").card
    lines = score_lines(card)
    assert [line.split()[0] for line in lines] == ["valence", "arousal"] * 2
    for line in lines[:2]:
        assert "balanced accuracy" in line
        assert "eeg+gsr, protocol subject, 1 of 8 folds, 20 subjects" in line
    primary = [s for s in card.scores if s.metric == "balanced accuracy" and s.target == "valence"]
    best = max(s.value for s in primary if s.model.startswith("linear"))
    assert f"{best:.2f} [" in lines[2]
    assert lines[2].endswith("(best baseline, same folds)")
    assert lines[2].count("(") == 1


def test_a_card_with_other_scores_shows_them_all() -> None:
    card = load_bundle("demo-eeg32").card
    score = Score(
        protocol="window (inflated)",
        target="valence",
        modalities="eeg+gsr",
        model="as published",
        metric="accuracy",
        value=0.9,
    )
    (line,) = score_lines(card.model_copy(update={"scores": (score,)}))
    assert line == "valence accuracy 0.90 (eeg+gsr, protocol window (inflated))"
