"""What all browsers have in common that are driven by WebDriver's commands, whichever way they are sent."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import pytest

from tests.parvis import wait_until

ELEMENT: Final = "element-6066-11e4-a52e-4f735466cecf"
"""Name of a web element's reference (W3C WebDriver §12)."""
PATIENCE_MS: Final = 60_000


def need(tools: Mapping[Path, str]) -> None:
    """Fails where a program is missing, and says which of Debian's packages has it."""
    for tool, package in tools.items():
        if not tool.exists():
            pytest.fail(f"{tool.name} is missing: apt-get install -y --no-install-recommends {package}")


def by_testid(testid: str) -> dict[str, str]:
    """Where to find what carries this `data-testid`."""
    return {"using": "css selector", "value": f"[data-testid={testid}]"}


class Driven(ABC):
    """One browser with one page. A context manager."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @abstractmethod
    def close(self) -> None:
        """Ends the browser and what was started for it."""

    @abstractmethod
    def open(self, address: str) -> None: ...

    @abstractmethod
    def evaluate(self, expression: str) -> Any:
        """What an expression of JavaScript gives."""

    @abstractmethod
    def click(self, testid: str) -> None:
        """A real click on what carries this `data-testid`, and is there."""

    def tap(self, testid: str) -> None:
        """A real click on what carries this `data-testid`, as soon as it is there."""
        wait_until(lambda: self.shows(testid))
        self.click(testid)

    def shows(self, testid: str) -> bool:
        return bool(self.evaluate(f"document.querySelector('[data-testid={testid}]') !== null"))

    def told(self, name: str) -> str:
        """An attribute of the page's root."""
        return str(self.evaluate(f"document.querySelector('#app').dataset.{name} ?? ''"))

    def delay_s(self) -> float:
        """How far behind the stage the hall is, as it says itself."""
        return int(self.told("delayMs")) / 1_000

    def listens(self) -> None:
        """Plays, in the hall that is open."""
        wait_until(lambda: self.told("state") == "ready", patience_s=60)
        self.tap("play")
        wait_until(lambda: self.told("state") == "playing", patience_s=60)
