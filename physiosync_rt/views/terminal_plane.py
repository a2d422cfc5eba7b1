"""The valence-arousal plane in characters."""

from __future__ import annotations

from typing import Final

from rich.console import RenderableType
from rich.text import Text

from physiosync_rt.live.snapshot import Snapshot
from physiosync_rt.views.shown_levels import shown_quadrant
from physiosync_rt.views.wording import QUADRANTS

PLANE_WIDTH: Final = 25
_HEIGHT = 7


def plane(snapshot: Snapshot) -> RenderableType:
    """Return the valence-arousal plane in characters: ``●`` now, ``○`` last known, ``·`` path."""
    grid = [[" "] * PLANE_WIDTH for _ in range(_HEIGHT)]
    for row in grid:
        row[PLANE_WIDTH // 2] = "│"
    grid[_HEIGHT // 2] = ["─"] * PLANE_WIDTH
    grid[_HEIGHT // 2][PLANE_WIDTH // 2] = "┼"
    valid = snapshot.prediction is not None and snapshot.prediction.valid
    column = height = None
    for past in snapshot.history[-60:]:
        if past.valence is None or past.arousal is None:
            continue
        column = min(PLANE_WIDTH - 1, int(past.valence * PLANE_WIDTH))
        height = min(_HEIGHT - 1, int((1 - past.arousal) * _HEIGHT))
        grid[height][column] = "·"
    if column is not None and height is not None:
        grid[height][column] = "●" if valid else "○"
    words = {quadrant: word for quadrant, (word, _meaning) in QUADRANTS.items()}
    gap = PLANE_WIDTH // 2
    above = f"{words['LVHA']:<{gap}} {words['HVHA']:>{gap}}"
    below = f"{words['LVLA']:<{gap}} {words['HVLA']:>{gap}}"
    text = Text("\n".join([above, *("".join(row) for row in grid), below]), style="dim")
    text.highlight_regex("[●○]", "bold not dim")
    if here := shown_quadrant(snapshot):
        text.highlight_words([words[here]], "bold not dim")
    return text
