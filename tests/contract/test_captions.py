"""Captions that people write: who may, when, and what goes to the stage."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from parvis.bus.captions import CaptionMessage
from tests.contract.api_world import World, world

pytestmark = pytest.mark.usefixtures("any_database")


async def captioned(w: World, **settings: Any) -> str:
    space = await w.space("ana")
    ana = await w.person("ana")
    changed = await ana.patch(f"/api/v1/spaces/{space}", json={"captions": "human", **settings})
    assert changed.status_code == 200, changed.text
    assert (await ana.post(f"/api/v1/spaces/{space}/start")).status_code == 200
    return space


async def test_a_captioner_needs_no_seat_and_a_stranger_has_no_right(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await w.person("cap")
        space = await captioned(w, captioners=["cap"])
        path = f"/api/v1/spaces/{space}/captions"
        cap, zoe = await w.person("cap"), await w.person("zoe")
        answer = await cap.post(path, json={"text": " Good \n evening ", "ago_ms": 2_000})
        assert answer.status_code == 201, answer.text
        caption = answer.json()
        assert (caption["text"], caption["by"], caption["lang"]) == ("Good evening", "cap", "en")
        assert caption["end_ms"] - caption["start_ms"] >= 2_000
        assert (await zoe.post(path, json={"text": "Hello"})).json()["code"] == "no-seat"
        shown = (await zoe.get(f"/api/v1/spaces/{space}")).json()
        assert (shown["captions"], shown["captioners"]) == ("human", ["cap"])


async def test_who_wrote_a_line_corrects_it_in_its_place(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await w.person("cap")
        space = await captioned(w, captioners=["cap"])
        path = f"/api/v1/spaces/{space}/captions"
        cap, ana = await w.person("cap"), await w.person("ana")
        first = (await cap.post(path, json={"text": "Fiends"})).json()
        better = (await cap.put(f"{path}/{first['id']}", json={"text": "Friends"})).json()
        assert better == first | {"text": "Friends"}
        refused = await ana.put(f"{path}/{first['id']}", json={"text": "Mine"})
        assert (refused.status_code, refused.json()["code"]) == (404, "caption-unknown")
        gone = await cap.put(f"{path}/{first['id']}", json={"text": "  "})
        assert gone.json()["text"] == ""


async def test_lines_are_for_a_space_on_air_that_people_caption(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        ana = await w.person("ana")
        space = await w.space("ana")
        path = f"/api/v1/spaces/{space}/captions"
        assert (await ana.post(path, json={"text": "Hello"})).json()["code"] == "captions-off"
        await ana.patch(f"/api/v1/spaces/{space}", json={"captions": "human"})
        assert (await ana.post(path, json={"text": "Hello"})).json()["code"] == "space-not-live"
        for body in ({"text": "   "}, {"text": "x" * 201}, {"text": "Hello", "ago_ms": 60_001}, {}):
            assert (await ana.post(path, json=body)).json()["code"] == "input-invalid", body


async def test_captioners_must_be_somebody(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        ana, space = await w.person("ana"), await w.space("ana")
        answer = await ana.patch(f"/api/v1/spaces/{space}", json={"captioners": ["nobody_here"]})
        assert answer.json()["detail"] == "captioners: there is no @nobody_here."


def test_a_caption_without_duration_or_id_is_none() -> None:
    good = CaptionMessage("abc", "h1", 5, 9, "Hello", "en", "cap")
    assert CaptionMessage.decode(good.encode()) == good
