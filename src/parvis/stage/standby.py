"""The standby sound of one Space: which one, from when, and how it gives way to a voice.

Rules:

- It begins when nobody is there to be heard, connected and not muted, and the audience has heard nothing for
  2 s. So a pause in a conversation is no occasion; but one that came before the connection broke counts.
- It rises within 300 ms, and is gone 100 ms after somebody is there again.
- The notice is for those who lost the speakers, or wait for them. When speakers are there and all muted, it
  says nothing: only its tone is heard.
- Sound files are decoded in a thread. Until one is ready, and when it cannot be read, there is the tone.
- Another choice, or another file, takes the place of the old one by the same fades.
"""

from __future__ import annotations

import asyncio
import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import structlog

from parvis.audio import Float32, Int16
from parvis.audio.sound_file import decode_sound
from parvis.audio.standby import LOOP_MIN_SAMPLES, Loop, Notice, Silence, Standby, Tone, looped
from parvis.bus.messages import SpaceMessage, StandbyMessage
from parvis.clock import SAMPLE_RATE_HZ, TICK_MS, TICK_SAMPLES
from parvis.errors import UserError

log = structlog.get_logger(__name__)

STANDBY_AFTER_S: Final = 2.0
AUDIBLE: Final = 33
"""−60 dBFS: a tick whose peak is below this is silence to the audience."""
RISE_TICKS: Final = 300 // TICK_MS
FALL_TICKS: Final = 100 // TICK_MS
NOTICES: Final = Path(__file__).parent / "notices"
NOTICE_LANGUAGES: Final = ("en", "fr")
"""Another language gets the first."""
LOST, SOON, NONE = "lost", "soon", ""
"""What a notice says: the speakers are gone, the Space is about to begin, nothing."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What shall be heard: `kind` as in `SpaceMessage.standby`, the notice's `language` and `words`, the
    loop's `revision`."""

    kind: str
    language: str = ""
    words: str = NONE
    revision: int = 0


class StandbySound:
    """Owned by one room. All on the stage's loop."""

    def __init__(self, space: str) -> None:
        self._space = space
        self._upload: StandbyMessage | None = None
        self._sounds: dict[Choice, Int16 | None] = {}
        """Decoded; None: cannot be."""
        self.loading: dict[Choice, asyncio.Task[None]] = {}
        """What is being decoded."""
        self._playing: tuple[Choice, Standby] | None = None
        self._gain = 0.0

    def take(self, message: StandbyMessage) -> None:
        """The Space's own sound. An older revision is ignored."""
        if self._upload is None or message.revision > self._upload.revision:
            self._upload = message

    def choice(self, wanted: SpaceMessage, words: str) -> Choice:
        """What this Space has chosen, for the occasion `words` (`LOST`, `SOON` or `NONE`)."""
        if wanted.standby == "notice" and words:
            language = wanted.language.lower().partition("-")[0]
            known = language if language in NOTICE_LANGUAGES else NOTICE_LANGUAGES[0]
            return Choice("notice", known, words)
        if wanted.standby == "loop" and self._upload is not None and self._upload.audio:
            return Choice("loop", revision=self._upload.revision)
        return Choice("silence" if wanted.standby == "silence" else "tone")

    def prepare(self, wanted: SpaceMessage) -> None:
        """Begins to decode what this Space may need, and forgets what it can need no more."""
        needed = {self.choice(wanted, words) for words in (LOST, SOON)}
        for choice in needed - self._sounds.keys() - self.loading.keys():
            if choice.kind in ("notice", "loop"):
                self.loading[choice] = asyncio.get_running_loop().create_task(
                    self._load(choice, self._upload)
                )
        for choice in self._sounds.keys() - needed:
            del self._sounds[choice]

    def next_tick(self, choice: Choice | None, number: int) -> Int16 | None:
        """Tick `number` of what shall be heard now, int16[960]; None: nothing, and nothing is fading."""
        if choice is not None and choice.kind in ("notice", "loop") and self._sounds.get(choice) is None:
            choice = Choice("tone")
        if self._playing is None:
            if choice is None:
                return None
            self._playing = choice, self._begin(choice, number)
        goes_on = self._playing[0] == choice
        before = self._gain
        change = 1 / RISE_TICKS if goes_on else -1 / FALL_TICKS
        self._gain = min(max(before + change, 0.0), 1.0)
        tick = self._playing[1].next_tick()
        if before != 1.0 or self._gain != 1.0:
            tick = faded(tick, before, self._gain)
        if self._gain == 0.0:
            self._playing = None
        return tick

    @property
    def is_playing(self) -> bool:
        """It is heard, or fading."""
        return self._playing is not None

    async def close(self) -> None:
        """Waits for what is being decoded, and forgets it."""
        await asyncio.gather(*self.loading.values(), return_exceptions=True)
        self._sounds.clear()

    def _begin(self, choice: Choice, number: int) -> Standby:
        if choice.kind == "silence":
            return Silence()
        if choice.kind == "tone":
            return Tone(number)
        sound = self._sounds[choice]
        assert sound is not None, choice
        return Loop(sound) if choice.kind == "loop" else Notice(sound, number)

    async def _load(self, choice: Choice, upload: StandbyMessage | None) -> None:
        try:
            if choice.kind == "notice":
                self._sounds[choice] = await asyncio.to_thread(notice, choice.language, choice.words)
            else:
                assert upload is not None
                self._sounds[choice] = await asyncio.to_thread(_loop_of, upload.audio)
        except UserError as error:
            log.warning("a standby sound cannot be used", space=self._space, error=str(error))
            self._sounds[choice] = None
        finally:
            del self.loading[choice]


@functools.cache
def notice(language: str, words: str) -> Int16:
    """A packaged sentence, int16[n]; decoded once in a process."""
    return decode_sound((NOTICES / f"{language}-{words}.opus").read_bytes())


def _loop_of(audio: bytes) -> Int16:
    return looped(decode_sound(audio, min_s=LOOP_MIN_SAMPLES / SAMPLE_RATE_HZ))


def is_audible(tick: Int16) -> bool:
    """Whether there is more than silence in int16[960]."""
    return int(tick.max()) > AUDIBLE or int(tick.min()) < -AUDIBLE


def faded(tick: Int16, start: float, end: float) -> Int16:
    """int16[960] under a gain that goes in a straight line from `start` to `end`."""
    gain: Float32 = np.linspace(start, end, TICK_SAMPLES, endpoint=False, dtype=np.float32)
    under: Int16 = np.rint(tick * gain).astype(np.int16)
    return under
