"""One's own account in a real browser, with a passkey that Chromium's own virtual authenticator keeps.

Control alone is enough for this, under the name `localhost`: an address has no passkeys.
"""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from playwright.sync_api import Page, expect

from parvis.settings import PAGES
from tests.browser.conftest import Launch
from tests.browser.studio_people import pictures
from tests.contract.api_world import PASSWORD, picture, world

PATIENCE_MS = 20_000
AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture
def control(tmp_path: Path) -> Iterator[str]:
    """The origin of a control in a thread with its own loop."""
    listener = socket.create_server(("127.0.0.1", 0))
    origin = f"http://localhost:{listener.getsockname()[1]}"
    ready = threading.Event()
    servers: list[uvicorn.Server] = []

    async def serve() -> None:
        async with world(tmp_path, pages=PAGES, more={"public_control_url": origin}) as w:
            config = uvicorn.Config(w.app, log_config=None, access_log=False, lifespan="off")
            servers.append(uvicorn.Server(config))
            ready.set()
            await servers[0].serve(sockets=[listener])

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    assert ready.wait(30)
    yield origin
    servers[0].should_exit = True
    thread.join(30)


def sign_up(page: Page, name: str) -> None:
    page.get_by_test_id("sign-up-name").fill(name)
    page.get_by_test_id("sign-up-password").fill(PASSWORD)
    page.get_by_test_id("sign-up-submit").click()
    expect(page.get_by_test_id("who")).to_be_visible(timeout=PATIENCE_MS)


def test_a_life_of_an_account_with_a_passkey(launch: Launch, control: str, tmp_path: Path) -> None:
    page = launch().new_page()
    page.set_default_timeout(PATIENCE_MS)
    cdp = page.context.new_cdp_session(page)
    cdp.send("WebAuthn.enable")
    cdp.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
    page.goto(f"{control}/studio")
    sign_up(page, "Léa Martin")
    page.get_by_test_id("who").click()

    # Who one is: words and a picture, shown at once.
    page.get_by_test_id("profile-name").fill("Léa M.")
    page.get_by_test_id("profile-bio").fill("Reads the budget so that you need not.")
    page.get_by_test_id("profile-save").click()
    expect(page.get_by_test_id("who")).to_have_text("Léa M.")
    photo = tmp_path / "photo.png"
    photo.write_bytes(picture(900, 600))
    page.get_by_test_id("picture").set_input_files(photo)
    expect(page.get_by_test_id("portrait")).to_be_visible(timeout=PATIENCE_MS)
    expect(page.get_by_test_id("portrait")).to_have_js_property("naturalWidth", 256, timeout=PATIENCE_MS)

    # A passkey, and everything else in one file.
    page.get_by_test_id("passkey-new").click()
    page.get_by_test_id("passkey-name").fill("My laptop")
    page.get_by_test_id("confirm-yes").click()
    expect(page.get_by_test_id("passkeys").get_by_role("listitem")).to_contain_text("My laptop")
    pictures(page, "account")
    with page.expect_download() as downloading:
        page.get_by_test_id("export").click()
    kept = json.loads(downloading.value.path().read_text())["kept"]
    assert [account["display_name"] for account in kept["accounts"]] == ["Léa M."]
    assert [key["name"] for key in kept["passkeys"]] == ["My laptop"]

    # Out, and in again without a handle or a password.
    page.get_by_test_id("sign-out").click()
    page.get_by_test_id("to-sign-in").click()
    page.get_by_test_id("passkey-sign-in").click()
    expect(page.get_by_test_id("who")).to_have_text("Léa M.", timeout=PATIENCE_MS)

    # Another password; then the end, which asks for it.
    page.get_by_test_id("password-now").fill(PASSWORD)
    page.get_by_test_id("password-new").fill("another horse")
    page.get_by_test_id("password-save").click()
    expect(page.get_by_test_id("password-saved")).not_to_be_empty(timeout=PATIENCE_MS)
    page.get_by_test_id("delete-account").click()
    page.get_by_test_id("delete-password").fill(PASSWORD)
    page.get_by_test_id("confirm-yes").click()
    expect(page.get_by_test_id("refusal")).to_have_attribute("data-code", "password-wrong")
    page.get_by_test_id("delete-password").fill("another horse")
    page.get_by_test_id("confirm-yes").click()
    page.get_by_test_id("to-sign-in").click()
    page.get_by_test_id("passkey-sign-in").click()
    expect(page.get_by_test_id("refusal")).to_have_attribute(
        "data-code", "credentials-wrong", timeout=PATIENCE_MS
    )
