"""Draw figures of a report as pictures."""

from __future__ import annotations

from PySide6.QtCore import QBuffer, QByteArray
from PySide6.QtGui import QColor, QImage, QImageWriter, QPainter
from PySide6.QtSvg import QSvgRenderer

from physiosync_rt.dashboard.application import offscreen_application


def draw(svg: str, scale: float) -> bytes:
    """Return a figure as PNG on white; see :func:`physiosync_rt.dashboard.render_svg`."""
    offscreen_application()
    renderer = QSvgRenderer(QByteArray(svg.encode()))
    size = renderer.defaultSize() * scale
    image = QImage(size, QImage.Format.Format_RGB32)
    image.fill(QColor("white"))
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    renderer.render(painter)
    painter.end()
    picture = QBuffer()
    picture.open(QBuffer.OpenModeFlag.WriteOnly)
    # `QImage.save` takes the format as text, which its types deny.
    QImageWriter(picture, QByteArray(b"png")).write(image)
    return bytes(picture.data().data())
