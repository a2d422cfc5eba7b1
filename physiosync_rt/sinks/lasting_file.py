"""A file that goes on through a full disk, a quota, and its own removal.

What is appended is on disk when `LastingFile.flush` returns, or kept in memory until the disk
takes it: at most the last ten minutes and 64 MiB. A file that was removed or renamed is begun
again under a numbered name, ``run-2.csv``.
"""

from __future__ import annotations

import errno
import os
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import chain, count
from pathlib import Path
from typing import Final

from physiosync_rt.sinks.file_lock import hold
from physiosync_rt.sinks.file_news import FileNews, FilePart, NewsKind, Place, Tell
from physiosync_rt.utils.atomic import create_file, reason_of

KEPT_S: Final = 600.0
KEPT_BYTES: Final = 64 << 20
"""What cannot be written is kept in memory for so long, and so much of it."""

RETRY_S: Final = 1.0
"""Seconds from one attempt to write to the next, while the disk refuses."""

LOOK_S: Final = 0.5
"""Seconds from one look to the next whether the file is still in its place."""

_WRITE_BYTES: Final = 64 << 10
_AWAY: Final = (errno.ENOENT, errno.ENOTDIR, errno.ESTALE)


@dataclass(frozen=True, slots=True)
class Piece:
    """Bytes that are written whole or not at all.

    A piece without rows or samples (``n``) is never given up, and is written before those with
    some. An ``opening`` piece is part of what every new file begins with. ``note`` is for whoever
    is told that the piece is on disk.
    """

    data: bytes
    n: int = 0
    note: object = None
    opening: bool = False
    at: float = 0.0


