"""Whose a recording is, by what there is to guess from."""

from __future__ import annotations

import pytest

from physiosync_training.draft.subjects import guess_people


@pytest.mark.parametrize(
    ("subjects", "people", "how"),
    [
        (
            {"sub-01/ses-a/eeg/sub-01_task-rest_eeg.edf": "", "sub-02_task-x_eeg.edf": "X"},
            ["01", "02"],
            "BIDS",
        ),
        ({"anna/1.xdf": "", "anna/2.xdf": "", "session1/ben/raw/1.xdf": ""}, None, "folders"),
        ({"a.dat": "s01", "b.dat": "s02"}, ["s01", "s02"], "files themselves"),
        ({"Subject00_1.edf": "", "Subject00_2.edf": "", "p3.xdf": ""}, None, "file names"),
        # One that does not fit: nobody is named by half a rule.
        ({"sub-01_eeg.edf": "", "ben.edf": ""}, ["sub", "ben"], "file names"),
    ],
)
def test_guesses(subjects: dict[str, str], people: list[str] | None, how: str) -> None:
    found, said = guess_people(subjects)
    assert how in said
    assert list(found) == list(subjects)
    expected = (
        people
        or {
            "folders": ["anna", "anna", "ben"],
            "file names": ["Subject00", "Subject00", "p3"],
        }[how]
    )
    assert list(found.values()) == expected
