from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from physiosync_rt.utils.retry import LONGEST_TRY_S, Retry, longer


class _NotThereError(Exception):
    pass


def _settled(reopening: Retry) -> bool:
    """Wait for the thread's end, then ask."""
    deadline = time.monotonic() + 10.0
    while not reopening.done:
        if not reopening._thread.is_alive() or time.monotonic() > deadline:
            break
        time.sleep(0.005)
    return reopening.done


def _nothing() -> None:
    pass


def test_it_is_open_again_after_an_attempt_that_succeeds() -> None:
    left = [_NotThereError(), None]

    def connect() -> None:
        if error := left.pop(0):
            raise error

    assert _settled(Retry(_nothing, connect, _NotThereError))
    assert left == []


def _fail() -> None:
    raise ValueError("another thing")


@pytest.mark.parametrize(("let_go", "connect"), [(_nothing, _fail), (_fail, _nothing)])
def test_what_nobody_foresaw_is_handed_over_and_is_no_success(
    let_go: Callable[[], None], connect: Callable[[], None]
) -> None:
    reopening = Retry(let_go, connect, _NotThereError)
    with pytest.raises(ValueError, match="another thing"):
        _settled(reopening)
    reopening.stop()


def test_stopped_before_it_came_back_it_is_not_open() -> None:
    def connect() -> None:
        raise _NotThereError

    reopening = Retry(_nothing, connect, _NotThereError)
    reopening.stop()
    assert not reopening.done


def test_pauses_grow_to_a_limit() -> None:
    pauses = [0.0]
    for _ in range(6):
        pauses.append(longer(pauses[-1]))
    assert pauses[1:] == sorted(pauses[1:])
    assert pauses[-1] == LONGEST_TRY_S
