"""The language of the person in the window: Qt's, for words of the rooms below it too."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from PySide6.QtCore import QCoreApplication

from physiosync_rt.utils.translation import translated_by


@contextmanager
def words_of_views() -> Iterator[None]:
    r"""Let the words of rooms below go through Qt's translation meanwhile, in the GUI thread.

    A catalogue is installed on the application (`QCoreApplication.installTranslator`) before; its
    texts are found by

        pyside6-lupdate -tr-function-alias QT_TR_NOOP+=mark physiosync_rt/*/*.py \
            -ts physiosync_de.ts
    """
    # lupdate knows no class around that `tr`, and gives an empty context.
    with translated_by(lambda text: QCoreApplication.translate("", text)):
        yield
