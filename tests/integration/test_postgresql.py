"""A whole Parvis on PostgreSQL, which goes away and comes back while a Space is on air."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.parvis import Parvis, wait_until
from tests.postgres import Postgres


@pytest.fixture
def server() -> Iterator[Postgres]:
    made = Postgres()
    made.start()
    yield made
    made.stop()
    made.remove()


def test_the_database_goes_and_comes_back_under_a_live_space(server: Postgres, tmp_path: Path) -> None:
    environment = {"PARVIS_DATABASE_URL": server.url("postgres").replace("+asyncpg", "")}
    parvis = Parvis(tmp_path / "data", edges=1, environment=environment)
    parvis.start()
    try:
        ana = parvis.person()
        space = ana.post("spaces", {"title": "Budget night"})
        ana.post(f"spaces/{space['id']}/start")
        wait_until(lambda: parvis.space_json(space["id"]).get("state") in ("live", "held"))
        control = parvis.pid("control")

        server.stop()
        refused = ana.api.post("spaces", json={"title": "Not now"})
        assert (refused.status_code, refused.json()["code"]) == (503, "database-away")
        assert httpx.get(f"{parvis.control}/healthz").status_code == 503
        assert parvis.space_json(space["id"])["title"] == "Budget night", "who listens notices nothing"

        server.start()
        wait_until(lambda: httpx.get(f"{parvis.control}/healthz", timeout=20).status_code == 200)
        assert ana.get(f"spaces/{space['id']}")["title"] == "Budget night"
        assert ana.post("spaces", {"title": "Now"})["title"] == "Now"
        assert parvis.pid("control") == control, "the same control all along"
    finally:
        parvis.stop()
