"""A Space's program on the bus: announced, published part by part, ended.

Rules:

- The `ProgramMessage` goes out before the first part and is retained, so whoever finds a part can find out
  how to play it. It is published again, with the last sequence, after the last part.
- The last 30 s of each rendition stay retained for edges that come late, until `forget`.
- Nothing here waits: a tick costs two encodings and at most two publications.
- All of it bears the epoch of the stage's hold on the Space, and nothing is sent once the hold is gone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from parvis.bus.messages import RING_PARTS, PartMessage, ProgramMessage
from parvis.bus.port import Publisher
from parvis.clock import TICKS_PER_PART
from parvis.media.events import Event
from parvis.media.rendition import Rendition
from parvis.program.encoders import Samples
from parvis.program.packager import ProgramEncoder
from parvis.program.tracks import Tracks


class Program:
    """One program from its first part to its last. Made by `Program.start`; owned by one room."""

    def __init__(
        self,
        publisher: Publisher,
        encoder: ProgramEncoder,
        message: ProgramMessage,
        holds: Callable[[], bool],
    ) -> None:
        self._publisher = publisher
        self._encoder = encoder
        self._message = message
        self._holds = holds
        self._tracks = Tracks(message.space)
        self._track_subjects: set[str] = set()
        self._ticks = 0

    @classmethod
    def start(
        cls,
        publisher: Publisher,
        space: str,
        stage: str,
        first_sequence: int,
        *,
        epoch: int = 0,
        holds: Callable[[], bool] = lambda: True,
        opus_bps: int | None = None,
    ) -> Program:
        """Opens the encoders and announces the program. The first tick pushed begins at program sample
        `first_sequence × 15,360`. `stage` is the name of the stage that makes it, `epoch` that of its lease,
        and `holds` says whether it still has it. `opus_bps` is the rendition's own bitrate unless given."""
        encoder = ProgramEncoder(space, first_sequence, opus_bps)
        message = ProgramMessage(space, stage, first_sequence, None, encoder.renditions, epoch)
        program = cls(publisher, encoder, message, holds)
        program._announce()
        return program

    @property
    def first_sequence(self) -> int:
        """The program's first part."""
        return self._message.first_sequence

    @property
    def last_sequence(self) -> int | None:
        """The program's last part, or None while it goes on."""
        return self._message.last_sequence

    def push_tick(self, samples: Samples) -> None:
        """Takes the next 20 ms, `int16[960]`. Raises `LocalProtocolError` as `ProgramEncoder.push` does."""
        self._publish(self._encoder.push(samples))
        self._ticks += 1

    def push_tracks(self, heard: Mapping[str, Samples]) -> None:
        """The sound of each seat that is heard in the tick just pushed, `int16[960]` by handle; once a tick,
        while tracks are recorded."""
        tick = self._message.first_sequence * TICKS_PER_PART + self._ticks - 1
        self._publish_tracks(self._tracks.push(tick, heard))

    def add_event(self, event: Event) -> None:
        """The event rides in the next part that is completed."""
        self._encoder.add_event(event)

    def end(self) -> None:
        """Completes the last part and says that the program is over. A second call does nothing."""
        if self._message.last_sequence is not None:
            return
        self._publish(self._encoder.flush())
        self._publish_tracks(self._tracks.flush())
        self._message = replace(self._message, last_sequence=self._encoder.last_sequence)
        self._announce()

    def forget(self) -> None:
        """Drops what the bus retains of this program, once no edge can need it any more."""
        self._publisher.forget(self._message.subject)
        for rendition in Rendition:
            self._publisher.forget(f"part.{self._message.space}.{rendition}")
        for subject in self._track_subjects:
            self._publisher.forget(subject)

    def _publish(self, parts: list[PartMessage]) -> None:
        for part in parts:
            if self._holds():
                owned = replace(part, epoch=self._message.epoch)
                self._publisher.publish(owned.subject, owned.encode(), retain=RING_PARTS)

    def _publish_tracks(self, parts: Mapping[str, list[PartMessage]]) -> None:
        for handle, found in parts.items():
            subject = f"track.{self._message.space}.{handle}"
            for part in found:
                if self._holds():
                    self._track_subjects.add(subject)
                    owned = replace(part, epoch=self._message.epoch)
                    self._publisher.publish(subject, owned.encode(), retain=RING_PARTS)

    def _announce(self) -> None:
        if self._holds():
            self._publisher.publish(self._message.subject, self._message.encode(), retain=1)
