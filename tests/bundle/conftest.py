"""Engines that are made for each test, also where another one computes the same."""

from __future__ import annotations

import pytest

from physiosync_rt.bundle import onnx_engine


@pytest.fixture(autouse=True)
def _engines_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep no engine of another test."""
    monkeypatch.setattr(onnx_engine, "_NEWEST", {})
