"""Write a picture of a window to disk."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QBuffer, QByteArray
from PySide6.QtGui import QImage, QImageWriter

from physiosync_rt.errors import UserError
from physiosync_rt.utils.atomic import atomic_file
from physiosync_rt.utils.translation import tr


def save_picture(image: QImage, path: Path) -> None:
    """Write an image as PNG, whole or not at all; only its owner can read it.

    Raises
    ------
    UserError
        The folder does not exist, or cannot be written to.

    Notes
    -----
    May be called in any thread: a QImage, unlike a QPixmap, belongs to none.
    """
    picture = QBuffer()
    picture.open(QBuffer.OpenModeFlag.WriteOnly)
    # `QImage.save` takes the format as text, which its types deny.
    QImageWriter(picture, QByteArray(b"png")).write(image)
    try:
        path.parent.stat()  # A missing folder is refused rather than created.
        with atomic_file(path, private=True) as fresh:
            fresh.write_bytes(picture.data().data())
    except OSError as error:
        said = tr(
            "the picture {path} could not be written: expected an existing folder that may be "
            "written to; create it or choose another place"
        )
        raise UserError(said.format(path=path)) from error
