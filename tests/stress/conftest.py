"""What the stress tests share."""

import os
from collections.abc import Callable

import pytest


@pytest.fixture
def report(capsys: pytest.CaptureFixture[str]) -> Callable[[str], None]:
    """Says a line past pytest's capture, for who asked for figures (``make stress``)."""

    def say(line: str) -> None:
        if "DAO_STRESS_ROUNDS" in os.environ:
            with capsys.disabled():
                print(f"\n{line}", end="")  # noqa: T201

    return say
