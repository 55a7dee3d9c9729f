"""Who signs in elsewhere and is not let in is told so where they were, and tries again there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Launch
from tests.browser.hall_people import PATIENCE_MS
from tests.contract.openid_provider import SECRET, openid_provider
from tests.parvis import Parvis, free_ports


@pytest.fixture
def parvis_with_provider(tmp_path: Path) -> Iterator[Parvis]:
    [control_port] = free_ports(1)
    with openid_provider(f"http://localhost:{control_port}") as issuer:
        settings = {"ISSUER": issuer, "CLIENT_ID": "parvis", "CLIENT_SECRET": SECRET, "NAME": "Gazette"}
        environment = {f"PARVIS_OPENID_{name}": value for name, value in settings.items()}
        running = Parvis(
            tmp_path / "data", edges=1, name="localhost", environment=environment, control_port=control_port
        )
        running.start()
        yield running
        assert running.stop() == 0


def test_a_refusal_is_told_in_the_window_of_the_hall(parvis_with_provider: Parvis, launch: Launch) -> None:
    parvis = parvis_with_provider
    space = parvis.person("ana").post("spaces", {"title": "Signed in elsewhere"})
    page = launch().new_context().new_page()
    page.set_default_timeout(PATIENCE_MS)
    page.goto(f"{parvis.edge}/s/{space['id']}")
    page.get_by_test_id("chat").click()
    page.get_by_test_id("chat-sign-in").click()
    page.get_by_test_id("to-sign-in").click()
    with page.expect_popup() as opening:
        page.get_by_test_id("sign-in-there").click()
    window = opening.value
    window.set_default_timeout(PATIENCE_MS)

    window.get_by_test_id("openid-sign-in").click()
    window.get_by_role("link", name="Cancel").click()
    expect(window.get_by_test_id("refusal")).to_have_attribute("data-code", "openid-refused")
    assert window.url == f"{parvis.control}/sign-in"

    window.get_by_test_id("openid-sign-in").click()
    window.locator("input[name=login]").fill("leo")
    window.locator("input[name=password]").fill("x")
    window.locator("button[type=submit]").click()
    window.locator("form:not(:has(input[name=login])) button[type=submit]").click()
    with window.expect_event("close"):
        window.get_by_test_id("hall-go-on").click()
    expect(page.get_by_test_id("chat-text")).to_be_visible()
