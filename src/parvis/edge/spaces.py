"""What an edge knows of each Space, all of it from the bus.

Rules:

- Everything is idempotent: a message may come twice around a reconnection.
- Of two stages that speak for a Space, the one with the higher epoch is right (`bus/leases.py`): what bears a
  lower one than the highest seen is dropped, whatever it is.
- Sound does not wait for control. Parts and a program are enough to listen, even when the Space's own
  message has not come: after a restart of this edge while control is away, the program's own events say
  title and speakers.
- A Space that ends ends with the last part of its program. If the stage never sends one, two seconds are
  enough.
- Ten minutes after its end a Space gives its memory back; that it ended stays known.
- A Space of which nothing comes, that has no sound, and whose events nobody follows, is known and costs
  nothing: time passes only for those that *stir*.

`now_s` is program time, `at_s` monotonic time, both in seconds.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterator, Mapping
from functools import cached_property
from typing import Any, Final

import structlog

from parvis.bus.audience import AttendanceMessage
from parvis.bus.captions import CaptionerMessage
from parvis.bus.faces import FacesMessage
from parvis.bus.manners import BanMessage
from parvis.bus.messages import Handoff, PartMessage, PassesMessage, ProgramMessage, SpaceMessage
from parvis.bus.votes import CountedMessage
from parvis.edge.captioners import Captioners
from parvis.edge.captions import KEPT_CAPTIONS, is_shown
from parvis.edge.cohorts import EVENTS
from parvis.edge.feed import Feed
from parvis.edge.radio import RADIO_RENDITION, Radio
from parvis.edge.speaking import Speaking
from parvis.edge.sse import LASTING, EventFeed
from parvis.edge.strain import Quiet
from parvis.edge.talk import RecentTalk
from parvis.errors import RemoteProtocolError
from parvis.media.events import Event
from parvis.media.playlist import Mark
from parvis.media.rendition import Rendition

PATTERNS: Final = (
    *("space.", "program.", "part.", "passes.", "ban.", "faces.", "counted.", "attendance.", "captioner."),
)
"""What to read from the bus, with replay."""

KEPT_MARKS: Final = 64
COUNTED_MAX: Final = 256
ENDING_GRACE_S: Final = 2.0
FORGET_AFTER_S: Final = 600.0
_NONE: Final[frozenset[str]] = frozenset()

log = structlog.get_logger(__name__)


class SpaceRecord:
    """One Space: what control wants, what the stage sends."""

    def __init__(self, space: str, at_s: float, captioners: Captioners | None = None) -> None:
        self.id = space
        self._captioners = captioners or Captioners()
        self.message: SpaceMessage | None = None
        self.program: ProgramMessage | None = None
        self.feeds: dict[Rendition, Feed] = {}
        self.radios: dict[str, Radio] = {}
        """By the name of their source; made when the first receiver comes."""
        self.events = EventFeed(at_s)
        self.latest: dict[str, Mapping[str, Any]] = {}
        """Fields of the latest event of each lasting type."""
        self.version = 0
        """Grows with everything that shows outside, for caches."""
        self.cache: dict[str, tuple[tuple[int, int], Any]] = {}
        """What routes keep: by name, for a version and a second."""
        self.epoch = 0
        """The highest seen of those who make this Space."""
        self.fenced = 0
        """Messages dropped because their stage had lost the Space."""
        self.void = _NONE
        """Passes that are good no more."""
        self.full = _NONE
        """Passes by which as many listen as they are for, over all edges."""
        self.banned = _NONE
        """Accounts that may not be here (`badges.py`)."""
        self.attendance = AttendanceMessage(space, 0, 0)
        """As control knows it."""
        self.faces: Mapping[str, bytes] = {}
        """Pictures of those on stage, WebP, by name (`bus/faces.py`)."""
        self.handoffs_due: list[Handoff] = []
        """Made, and not yet carried out here."""
        self.talk = RecentTalk()
        self.speaking = Speaking()
        self._handoffs_seen = _NONE
        self._passes_revision = -1
        self._events_sequence = -1
        self._events_told = 0
        self._ended_at_s: float | None = None

    # A Space that is only announced takes little memory: what sound needs is made with it.

    @cached_property
    def marks(self) -> deque[Mark]:
        """Changes of state and title, with the parts on which they came."""
        return deque(maxlen=KEPT_MARKS)

    @cached_property
    def captions(self) -> deque[Mark]:
        """The same of captions that are final."""
        return deque(maxlen=KEPT_CAPTIONS)

    @property
    def known(self) -> bool:
        """Control or a stage has spoken of it."""
        return self.message is not None or self.program is not None

    @property
    def visibility(self) -> str:
        """ "public", "unlisted" or "members"; as the program says while control's word has not come."""
        if self.message is not None:
            return self.message.visibility
        return str(self.latest.get("state", {}).get("visibility", "public"))

    @property
    def ended(self) -> bool:
        """Over for good."""
        return self.message is not None and self.message.state == "ended"

    @property
    def handed(self) -> Handoff | None:
        """Where whoever comes is sent, if anywhere."""
        handoffs = self.message.handoffs if self.message else ()
        return next((handoff for handoff in reversed(handoffs) if not handoff.only_from), None)

    @property
    def running(self) -> bool:
        """There is sound to join."""
        return not self.ended and any(feed.running for feed in self.feeds.values())

    @property
    def state(self) -> str:
        """ "scheduled", "live", "held" or "ended". The stage is the first to know that a Space went on air by
        itself, and that nobody is connected. Without control's word, its own is all there is."""
        wanted = self.message.state if self.message else None
        said = str(self.latest.get("state", {}).get("state", wanted or "live"))
        if wanted is None:
            return said
        return said if wanted != "ended" and said in ("live", "held") else wanted

    @property
    def title(self) -> str:
        """As control says it, or else the program."""
        return self.message.title if self.message else str(self.latest.get("state", {}).get("title", ""))

    @property
    def description(self) -> str:
        """As control says it."""
        return self.message.description if self.message else ""

    @property
    def captioned_by(self) -> str:
        """Who captions: "off", "automatic" or "human". No machine that knows the language: "off"."""
        if self.message is None:
            return "off"
        wanted, language = self.message.captions, self.message.language
        return "off" if wanted == "automatic" and not self._captioners.caption(language) else wanted

    @property
    def playing(self) -> str:
        """Who speaks, and the title, in one line."""
        return self.speaking.line(self.title)

    def take_space(self, message: SpaceMessage, at_s: float) -> None:
        """What control wants. An older revision is ignored."""
        if self.message is not None and message.revision < self.message.revision:
            return
        changed = self.message is None or self.message.state != message.state
        self.message = message
        self.version += 1
        due = [handoff for handoff in message.handoffs if handoff.id not in self._handoffs_seen]
        self._handoffs_seen |= {handoff.id for handoff in due}
        self.handoffs_due.extend(due)
        if message.state == "ended" and self._ended_at_s is None:
            self._ended_at_s = at_s
        elif message.state != "ended":
            self._ended_at_s = None
            if changed and not self.running:  # no part will carry it
                self.events.say([self._state_event()], None, at_s)

    def take_passes(self, message: PassesMessage) -> bool:
        """Which passes let nobody in. Whether some are void that were not. An older revision is ignored."""
        if message.revision <= self._passes_revision:
            return False
        self._passes_revision = message.revision
        before, self.void = self.void, frozenset(message.void)
        self.full = frozenset(message.full)
        return not self.void <= before

    def take_bans(self, message: BanMessage) -> bool:
        """Who is banned. Whether somebody is who was not."""
        before, self.banned = self.banned, frozenset(message.accounts)
        return not self.banned <= before

    def take_program(self, message: ProgramMessage) -> None:
        """A program exists, or is over."""
        if self._is_fenced(message.epoch):
            return
        self.program = message
        self.version += 1
        for rendition in message.renditions:
            self.feed(rendition.rendition).begin(message, rendition)

    def take_part(self, message: PartMessage, now_s: float, at_s: float, quiet: Quiet = Quiet.FULL) -> None:
        """A part: into its rendition's feed, its events to those who follow them."""
        if (self.ended and not self.feeds) or self._is_fenced(message.epoch):
            return
        self.feed(message.rendition).offer(message.sequence, message.body, now_s, last=message.last)
        if message.sequence <= self._events_sequence:
            return
        self.speaking.hear(message.sequence, message.events)
        if message.events:
            self._events_sequence = message.sequence
            self.version += self.talk.hear(message.events)
            self.events.say(message.events, message.sequence, at_s, quiet)
        for event in message.events:
            if event.type == "state" and not (self.marks and self.marks[-1].event == event):
                self.marks.append(Mark(message.sequence, event))
            elif event.type == "caption" and is_shown(event.fields()):
                self.captions.append(Mark(message.sequence, event))
            if event.type in LASTING:
                self.latest[event.type] = event.fields()
                self.version += 1

    def feed(self, rendition: Rendition) -> Feed:
        """The feed of a rendition, made now if there is none."""
        if rendition not in self.feeds:
            self.feeds[rendition] = Feed(rendition)
        return self.feeds[rendition]

    def radio(self, name: str) -> Radio:
        """The source of that name (`radio.py`), made now if there is none."""
        if name not in self.radios:
            self.radios[name] = Radio(name, self.feed(RADIO_RENDITION[name]), self)
        return self.radios[name]

    @property
    def stirs(self) -> bool:
        """Time alone may change it."""
        ending = self._ended_at_s is not None and not self.events.over
        return bool(self.feeds) or ending or self.events.newest != self._events_told

    def advance(self, now_s: float, at_s: float) -> Iterator[str]:
        """Lets time pass; names the sources that have something new."""
        for rendition, feed in self.feeds.items():
            over = feed.over
            if feed.advance(now_s) or feed.over != over:
                self.version += feed.over != over
                yield from self._fed_by(rendition)
        self.events.keep_awake(at_s)
        if self._ended_at_s is not None:
            yield from self._end(at_s, self._ended_at_s)
        if self.events.newest != self._events_told:
            self._events_told = self.events.newest
            yield EVENTS

    def _is_fenced(self, epoch: int) -> bool:
        if epoch < self.epoch:
            self.fenced += 1
            return True
        if epoch > self.epoch > 0:
            log.info("another stage makes this Space", space=self.id, epoch=epoch)
        self.epoch = epoch
        return False

    def start_events(self) -> list[Event]:
        """What a newcomer to the events is told where the program has said nothing yet."""
        return [self._state_event()]

    def _end(self, at_s: float, ended_at_s: float) -> Iterator[str]:
        if at_s - ended_at_s >= ENDING_GRACE_S:
            for rendition, feed in self.feeds.items():
                if not feed.over:
                    feed.finish()
                    yield from self._fed_by(rendition)
        if not self.events.over and not any(feed.running for feed in self.feeds.values()):
            if self.latest.get("state", {}).get("state") != "ended":
                self.events.say([self._state_event()], None, at_s)
            self.events.over = True
            yield EVENTS
        if self.feeds and at_s - ended_at_s >= FORGET_AFTER_S:
            self.feeds.clear()
            self.radios.clear()
            self.program = None
            self.cache.clear()

    def _fed_by(self, rendition: Rendition) -> Iterator[str]:
        yield rendition
        yield from (name for name in self.radios if RADIO_RENDITION[name] is rendition)

    def _state_event(self) -> Event:
        title = self.message.title if self.message else ""
        starts_at = self.message.starts_at if self.message else None
        reason = self.message.end_reason if self.message else None
        return Event.of("state", state=self.state, title=title, reason=reason, starts_at=starts_at)


