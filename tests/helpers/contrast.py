"""How much a colour stands out from another."""

from __future__ import annotations

from PySide6.QtGui import QColor


def _luminance(colour: str) -> float:
    """Relative luminance (WCAG 2.1)."""
    shade = QColor(colour)
    parts = [
        c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4
        for c in (shade.redF(), shade.greenF(), shade.blueF())
    ]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def contrast(one: str, other: str) -> float:
    """Ratio of contrast of two colours (WCAG 2.1)."""
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def over(colour: str, opacity: float, ground: str) -> str:
    """Colour that a tint over a ground comes to."""
    above, below = QColor(colour), QColor(ground)
    parts = (
        opacity * a + (1 - opacity) * b
        for a, b in (
            (above.red(), below.red()),
            (above.green(), below.green()),
            (above.blue(), below.blue()),
        )
    )
    return "#" + "".join(f"{round(part):02x}" for part in parts)
