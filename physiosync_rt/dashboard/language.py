"""The language of the person in the window: Qt's, for words of `views` too."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from PySide6.QtCore import QCoreApplication

from physiosync_rt.views.translation import translated_by


@contextmanager
def words_of_views() -> Iterator[None]:
    r"""Let the words of `views` go through Qt's translation meanwhile, in the GUI thread.

    A catalogue is installed on the application (`QCoreApplication.installTranslator`) before; its
    texts are found by

        pyside6-lupdate -tr-function-alias QT_TR_NOOP+=mark physiosync_rt/views/*.py \
            physiosync_rt/dashboard/*.py -ts physiosync_de.ts
    """
    # lupdate knows no class around `tr` of views, and gives an empty context.
    with translated_by(lambda text: QCoreApplication.translate("", text)):
        yield
