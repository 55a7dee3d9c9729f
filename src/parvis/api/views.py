"""From the domain to what clients and processes see: JSON models and bus messages."""

from __future__ import annotations

import ipaddress
from dataclasses import asdict, dataclass
from typing import Any

from parvis.api.live import LiveState
from parvis.api.schemas import (
    AccountLinksOut,
    AccountOut,
    ChatOut,
    CountsOut,
    HandedTo,
    HostOut,
    LinksOut,
    SeatList,
    SeatOut,
    SessionOut,
    SpaceOut,
)
from parvis.api.times import rfc3339, rfc3339_or_none
from parvis.bus.faces import face_name
from parvis.bus.messages import ChatState, PinnedState, PollState, SeatState, SpaceMessage
from parvis.bus.messages import Handoff as HandoffMessage
from parvis.people.account import Account
from parvis.people.port import Session
from parvis.settings import ControlSettings
from parvis.spaces import plan
from parvis.spaces.handoff import Handoff, HandoffState, in_force
from parvis.spaces.permissions import Standing
from parvis.spaces.poll import Poll
from parvis.spaces.seat import Seat
from parvis.spaces.space import Space, State


@dataclass(frozen=True, slots=True)
class Origins:
    """Where browsers reach control, the edges and the archive, without a slash at the end."""

    control: str
    edge: str
    archive: str = ""

    @classmethod
    def of(cls, settings: ControlSettings) -> Origins:
        """As settings say, else host and port; an address that means "all" becomes loopback."""
        scheme = "https" if settings.certificate else "http"
        return cls(
            settings.public_control_url.rstrip("/") or _origin(scheme, settings.host, settings.control_port),
            settings.public_edge_url.rstrip("/") or _origin(scheme, settings.host, settings.edge_port),
            settings.public_archive_url.rstrip("/") or _origin(scheme, settings.host, settings.archive_port),
        )

    def share(self, space_id: str) -> str:
        """The share link of a Space."""
        return f"{self.edge}/s/{space_id}"

    def links(self, space: Space) -> LinksOut:
        """All links of a Space; the replay's once there can be one."""
        space_id = space.id
        recorded = space.recorded and space.state is State.ENDED
        live = f"{self.edge}/live/{space_id}"
        api = f"{self.control}/api/v1"
        return LinksOut(
            share=self.share(space_id),
            stream=f"{live}/stream.mp4",
            hls=f"{live}/index.m3u8",
            aac=f"{live}/stream.aac",
            ogg=f"{live}/stream.ogg",
            m3u=f"{live}/listen.m3u",
            space=f"{live}/space.json",
            whip=f"{api}/whip/{space_id}",
            whep=f"{api}/whep/{space_id}",
            studio=f"{self.control}/studio/{space_id}",
            events=f"{api}/spaces/{space_id}/events",
            embed=self.embed(space_id),
            calendar=self.calendar(space_id),
            preview=f"{self.control}/previews/{space_id}.png",
            replay=f"{self.archive}/replay/{space_id}" if recorded else None,
        )

    def embed(self, space_id: str) -> str:
        """The player for other sites."""
        return f"{self.edge}/embed/{space_id}"

    def calendar(self, space_id: str) -> str:
        """One Space for somebody's calendar."""
        return f"{self.control}/api/v1/spaces/{space_id}/calendar.ics"

    def profile(self, handle: str) -> str:
        """A host's own page."""
        return f"{self.control}/@{handle}"

    def feed(self, handle: str) -> str:
        """The podcast feed of a host."""
        return f"{self.archive}/feeds/{handle}.xml"

    def calendar_of(self, handle: str) -> str:
        """A host's public Spaces, to subscribe to."""
        return f"{self.control}/api/v1/accounts/{handle}/calendar.ics"

    def cover(self, cover: str) -> str | None:
        """The address of a cover, if there is one."""
        return f"{self.control}/covers/{cover}.webp" if cover else None

    def pass_link(self, space_id: str, text: str) -> str:
        """A share link that lets in. The pass stands in the fragment: no server sees it in a log."""
        return f"{self.share(space_id)}#pass={text}"

    def avatar(self, avatar: str | None) -> str | None:
        """Where a person's picture is."""
        return f"{self.control}/avatars/{avatar}.webp" if avatar is not None else None

    def invitation(self, space_id: str, code: str) -> str:
        """The code stands in the fragment: no server sees it in a log."""
        return f"{self.control}/studio/{space_id}#invitation={code}"


def account_out(account: Account, origins: Origins) -> AccountOut:
    """An account as its owner sees it."""
    return AccountOut(
        id=account.id,
        handle=account.handle,
        display_name=account.display_name,
        bio=account.bio,
        avatar=origins.avatar(account.avatar),
        operator=account.operator,
        has_password=account.has_password,
        created_at=rfc3339(account.created_at_ms),
        links=AccountLinksOut(
            profile=origins.profile(account.handle),
            feed=origins.feed(account.handle),
            calendar=origins.calendar_of(account.handle),
        ),
    )


def session_out(session: Session, origins: Origins) -> SessionOut:
    """A session as its owner sees it."""
    account = account_out(session.account, origins)
    return SessionOut(expires_at=rfc3339(session.expires_at_ms), account=account)


def counts_out(space: Space, live: LiveState) -> CountsOut:
    """Listeners now, at most, and in all."""
    listeners = live.listeners(space.id)
    peak = max(space.peak_listeners, live.peak(space.id), listeners)
    total = max(space.total_listeners, live.total(space.id))
    return CountsOut(listeners=listeners, peak_listeners=peak, total_listeners=total)