class LastingFile:
    """Append pieces to a file, through every trouble that the disk may have.

    Parameters
    ----------
    path : Path
        Must not exist.
    unit : str
        What the pieces hold: ``rows`` or ``samples``.
    opening : callable
        Returns the bytes that a new file begins with.
    on_written : callable
        Called with each piece that is on disk.
    on_begun : callable
        Called with the path of each new file, before any piece is in it.
    tell : callable, optional
        Called with what happens; without it trouble is raised and nothing is kept.
    clock : callable
        Monotonic seconds.

    Attributes
    ----------
    parts : list of FilePart
        The files so far.
    given_up : int
        Rows or samples that could not be written.
    reason : str
        Why nothing can be written at present; empty where all is well.
    closed : bool

    Raises
    ------
    OSError
        The file exists or cannot be created.
    """

    def __init__(
        self,
        path: Path,
        *,
        unit: str,
        opening: Callable[[], bytes],
        on_written: Callable[[Piece], None] = lambda _piece: None,
        on_begun: Callable[[Path], None] = lambda _path: None,
        tell: Tell | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.unit = unit
        self.parts: list[FilePart] = []
        self.given_up = 0
        self.reason = ""
        self.closed = False
        self._opening = opening
        self._on_written = on_written
        self._on_begun = on_begun
        self._tell = tell
        self._clock = clock
        self._first: deque[Piece] = deque()
        self._kept: deque[Piece] = deque()
        self._kept_bytes = 0
        self._descriptor = -1
        self._blocked_at = self._retry_at = self._look_at = 0.0
        self._given_up_before = 0
        self._begin(path)

    @property
    def path(self) -> Path:
        """The newest file."""
        return self.parts[-1].path

    @property
    def written(self) -> int:
        """Rows or samples that are on disk."""
        return sum(part.written for part in self.parts if part.place is not Place.REMOVED)

    @property
    def lost(self) -> int:
        """Rows or samples that are nowhere: given up, or in a file that was removed."""
        removed = sum(part.written for part in self.parts if part.place is Place.REMOVED)
        return removed + self.given_up

    @property
    def given_up_now(self) -> int:
        """Rows or samples given up since the disk refused; 0 where all is well."""
        return self.given_up - self._given_up_before if self.reason else 0

    @property
    def blocked_s(self) -> float:
        """Seconds since the disk refused; 0 where all is well."""
        return self._clock() - self._blocked_at if self.reason else 0.0

    def append(self, piece: Piece) -> None:
        """Take up a piece, which `flush` writes; nothing once the file is closed."""
        if self.closed:
            return
        queue = self._kept if piece.n else self._first
        queue.append(replace(piece, at=self._clock()))
        self._kept_bytes += len(piece.data)

    def flush(self) -> None:
        """Write what there is; where the disk refuses, try again later.

        Raises
        ------
        OSError
            Nobody can be told.
        """
        if not self.closed:
            self._flush()

    def close(self) -> None:
        """Write what is left and close; safe to call twice.

        Raises
        ------
        OSError
            Nobody can be told.
        """
        if self.closed:
            return
        self.closed = True
        self._retry_at = self._look_at = 0.0
        try:
            self._flush()
            if unsaved := sum(piece.n for piece in self._kept):
                self.given_up += unsaved
                self._say(NewsKind.UNSAVED, n=unsaved, reason=self.reason)
        finally:
            self._kept.clear()
            self._drop_descriptor()

    def _flush(self) -> None:
        now = self._clock()
        if not self.reason or now >= self._retry_at:
            try:
                self._look(now)
                self._write()
            except OSError as error:
                if self._tell is None:
                    raise
                self._block(reason_of(error), now)
            else:
                self._unblock(now)
        if self.reason:
            self._give_up(now)

    # --- place --------------------------------------------------------------------------------

    def _look(self, now: float) -> None:
        """Find out whether the file is still in its place, and begin the next one if not."""
        if self._descriptor < 0:
            self._begin_again()
        if now < self._look_at:
            return
        self._look_at = now + LOOK_S
        if self._is_here():
            return
        gone = self.parts[-1]
        removed = os.fstat(self._descriptor).st_nlink == 0
        gone.place = Place.REMOVED if removed else Place.RENAMED
        self._drop_descriptor()
        if self._tell is None:
            raise FileNotFoundError(errno.ENOENT, "it was removed or renamed", str(gone.path))
        kind = NewsKind.REMOVED if removed else NewsKind.RENAMED
        next_path = None
        try:
            if self._kept or not self.closed:
                self._begin_again()
                next_path = self.path
        finally:
            self._tell(FileNews(kind, gone.path, self.unit, gone.written, next_path=next_path))

    def _is_here(self) -> bool:
        try:
            there = self.path.stat(follow_symlinks=False)
        except OSError as error:
            if error.errno in _AWAY:
                return False
            raise
        return os.path.samestat(there, os.fstat(self._descriptor))

    def _begin_again(self) -> None:
        first = self.parts[0].path
        first.parent.mkdir(parents=True, exist_ok=True)
        for n in count(2):
            path = first.with_name(f"{first.stem}-{n}{first.suffix}")
            # A log has a JSON of the same stem.
            if not os.path.lexists(path) and not os.path.lexists(path.with_suffix(".json")):
                break
        self._begin(path)

    def _begin(self, path: Path) -> None:
        self._descriptor = create_file(path, private=True)
        try:
            hold(self._descriptor)
            self._put(self._opening())
        except OSError:
            self._drop_descriptor()
            with suppress(OSError):
                path.unlink()
            raise
        self._first = deque(piece for piece in self._first if not piece.opening)
        self.parts.append(FilePart(path))
        self._on_begun(path)

    def _drop_descriptor(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
        self._descriptor = -1

    # --- writing ------------------------------------------------------------------------------

    def _write(self) -> None:
        while self._descriptor >= 0 and (self._first or self._kept):
            # What belongs together is written by one call.
            pieces: list[Piece] = []
            size = 0
            for piece in chain(self._first, self._kept):
                size += len(piece.data)
                if pieces and size > _WRITE_BYTES:
                    break
                pieces.append(piece)
            self._put(b"".join(piece.data for piece in pieces))
            for piece in pieces:
                (self._kept if piece.n else self._first).popleft()
                self._kept_bytes -= len(piece.data)
                self.parts[-1].written += piece.n
                self._on_written(piece)

    def _put(self, data: bytes) -> None:
        """Write bytes at the end of the file, all or none.

        One call writes them where the disk takes them, so that a killed program leaves no half.
        """
        end, rest = os.fstat(self._descriptor).st_size, memoryview(data)
        try:
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]
        except OSError:
            with suppress(OSError):
                os.ftruncate(self._descriptor, end)
            raise

    # --- trouble ------------------------------------------------------------------------------

    def _block(self, reason: str, now: float) -> None:
        self._retry_at = now + RETRY_S
        was_blocked, self.reason = bool(self.reason), reason
        if not was_blocked:
            self._blocked_at, self._given_up_before = now, self.given_up
            self._say(NewsKind.BLOCKED, reason=reason)

    def _unblock(self, now: float) -> None:
        if self.reason:
            reason, self.reason = self.reason, ""
            n, seconds = self.given_up - self._given_up_before, now - self._blocked_at
            self._say(NewsKind.RESUMED, n=n, seconds=seconds, reason=reason)

    def _give_up(self, now: float) -> None:
        while self._kept and (self._kept_bytes > KEPT_BYTES or now - self._kept[0].at > KEPT_S):
            piece = self._kept.popleft()
            self._kept_bytes -= len(piece.data)
            self.given_up += piece.n

    def _say(self, kind: NewsKind, *, n: int = 0, seconds: float = 0.0, reason: str = "") -> None:
        if self._tell is not None:
            self._tell(FileNews(kind, self.path, self.unit, n, seconds, reason))
