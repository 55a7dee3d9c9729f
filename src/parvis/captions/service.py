"""The captioner as a process: hears the Spaces that want it, and sends what it understood to the stages.

Rules:

- Owner of everything but the model: the loop. The model is used by one thread, at idle priority: it gets what
  nobody else wants of the machine.
- The bus is always read. What cannot be recognised in time is left out by the desk, with a word in the log
  and a mark in the next caption.
- Which Spaces: those that have a program and whose captions are `automatic`, in a language that it knows.
  Others cost nothing. A program is what counts, not control's word: the go-live clock may be first.
- What was said while it was away is not captioned later: captions are for those who listen now.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from functools import partial
from typing import Final

import structlog

from parvis.bus.captions import CAPTIONS_RETAINED, CaptionerMessage, CaptionMessage, primary
from parvis.bus.messages import PartMessage, ProcessMessage, ProgramMessage, SpaceMessage
from parvis.bus.port import Bus
from parvis.captions.desk import Desk
from parvis.captions.lines import Word, lines
from parvis.captions.listener import Listener
from parvis.captions.recogniser import Recogniser
from parvis.captions.utterances import Utterance
from parvis.captions.worker import IdleWorker
from parvis.clock import Clock
from parvis.errors import ParvisError
from parvis.media.rendition import Rendition

log = structlog.get_logger(__name__)

HEARTBEAT_INTERVAL_S: Final = 1.0
AUTOMATIC: Final = "automatic"
LEFT_OUT: Final = "[…] "
"""Before words that do not follow those of the caption before."""


class Captioner:
    """All Spaces that one captioner hears. `load` makes the recogniser; it is called in the thread that uses
    it, and may take its time."""

    def __init__(
        self, name: str, languages: tuple[str, ...], bus: Bus, clock: Clock, load: Callable[[], Recogniser]
    ) -> None:
        self._name = name
        self._languages = languages
        self._bus = bus
        self._clock = clock
        self._load = load
        self._wanted: dict[str, SpaceMessage] = {}
        """Spaces that are not over and ask for it."""
        self._revisions: dict[str, int] = {}
        self._programs: dict[str, ProgramMessage] = {}
        self._hearing: dict[str, tuple[str, asyncio.Task[None]]] = {}
        """Language and task of each Space that is heard."""
        self._desk = Desk()
        self._waiting = asyncio.Event()
        self._captions = 0
        self._behind_ms = 0

    async def run(self) -> None:
        """Serves until cancelled. Raises what `load` raises."""
        try:
            worker = IdleWorker("recogniser")
            recogniser = await worker.do(self._load)
            log.info("the captioner is up", languages=self._languages)
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._obey(), name="captioner: spaces")
                tasks.create_task(self._work(worker, recogniser), name="captioner: words")
                tasks.create_task(self._beat(), name="captioner: heartbeat")
        finally:
            for _, task in self._hearing.values():
                task.cancel()

    async def _obey(self) -> None:
        subscription = self._bus.subscribe("space.", "program.", replay=True)
        try:
            async for subject, payload in subscription:
                try:
                    if subject.startswith("program."):
                        self._take_program(ProgramMessage.decode(payload))
                    else:
                        self._apply(SpaceMessage.decode(payload))
                except (ParvisError, KeyError, TypeError, ValueError) as error:
                    log.warning("a bus message cannot be read", subject=subject, error=str(error))
        finally:
            await subscription.aclose()

    def _apply(self, message: SpaceMessage) -> None:
        if message.revision < self._revisions.get(message.id, 0):
            return
        self._revisions[message.id] = message.revision
        known = primary(message.language) in self._languages
        if message.captions == AUTOMATIC and message.state != "ended" and known:
            self._wanted[message.id] = message
        else:
            self._wanted.pop(message.id, None)
        self._look(message.id)
        if message.state == "ended":
            self._revisions.pop(message.id, None)
            self._programs.pop(message.id, None)

    def _take_program(self, message: ProgramMessage) -> None:
        before = self._programs.get(message.space)
        if before is not None and message.epoch < before.epoch:
            return
        if message.last_sequence is None:
            self._programs[message.space] = message
        else:
            self._programs.pop(message.space, None)
        self._look(message.space)

    def _look(self, space: str) -> None:
        """Begins to hear a Space, or goes on, or ends."""
        message = self._wanted.get(space)
        if message is not None and space in self._programs:
            task = self._hearing[space][1] if space in self._hearing else None
            task = task or asyncio.get_running_loop().create_task(self._hear(space))
            self._hearing[space] = message.language, task
        elif space in self._hearing:
            self._hearing.pop(space)[1].cancel()
            self._desk.drop(space)
            self._bus.forget(f"caption.{space}")

    async def _hear(self, space: str) -> None:
        listener = Listener()
        subscription = self._bus.subscribe(f"part.{space}.{Rendition.OPUS}")
        log.info("captions begin", space=space)
        try:
            async for subject, payload in subscription:
                try:
                    found = listener.take(PartMessage.decode(subject, payload))
                except (ParvisError, ValueError) as error:
                    log.warning("a part cannot be heard", space=space, error=str(error))
                    continue
                for utterance in found:
                    skipped_ms = self._desk.put(space, utterance)
                    if skipped_ms:
                        log.warning("captions fall behind: sound is left out", space=space, ms=skipped_ms)
                    self._waiting.set()
        finally:
            await subscription.aclose()
            log.info("captions end", space=space)

    async def _work(self, worker: IdleWorker, recogniser: Recogniser) -> None:
        while True:
            taken = self._desk.take()
            if taken is None:
                self._waiting.clear()
                await self._waiting.wait()
                continue
            space, utterance = taken
            if space not in self._hearing:
                continue
            language = self._hearing[space][0]
            try:
                recognise = partial(recogniser.recognise, utterance.samples, primary(language))
                words = await worker.do(recognise)
            except (RuntimeError, ValueError):  # one stretch that the model cannot take is no reason to end
                log.exception("a stretch of speech was not recognised", space=space)
                continue
            if space in self._hearing:
                self._say(space, language, utterance, words)

    def _say(self, space: str, language: str, utterance: Utterance, words: list[Word]) -> None:
        end_ms = utterance.start_ms + utterance.duration_ms
        self._behind_ms = int(self._clock.program_s() * 1000) - end_ms
        mark = LEFT_OUT if utterance.skipped else ""
        for number, line in enumerate(lines(words, utterance.start_ms, end_ms)):
            message = CaptionMessage(
                space=space,
                id=f"a{utterance.start_ms}-{number}",
                start_ms=line.start_ms,
                end_ms=line.end_ms,
                text=(mark if number == 0 else "") + line.text,
                lang=language,
            )
            self._bus.publish(message.subject, message.encode(), retain=CAPTIONS_RETAINED)
            self._captions += 1

    async def _beat(self) -> None:
        able = CaptionerMessage(self._name, self._languages)
        while True:
            gauges = {
                "spaces": float(len(self._hearing)),
                "captions": float(self._captions),
                "behind_ms": float(self._behind_ms),
                "waiting_ms": float(self._desk.waiting_ms),
                "skipped_ms": float(self._desk.skipped_ms),
            }
            beat = ProcessMessage(self._name, "captioner", os.getpid(), gauges)
            self._bus.publish(beat.subject, beat.encode(), retain=1)
            self._bus.publish(able.subject, able.encode(), retain=1)
            await asyncio.sleep(HEARTBEAT_INTERVAL_S)