def space_out(space: Space, account_id: str | None, live: LiveState, origins: Origins) -> SpaceOut:
    """A Space as this account, or nobody, sees it."""
    terms = space.terms
    role = space.role_of(account_id)
    return SpaceOut(
        id=space.id,
        title=space.title,
        description=space.description,
        language=space.language,
        state=space.state.value,
        host=person_out(space.host),
        created_at=rfc3339(space.created_at_ms),
        starts_at=rfc3339_or_none(space.starts_at_ms),
        started_at=rfc3339_or_none(space.started_at_ms),
        ended_at=rfc3339_or_none(space.ended_at_ms),
        max_speakers=space.max_speakers,
        counts=counts_out(space, live),
        role=_value(role),
        acting=space.standing_of(account_id) is Standing.ACTING_HOST,
        acting_host=person_out(space.acting) if space.acting is not None else None,
        handed_to=_handed_to(space, origins),
        ends_at=rfc3339_or_none(space.ends_at_ms),
        postponed=space.postponed,
        standby_loop=space.standby_loop > 0,
        grace_s=terms.grace_s,
        successors=list(terms.successors) if role is not None else None,
        monitors=[m.person.handle for m in space.monitors] if role is not None else None,
        standby=terms.standby.value,
        keep_open_s=terms.keep_open_s,
        auto_start=space.auto_starts,
        if_absent=terms.if_absent.value,
        postpone_s=terms.postpone_s,
        recording=terms.recording.value,
        hands=terms.hands.value,
        stage_locked=terms.stage_locked,
        chat=ChatOut(mode=terms.chat_mode.value, slow_s=terms.chat_slow_s, links=terms.chat_links),
        captions=terms.captions.value,
        captioners=list(terms.captioners),
        visibility=space.listing.visibility.value,
        topics=list(space.listing.topics),
        cover=origins.cover(space.listing.cover),
        end_reason=space.end_reason,
        links=origins.links(space),
    )


def person_out(seat: Seat) -> HostOut:
    """Who sits there."""
    return HostOut(handle=seat.person.handle, display_name=seat.person.display_name)


def handoff_url(handoff: Handoff, origins: Origins) -> str:
    """The share link to which a handoff leads."""
    return handoff.url if handoff.to_id is None else origins.share(handoff.to_id)


def _handed_to(space: Space, origins: Origins) -> HandedTo | None:
    handoff = in_force(space)
    if handoff is None or handoff.at_ms is None:
        return None
    return HandedTo(
        id=handoff.to_id,
        url=handoff_url(handoff, origins),
        title=handoff.title,
        reason=handoff.reason,
        at=rfc3339(handoff.at_ms),
    )


def seats_out(space: Space, live: LiveState, origins: Origins) -> SeatList:
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
                avatar=origins.avatar(seat.person.avatar),
                role=seat.role.value,
                acting=seat.person.account_id == space.acting_id,
                muted=seat.muted_by is not None,
                muted_by=_value(seat.muted_by),
                connected=heard is not None,
                level=heard.level if heard else None,
                loss_percent=heard.loss_percent if heard else None,
                rtt_ms=heard.rtt_ms if heard else None,
                jitter_ms=heard.jitter_ms if heard else None,
                check=heard.check if heard else None,
            )
        )
    epoch = live.stage_epoch(space.id)
    return SeatList(items=items, recording=space.terms.recording.value, stage_epoch=epoch)


def seat_out(space: Space, handle: str, live: LiveState, origins: Origins) -> SeatOut:
    """One seat of those on stage. Raises `NotFound` `seat-unknown`."""
    space.seat_named(handle)
    return next(seat for seat in seats_out(space, live, origins).items if seat.handle == handle)


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
                face_name(s.person.avatar or ""),
            )
            for s in space.on_stage
        ),
        max_speakers=space.max_speakers,
        acting_host=space.acting.person.handle if space.acting is not None else None,
        standby=space.terms.standby.value,
        auto_start=space.auto_starts,
        if_absent=plan.if_absent(space).value,
        recording=space.terms.recording.value,
        recorded=space.recorded,
        hands=space.terms.hands.value,
        stage_locked=space.terms.stage_locked,
        chat=ChatState(space.terms.chat_mode.value, space.terms.chat_slow_s, space.terms.chat_links),
        pinned=PinnedState(**asdict(space.pinned)) if space.pinned is not None else None,
        poll=_poll_state(space.poll) if space.poll is not None else None,
        captions=space.terms.captions.value,
        visibility=space.listing.visibility.value,
        topics=space.listing.topics,
        cover=space.listing.cover,
        end_reason=space.end_reason,
        monitors=tuple(m.person.handle for m in space.monitors if not m.suspended),
        handoffs=tuple(_handoff_message(h) for h in space.handoffs if h.state is HandoffState.MADE),
    )


def _poll_state(poll: Poll) -> PollState:
    return PollState(
        id=poll.id,
        question=poll.question,
        choices=poll.choices,
        counts=poll.counts,
        state="open" if poll.is_open else "closed",
        closes_at=rfc3339_or_none(poll.closes_at_ms),
    )


def _handoff_message(handoff: Handoff) -> HandoffMessage:
    assert handoff.at_ms is not None, "what is made has a time"
    return HandoffMessage(
        id=handoff.id,
        to=handoff.to_id or "",
        url=handoff.url,
        title=handoff.title,
        reason=handoff.reason,
        by=handoff.by,
        at=rfc3339(handoff.at_ms),
        only_from=handoff.only_from,
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
