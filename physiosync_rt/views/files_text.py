"""What was written where, and what was not, in words that are true when the run is over."""

from __future__ import annotations

from collections.abc import Sequence

from physiosync_rt.sinks.file_news import Place
from physiosync_rt.sinks.lasting_file import LastingFile
from physiosync_rt.utils.plain_text import plain_text
from physiosync_rt.utils.translation import tr
from physiosync_rt.views.events_text import count_text


def written_files(files: Sequence[LastingFile]) -> list[str]:
    """Return the files that are there, by their names."""
    parts = (part for file in files for part in file.parts if part.place is Place.HERE)
    return [plain_text(str(part.path)) for part in parts]


def files_trouble(files: Sequence[LastingFile]) -> list[str]:
    """Return a sentence for each file that is not where it was begun, and for what is lost."""
    said = []
    for file in files:
        for part in file.parts:
            if part.place is Place.REMOVED:
                held = count_text(part.written, file.unit)
                gone = tr("{path} was removed or replaced during the run, {held} with it")
                said.append(gone.format(path=part.path, held=held))
            elif part.place is Place.RENAMED:
                held = count_text(part.written, file.unit)
                moved = tr("{path} was renamed or moved during the run, {held} in it")
                said.append(moved.format(path=part.path, held=held))
        if file.given_up:
            lost = tr("{path}: {held} could not be written and are lost")
            said.append(lost.format(path=file.path, held=count_text(file.given_up, file.unit)))
    return [plain_text(line) for line in said]
