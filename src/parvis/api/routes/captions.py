"""Captions: lines that people write, and what a machine could do."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, status

from parvis.api.asking import Asker, Wired
from parvis.api.problems import documented
from parvis.api.routes import API
from parvis.api.schemas_captions import CaptionBody, CaptionEdit, CaptionersOut, CaptionOut
from parvis.spaces.caption import Caption

router = APIRouter(prefix=API, tags=["captions"])

_WRITING = (
    "not-signed-in",
    "cross-origin",
    "banned",
    "forbidden",
    "no-seat",
    "space-unknown",
    "space-ended",
    "space-not-live",
    "captions-off",
    "input-invalid",
    "media-type",
    "too-many-requests",
)


@router.post("/spaces/{space}/captions", status_code=status.HTTP_201_CREATED, responses=documented(*_WRITING))
async def write(space: str, body: CaptionBody, asker: Asker, services: Wired) -> CaptionOut:
    """Captions what was said; for captioners, host and co-hosts of a Space whose captions are `human`."""
    return _shown(await services.human_captions.write(space, body.text, body.ago_ms, asker))


@router.put("/spaces/{space}/captions/{caption}", responses=documented(*_WRITING, "caption-unknown"))
async def correct(
    space: str,
    caption: Annotated[str, Path(max_length=40)],
    body: CaptionEdit,
    asker: Asker,
    services: Wired,
) -> CaptionOut:
    """Other words for a line of one's own, for two minutes; none: it is taken back."""
    return _shown(await services.human_captions.correct(space, caption, body.text, asker))


@router.get("/captioners", responses=documented())
async def captioners(services: Wired) -> CaptionersOut:
    """Which languages `automatic` captions are made of now."""
    return CaptionersOut(languages=services.captions.languages)


def _shown(caption: Caption) -> CaptionOut:
    return CaptionOut(
        id=caption.id,
        start_ms=caption.start_ms,
        end_ms=caption.end_ms,
        text=caption.text,
        lang=caption.language,
        by=caption.by,
    )
