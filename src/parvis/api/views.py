"""From the domain to what clients and processes see: JSON models and bus messages."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import Any

from parvis.api.live import LiveState
from parvis.api.schemas import (
    AccountOut,
    CountsOut,
    HostOut,
    LinksOut,
    SeatList,
    SeatOut,
    SessionOut,
    SpaceOut,
)
from parvis.api.times import rfc3339, rfc3339_or_none
from parvis.bus.messages import SeatState, SpaceMessage
from parvis.people.account import Account
from parvis.people.port import Session
from parvis.settings import ControlSettings
from parvis.spaces.space import Space


@dataclass(frozen=True, slots=True)
class Origins:
    """Where browsers reach control and the edges, without a slash at the end."""

    control: str
    edge: str

    @classmethod
    def of(cls, settings: ControlSettings) -> Origins:
        """As settings say, else host and port; an address that means "all" becomes loopback."""
        scheme = "https" if settings.certificate else "http"
        return cls(
            settings.public_control_url.rstrip("/") or _origin(scheme, settings.host, settings.control_port),
            settings.public_edge_url.rstrip("/") or _origin(scheme, settings.host, settings.edge_port),
        )

    def links(self, space_id: str) -> LinksOut:
        """All links of a Space."""
        live = f"{self.edge}/live/{space_id}"
        api = f"{self.control}/api/v1"
        return LinksOut(
            share=f"{self.edge}/s/{space_id}",
            stream=f"{live}/stream.mp4",
            space=f"{live}/space.json",
            whip=f"{api}/whip/{space_id}",
            studio=f"{self.control}/studio/{space_id}",
            events=f"{api}/spaces/{space_id}/events",
        )

    def invitation(self, space_id: str, code: str) -> str:
        """The code stands in the fragment: no server sees it in a log."""
        return f"{self.control}/studio/{space_id}#invitation={code}"


def account_out(account: Account) -> AccountOut:
    """An account as its owner sees it."""
    return AccountOut(
        id=account.id,
        handle=account.handle,
        display_name=account.display_name,
        created_at=rfc3339(account.created_at_ms),
    )


def session_out(session: Session) -> SessionOut:
    """A session as its owner sees it."""
    return SessionOut(expires_at=rfc3339(session.expires_at_ms), account=account_out(session.account))


def counts_out(space: Space, live: LiveState) -> CountsOut:
    """Listeners now and at most."""
    listeners = live.listeners(space.id)
    peak = max(space.peak_listeners, live.peak(space.id), listeners)
    return CountsOut(listeners=listeners, peak_listeners=peak)


def space_out(space: Space, account_id: str | None, live: LiveState, origins: Origins) -> SpaceOut:
    """A Space as this account, or nobody, sees it."""
    host = space.host.person
    return SpaceOut(
        id=space.id,
        title=space.title,
        description=space.description,
        language=space.language,
        state=space.state.value,
        host=HostOut(handle=host.handle, display_name=host.display_name),
        created_at=rfc3339(space.created_at_ms),
        starts_at=rfc3339_or_none(space.starts_at_ms),
        started_at=rfc3339_or_none(space.started_at_ms),
        ended_at=rfc3339_or_none(space.ended_at_ms),
        max_speakers=space.max_speakers,
        counts=counts_out(space, live),
        role=_value(space.role_of(account_id)),
        links=origins.links(space.id),
    )


def seats_out(space: Space, live: LiveState) -> SeatList:
    """Everybody on stage, with what the stage last said of them."""
    reports = live.reports(space.id)
    items = []
    for seat in space.on_stage:
        report = reports.get(seat.person.handle)
        heard = report if report is not None and report.connected else None
        items.append(
            SeatOut(
                handle=seat.person.handle,
                display_name=seat.person.display_name,
                role=seat.role.value,
                muted=seat.muted_by is not None,
                muted_by=_value(seat.muted_by),
                connected=heard is not None,
                level=heard.level if heard else None,
                loss_percent=heard.loss_percent if heard else None,
                rtt_ms=heard.rtt_ms if heard else None,
                jitter_ms=heard.jitter_ms if heard else None,
            )
        )
    return SeatList(items=items)


def seat_out(space: Space, handle: str, live: LiveState) -> SeatOut:
    """One seat of those on stage. Raises `NotFound` `seat-unknown`."""
    space.seat_named(handle)
    return next(seat for seat in seats_out(space, live).items if seat.handle == handle)


def space_message(space: Space) -> SpaceMessage:
    """A Space as the stage and the edges should make it."""
    return SpaceMessage(
        id=space.id,
        revision=space.revision,
        title=space.title,
        description=space.description,
        language=space.language,
        state=space.state.value,
        host=space.host.person.handle,
        created_at=rfc3339(space.created_at_ms),
        starts_at=rfc3339_or_none(space.starts_at_ms),
        started_at=rfc3339_or_none(space.started_at_ms),
        ended_at=rfc3339_or_none(space.ended_at_ms),
        seats=tuple(
            SeatState(
                s.person.handle,
                s.person.display_name,
                s.role.value,
                _value(s.muted_by),
                s.person.account_id,
            )
            for s in space.on_stage
        ),
        max_speakers=space.max_speakers,
    )


def _origin(scheme: str, host: str, port: int) -> str:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return f"{scheme}://{host}:{port}"
    if address.is_unspecified:
        address = ipaddress.ip_address("127.0.0.1" if address.version == 4 else "::1")
    return f"{scheme}://[{address}]:{port}" if address.version == 6 else f"{scheme}://{address}:{port}"


def _value(name: Any) -> Any:
    return None if name is None else name.value
