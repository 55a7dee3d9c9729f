"""Everything that a route may need, built once."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from parvis.api.attendance import Attendance
from parvis.api.ballots import Ballots
from parvis.api.board import Board
from parvis.api.captioning import BusCaptions
from parvis.api.faces import Faces
from parvis.api.home_page import HomePage
from parvis.api.ice_servers import IceServers
from parvis.api.live import LiveState
from parvis.api.metrics import Metrics
from parvis.api.passes import PassBoard
from parvis.api.paths import OPENID_CALLBACK
from parvis.api.pictures import Pictures
from parvis.api.presence import Presence
from parvis.api.previews import Previews
from parvis.api.rates import RateLimits, Rates
from parvis.api.stages import Stages
from parvis.api.standby import StandbyLoops
from parvis.api.talk import BusTalk
from parvis.api.views import Origins
from parvis.bus.leases import Leases
from parvis.bus.port import Bus
from parvis.clock import Clock
from parvis.people.openid import OpenId, Provider
from parvis.people.passkeys import Passkeys
from parvis.people.passwords import Passwords
from parvis.people.profiles import Profiles
from parvis.people.relations import Relations
from parvis.people.service import People
from parvis.people.tokens import Tokens, load_or_make_key
from parvis.settings import ControlSettings
from parvis.spaces.badges import Badges
from parvis.spaces.bans import Bans
from parvis.spaces.captions import HumanCaptions
from parvis.spaces.chat import Chat
from parvis.spaces.departure import Departures
from parvis.spaces.handoffs import Handoffs
from parvis.spaces.hands import Hands
from parvis.spaces.invitations import Invitations
from parvis.spaces.listings import Listings
from parvis.spaces.pass_text import load_or_make_keys
from parvis.spaces.passes import Passes
from parvis.spaces.polls import Polls
from parvis.spaces.rescue import Rescues
from parvis.spaces.service import Spaces
from parvis.spaces.upkeep import Upkeep
from parvis.store.database import Database, database_url


@dataclass(frozen=True, slots=True)
class HttpLimits:
    """What one request may take. `events_per_account` are event streams at once."""

    body_bytes: int = 65_536
    body_timeout_s: float = 10.0
    answer_timeout_s: float = 20.0
    upload_timeout_s: float = 90.0
    events_per_account: int = 8


@dataclass(frozen=True, slots=True)
class Services:
    """Shared by all routes, by `request.app.state.services`."""

    settings: ControlSettings
    http: HttpLimits
    clock: Clock
    origins: Origins
    database: Database
    people: People
    profiles: Profiles
    relations: Relations
    passkeys: Passkeys
    openid: OpenId | None
    avatars: Pictures
    faces: Faces
    departures: Departures
    spaces: Spaces
    invitations: Invitations
    handoffs: Handoffs
    rescues: Rescues
    upkeep: Upkeep
    talk: BusTalk
    hands: Hands
    bans: Bans
    chat: Chat
    polls: Polls
    ballots: Ballots
    captions: BusCaptions
    human_captions: HumanCaptions
    standby: StandbyLoops
    listings: Listings
    passes: Passes
    badges: Badges
    presence: Presence
    attendance: Attendance
    pass_board: PassBoard
    covers: Pictures
    previews: Previews
    home_page: HomePage
    live: LiveState
    board: Board
    stages: Stages
    ice_servers: IceServers
    rates: RateLimits
    metrics: Metrics
    closing: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when control stops: endless answers end."""
    streams: dict[str, int] = field(default_factory=dict)
    """Event streams open now, by account."""
    home_kept: dict[tuple[str, bool], tuple[float, str]] = field(default_factory=dict)
    """The home page as it was made last, by language and whether for who is signed in, with the time."""

    async def restore(self) -> None:
        """Publishes all that matters, at start."""
        await self.board.restore(self.database)
        async with self.database.read_spaces() as records:
            self.live.restore(await records.joined())
        await self.bans.restore()
        await self.ballots.restore()
        await self.pass_board.restore(self.database)
        for space in self.board.open():
            await self.standby.tell(space)

    async def close(self) -> None:
        """Ends endless answers and closes the database."""
        self.closing.set()
        self.live.wake_all()
        await self.database.close()


def build_services(
    settings: ControlSettings,
    bus: Bus,
    leases: Leases,
    clock: Clock,
    *,
    passwords: Passwords | None = None,
    rates: Rates | None = None,
    http: HttpLimits | None = None,
) -> Services:
    """Wires control. The database must have been migrated. Raises `UserError` for settings that can't be."""
    database = Database(database_url(settings.database_url, settings.data))
    tokens = Tokens(load_or_make_key(settings.data))
    live = LiveState(clock)
    avatars = Pictures(settings.data / "avatars", "avatar")
    board = Board(bus, live, clock)
    handoffs = Handoffs(database, board, clock)
    talk = BusTalk(bus, live, clock)
    polls = Polls(database, board, clock)
    pass_board = PassBoard(bus, clock)
    pass_key = load_or_make_keys(settings.data)
    captions = BusCaptions(bus, clock)
    passwords = passwords or Passwords()
    people = People(database, passwords, tokens, clock, settings.session_days)
    origins = Origins.of(settings)
    return Services(
        settings=settings,
        http=http or HttpLimits(),
        clock=clock,
        origins=origins,
        database=database,
        people=people,
        profiles=Profiles(database, passwords, clock),
        relations=Relations(database, clock),
        passkeys=Passkeys(database, people, clock, origins.control),
        openid=_openid(settings, database, people, clock, origins),
        avatars=avatars,
        faces=Faces(avatars, bus),
        departures=Departures(database, board, clock, live.seen, live.peak),
        spaces=Spaces(database, board, clock, settings.open_spaces),
        invitations=Invitations(database, board, clock),
        handoffs=handoffs,
        rescues=Rescues(database, board, clock, handoffs, live.seen),
        upkeep=Upkeep(database, board, clock),
        talk=talk,
        hands=Hands(database, board, clock, talk),
        bans=Bans(database, board, clock, talk, pass_board),
        chat=Chat(database, board, clock, talk),
        polls=polls,
        ballots=Ballots(polls, bus, clock, board.get),
        captions=captions,
        human_captions=HumanCaptions(database, captions, clock),
        standby=StandbyLoops(settings.data / "standby", bus),
        listings=Listings(database),
        passes=Passes(database, pass_board, clock, pass_key),
        badges=Badges(database, clock, pass_key),
        presence=Presence(database, clock),
        attendance=Attendance(bus, live),
        pass_board=pass_board,
        covers=Pictures(settings.data / "covers", "cover"),
        previews=Previews(),
        home_page=HomePage(settings.pages, Origins.of(settings)),
        live=live,
        board=board,
        stages=Stages(bus, leases),
        ice_servers=IceServers.of(settings, clock.wall_s),
        rates=RateLimits(rates or Rates.of(settings), clock),
        metrics=Metrics(board, live),
    )


def _openid(
    settings: ControlSettings, database: Database, people: People, clock: Clock, origins: Origins
) -> OpenId | None:
    if not settings.openid_issuer:
        return None
    provider = Provider(
        issuer=settings.openid_issuer,
        client_id=settings.openid_client_id,
        client_secret=settings.openid_client_secret,
        name=settings.openid_name,
        signs_up=settings.openid_sign_up,
    )
    return OpenId(provider, database, people, clock, f"{origins.control}{OPENID_CALLBACK}")
