"""News of a file as an event of the run."""

from __future__ import annotations

from physiosync_rt.live.events import Event, EventKind
from physiosync_rt.sinks.file_news import FileNews, NewsKind

_KINDS = {
    NewsKind.BLOCKED: EventKind.FILE_BLOCKED,
    NewsKind.RESUMED: EventKind.FILE_RESUMED,
    NewsKind.REMOVED: EventKind.FILE_REMOVED,
    NewsKind.RENAMED: EventKind.FILE_RENAMED,
    NewsKind.UNSAVED: EventKind.FILE_UNSAVED,
}


def file_event(news: FileNews, now: float) -> Event:
    """Return news of a file as an event."""
    return Event(
        _KINDS[news.kind],
        now,
        n=news.n,
        seconds=news.seconds,
        text=news.next_path.name if news.next_path else news.reason,
        path=str(news.path),
        unit=news.unit,
    )
