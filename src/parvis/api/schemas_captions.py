"""The JSON of captions (docs/protocol.md §9), in and out."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from parvis.api.schemas import Input, Output
from parvis.spaces.caption import AGO_MAX_MS, TEXT_MAX


class CaptionBody(Input):
    """A line, and how long ago its first letter was typed."""

    text: Annotated[str, StringConstraints(min_length=1, max_length=TEXT_MAX)]
    ago_ms: Annotated[int, Field(ge=0, le=AGO_MAX_MS)] = 0


class CaptionEdit(Input):
    """Other words; none take the line back."""

    text: Annotated[str, StringConstraints(max_length=TEXT_MAX)]


class CaptionOut(Output):
    """A caption as the program has it; times are program time in Unix milliseconds."""

    id: str
    start_ms: int
    end_ms: int
    text: str
    lang: str
    by: str


class CaptionersOut(Output):
    """Languages that a machine can caption here and now, as first subtags."""

    languages: list[str]
