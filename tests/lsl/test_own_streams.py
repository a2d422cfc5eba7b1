"""Where other people's streams are in sight: only what is one's own is used, and comes back."""

from __future__ import annotations

from typing import Any

import pylsl

from physiosync_rt.lsl.reconnect import Reconnect


class Inlet:
    lost = True
    name = "EEG"

    def __init__(self, info: pylsl.StreamInfo) -> None:
        self.info = info
        self.reopened: list[pylsl.StreamInfo] = []

    def reopen(self, info: pylsl.StreamInfo) -> None:
        self.reopened.append(info)


def _info(source_id: str) -> pylsl.StreamInfo:
    return pylsl.StreamInfo("EEG", "EEG", 4, 128.0, pylsl.cf_float32, source_id)


def _successor(mine: str, *others: str, same_id: bool) -> str | None:
    monitor = Reconnect(Inlet(_info(mine)), frozenset, same_id=same_id)
    infos = [_Seen(_info(source_id), k) for k, source_id in enumerate(others)]
    monitor._resolver = _Resolver(infos)  # type: ignore[assignment]
    found = monitor._successor()
    return None if found is None else found.source_id()


class _Seen:
    """An outlet in sight: an info that is not published has no uid."""

    def __init__(self, info: pylsl.StreamInfo, k: int) -> None:
        self._info, self._k = info, k

    def uid(self) -> str:
        return f"uid {self._k}"

    def __getattr__(self, name: str) -> Any:
        return getattr(self._info, name)


class _Resolver:
    def __init__(self, infos: list[_Seen]) -> None:
        self._infos = infos

    def results(self) -> list[_Seen]:
        return self._infos


def test_another_persons_stream_of_the_same_kind_is_no_successor() -> None:
    assert _successor("ada", "ben", same_id=False) == "ben"
    assert _successor("ada", "ben", same_id=True) is None
    assert _successor("ada", "ben", "ada", same_id=True) == "ada"
