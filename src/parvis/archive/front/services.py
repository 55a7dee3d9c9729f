"""Everything that a route may need, built once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

from parvis.archive.front.metrics import Metrics
from parvis.archive.front.rates import Rates
from parvis.archive.front.sessions import Sessions
from parvis.archive.keeper import Keeper
from parvis.archive.library import Library
from parvis.archive.record import Record
from parvis.archive.store import Store
from parvis.bus.messages import SpaceMessage
from parvis.clock import Clock
from parvis.settings import ArchiveSettings


@dataclass(frozen=True, slots=True)
class Services:
    """Shared by all routes, by `request.app.state.services`."""

    settings: ArchiveSettings
    clock: Clock
    library: Library
    keeper: Keeper
    store: Store | None
    save: Callable[[Record], Awaitable[None]]
    sessions: Sessions
    rates: Rates
    metrics: Metrics
    clip_spaces: dict[str, str]
    """Which Space a clip is of, by the clip's id."""
    spaces: Callable[[], Iterable[SpaceMessage]] = tuple
    """What control last said of each Space."""
