"""A written device description, filled in as a person would."""

from __future__ import annotations

import re


def filled(text: str, **answers: str) -> str:
    """Replace each ``?``: a field by its answer, the first channel by ``Fp1``, others by ``drop``.

    Every `?` must be a field of ``answers`` or a channel; another one stays and is refused.
    """
    for field, answer in answers.items():
        assert f'{field}: "?"' in text
        text = text.replace(f'{field}: "?"', f"{field}: {answer}")
    text = re.sub(r'^( +- )"\?"', r"\1Fp1", text, count=1, flags=re.MULTILINE)
    return re.sub(r'^( +- )"\?"', r"\1drop", text, flags=re.MULTILINE)