class Spaces:
    """All Spaces of which the bus has told."""

    def __init__(self) -> None:
        self.quiet = Quiet.FULL
        """How much of the events is left out on `/events`."""
        self.malformed = 0
        """Messages of the bus that could not be read."""
        self.giving: list[SpaceRecord] = []
        """Those whose audience is to be carried into another (`carrier.py`)."""
        self.voiding: list[SpaceRecord] = []
        """Those of which passes became void (`passes.py`), or from which somebody was banned
        (`badges.py`)."""
        self.counted: deque[CountedMessage] = deque(maxlen=COUNTED_MAX)
        """What control has taken of votes (`votes.py`)."""
        self._captioners = Captioners()
        self.fenced = 0
        """Messages of all Spaces that were dropped because their stage had lost the Space."""
        self._records: dict[str, SpaceRecord] = {}
        self._stirring: dict[str, SpaceRecord] = {}

    @property
    def stirring(self) -> Collection[SpaceRecord]:
        """Those for which time passes; all that have sound are among them."""
        return self._stirring.values()

    def stir(self, space: str) -> None:
        """Time shall pass for this Space now: something was said in it, or somebody follows its events, which
        are to be kept awake."""
        if space in self._records:
            self._stirring[space] = self._records[space]

    def get(self, space: str) -> SpaceRecord | None:
        """A Space of which control or a stage has told, or None."""
        record = self._records.get(space)
        return record if record is not None and record.known else None

    def is_forgotten(self, space: str) -> bool:
        """It is over, and its sound was given back."""
        record = self._records.get(space)
        return record is None or (record.ended and not record.feeds)

    def take(self, subject: str, payload: bytes, now_s: float, at_s: float) -> None:
        """One message of the bus. A malformed one is logged and counted, and changes nothing."""
        try:
            self._take(subject, payload, now_s, at_s)
        except (RemoteProtocolError, ValueError, TypeError, KeyError) as error:
            self.malformed += 1
            log.warning("bus message not understood", subject=subject, error=str(error))

    def advance(self, now_s: float, at_s: float) -> list[tuple[str, str]]:
        """Lets time pass; the sources (Space, name) that have something new. Call it after messages and
        each 50 ms."""
        self._captioners.forget(at_s)
        news, still = [], []
        for record in self._stirring.values():
            news += [(record.id, name) for name in record.advance(now_s, at_s)]
            if not record.stirs:
                still.append(record.id)
        for space in still:
            del self._stirring[space]
        return news

    def _take(self, subject: str, payload: bytes, now_s: float, at_s: float) -> None:
        kind = subject.partition(".")[0]
        if kind == "part":
            part = PartMessage.decode(subject, payload)
            record = self._record(part.space, at_s)
            fenced = record.fenced
            record.take_part(part, now_s, at_s, self.quiet)
            self.fenced += record.fenced - fenced
        elif kind == "program":
            program = ProgramMessage.decode(payload)
            record = self._record(program.space, at_s)
            fenced = record.fenced
            record.take_program(program)
            self.fenced += record.fenced - fenced
        elif kind == "passes":
            passes = PassesMessage.decode(payload)
            if self._record(passes.space, at_s).take_passes(passes):
                self.voiding.append(self._record(passes.space, at_s))
        elif kind == "faces":
            told = FacesMessage.decode(payload)
            self._record(told.space, at_s).faces = told.faces
        elif kind == "attendance":
            attendance = AttendanceMessage.decode(payload)
            self._record(attendance.space, at_s).attendance = attendance
        elif kind == "captioner":
            self._captioners.hear(CaptionerMessage.decode(payload), at_s)
        elif kind == "counted":
            self.counted.append(CountedMessage.decode(payload))
        elif kind == "ban":
            bans = BanMessage.decode(payload)
            if self._record(bans.space, at_s).take_bans(bans):
                self.voiding.append(self._record(bans.space, at_s))
        elif kind == "space":
            space = SpaceMessage.decode(payload)
            record = self._record(space.id, at_s)
            record.take_space(space, at_s)
            if record.handoffs_due and record not in self.giving:
                self.giving.append(record)

    def _record(self, space: str, at_s: float) -> SpaceRecord:
        record = self._records.get(space)
        if record is None:
            record = self._records[space] = SpaceRecord(space, at_s, self._captioners)
        self._stirring[space] = record
        return record
