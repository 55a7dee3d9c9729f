"""From a voice through the program's encoder to captions: what was said, and when it was.

The voice is espeak's, three sentences with a pause before each; the model is the one that comes with the
extra. Nothing here depends on how fast the machine is.
"""

from __future__ import annotations

import re
import subprocess
import wave
from pathlib import Path

import numpy as np
import pytest

from parvis.audio import Int16
from parvis.captions.lines import Line, lines
from parvis.captions.listener import Listener
from parvis.captions.recogniser import Whisper, model_folder
from parvis.clock import PART_MS, SAMPLE_RATE_HZ, TICK_SAMPLES
from parvis.errors import UserError
from parvis.media.rendition import Rendition
from parvis.program.packager import ProgramEncoder

SENTENCES = (
    "Good evening, and welcome to the town hall.",
    "Tonight we talk about the new bridge over the river.",
    "The work begins in the spring, and the road stays open.",
)
PAUSE_S = 1.5
FIRST = 5_610_000_000
IN_TIME_MS = 1_500


def say(text: str, folder: Path) -> Int16:
    """`int16[n]` at 48 kHz."""
    spoken, said = folder / "spoken.wav", folder / "said.wav"
    subprocess.run(["espeak-ng", "-v", "en-us", "-s", "150", "-w", spoken, text], check=True)
    rate = ["-ar", str(SAMPLE_RATE_HZ), "-ac", "1"]
    subprocess.run(["ffmpeg", "-v", "error", "-y", "-i", spoken, *rate, said], check=True)
    with wave.open(str(said)) as file:
        return np.frombuffer(file.readframes(file.getnframes()), np.int16)


@pytest.fixture(scope="module")
def spoken(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Line], list[tuple[int, int]]]:
    """Captions of the program, and from when to when each sentence was said, in program time."""
    folder = tmp_path_factory.mktemp("voice")
    pause = np.zeros(int(PAUSE_S * SAMPLE_RATE_HZ), np.int16)
    pieces, times, at = [pause], [], len(pause)
    for sentence in SENTENCES:
        voice = say(sentence, folder)
        begin_ms = FIRST * PART_MS + at * 1000 // SAMPLE_RATE_HZ
        times.append((begin_ms, begin_ms + len(voice) * 1000 // SAMPLE_RATE_HZ))
        pieces += [voice, pause]
        at += len(voice) + len(pause)
    sound = np.concatenate(pieces)
    encoder, listener, whisper = ProgramEncoder("abc", FIRST), Listener(), Whisper(model_folder())
    parts = []
    for tick in range(len(sound) // TICK_SAMPLES):
        parts += encoder.push(sound[tick * TICK_SAMPLES : (tick + 1) * TICK_SAMPLES])
    parts += encoder.flush()
    captions = []
    for part in parts:
        if part.rendition is Rendition.OPUS:
            for utterance in listener.take(part):
                found = whisper.recognise(utterance.samples, "en")
                end_ms = utterance.start_ms + utterance.duration_ms
                captions += lines(found, utterance.start_ms, end_ms)
    return captions, times


def test_most_words_are_understood(spoken: tuple[list[Line], list[tuple[int, int]]]) -> None:
    captions, _ = spoken
    said = re.findall(r"[a-z]+", " ".join(SENTENCES).lower())
    left = re.findall(r"[a-z]+", " ".join(line.text for line in captions).lower())
    understood = 0
    for word in said:
        if word in left:
            left.remove(word)
            understood += 1
    assert understood / len(said) >= 0.75, captions


def test_words_are_put_where_they_were_said(spoken: tuple[list[Line], list[tuple[int, int]]]) -> None:
    captions, times = spoken
    for begin_ms, end_ms in times:
        here = [line for line in captions if line.end_ms > begin_ms and line.start_ms < end_ms]
        assert abs(here[0].start_ms - begin_ms) <= IN_TIME_MS
        assert abs(here[-1].end_ms - end_ms) <= IN_TIME_MS


def test_a_folder_without_a_model_is_said(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="holds no model") as refused:
        model_folder(str(tmp_path))
    assert refused.value.code == "captions-unusable"
    with pytest.raises(UserError, match="holds no model"):
        Whisper(tmp_path)
