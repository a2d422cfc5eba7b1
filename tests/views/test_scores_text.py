"""Which of a bundle's scores a view shows, and beside what."""

from __future__ import annotations

from helpers.snapshots import SCORES

from physiosync_rt.bundle.bundle import load_bundle
from physiosync_rt.bundle.card import Score
from physiosync_rt.views.scores_text import BEST_BASELINE, score_groups, score_lines


def test_scores_stand_beside_the_best_baseline_with_protocol_and_interval() -> None:
    card = load_bundle("demo-eeg32").card
    lines = score_lines(card.scores)
    assert [line.split()[0] for line in lines] == ["valence", "arousal"] * 2
    for line in lines[:2]:
        assert "balanced accuracy" in line
        assert "eeg+gsr, protocol subject, 1 of 8 folds, 20 subjects" in line
    primary = [s for s in card.scores if s.metric == "balanced accuracy" and s.target == "valence"]
    best = max(s.value for s in primary if s.model.startswith("linear"))
    assert f"{best:.2f} [" in lines[2]
    assert lines[2].endswith("(best baseline model, same folds)")
    assert lines[2].count("(") == 1


def test_a_card_with_other_scores_shows_them_all() -> None:
    score = Score(
        protocol="window (inflated)",
        target="valence",
        modalities="eeg+gsr",
        model="as published",
        metric="accuracy",
        value=0.9,
    )
    assert score_lines([score]) == ["valence accuracy 0.90 (eeg+gsr, protocol window (inflated))"]
    assert score.inflated
    assert score_lines([]) == []


def test_scores_are_grouped_by_how_they_were_measured() -> None:
    assert score_groups(SCORES) == {
        "eeg+gsr, protocol subject, 8 of 8 folds, 20 subjects": [
            "valence balanced accuracy 0.71 [0.64, 0.77]",
            "arousal balanced accuracy 0.68 [0.61, 0.74]",
        ],
        BEST_BASELINE: [
            "valence 0.62 [0.55, 0.68] by linear, band power, skin",
            "arousal 0.50 [0.43, 0.56] by always high",
        ],
    }


def test_fewer_modalities_and_worse_baselines_are_not_shown() -> None:
    alone = SCORES[0].model_copy(update={"modalities": "eeg", "value": 0.99})
    worse = SCORES[2].model_copy(update={"model": "nearest mean", "value": 0.5})
    other = SCORES[2].model_copy(update={"protocol": "window (inflated)", "value": 0.95})
    assert score_groups((*SCORES, alone, worse, other)) == score_groups(SCORES)


def test_beside_eeg_alone_stands_the_best_baseline_without_the_other_signal() -> None:
    card = load_bundle("effort-eeg19").card
    both, alone = (score_groups(card.scores, modalities=used) for used in ("eeg+ecg", "eeg"))
    assert "by linear, both" in both[BEST_BASELINE][0]
    (figure,) = alone[BEST_BASELINE]
    assert figure.startswith("arousal 0.76 [")
    assert figure.endswith("by linear, EEG band power")
