"""Who has only a passkey signs in where they listen: in a window of control, which hands the hall a session.

Passkeys need a name: this Parvis of its own is reached as `localhost`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Launch
from tests.browser.hall_people import PATIENCE_MS
from tests.browser.test_account import AUTHENTICATOR
from tests.contract.api_world import PASSWORD
from tests.parvis import Parvis


@pytest.fixture
def named(tmp_path: Path) -> Iterator[Parvis]:
    running = Parvis(tmp_path / "data", edges=1, name="localhost")
    running.start()
    yield running
    assert running.stop() == 0


def test_a_passkey_signs_in_in_the_hall(named: Parvis, launch: Launch) -> None:
    host = named.person("ana")
    space = host.post("spaces", {"title": "Passkeys, please"})
    context = launch().new_context()
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    page.goto(f"{named.edge}/s/{space['id']}")

    page.get_by_test_id("chat").click()
    page.get_by_test_id("chat-sign-in").click()
    page.get_by_test_id("to-sign-in").click()
    with page.expect_popup() as opening:
        page.get_by_test_id("sign-in-there").click()
    window = opening.value
    assert window.url == f"{named.control}/sign-in"
    # A new account, and a passkey for it: by that it signs in.
    cdp = context.new_cdp_session(window)
    cdp.send("WebAuthn.enable")
    cdp.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
    window.get_by_test_id("to-sign-up").click()
    window.get_by_test_id("sign-up-name").fill("Noa Blanc")
    window.get_by_test_id("sign-up-password").fill(PASSWORD)
    window.get_by_test_id("sign-up-submit").click()
    expect(window.get_by_test_id("hall-go-on")).to_contain_text("Noa Blanc")
    window.evaluate(
        """async (password) => {
          const call = async (path, body) => (await fetch(`/api/v1/${path}`, {
            method: "POST", headers: {"Content-Type": "application/json"}, body: JSON.stringify(body),
          })).json();
          const {publicKey} = await call("accounts/me/passkeys/options", {password});
          const options = PublicKeyCredential.parseCreationOptionsFromJSON(publicKey);
          const credential = (await navigator.credentials.create({publicKey: options})).toJSON();
          await call("accounts/me/passkeys", {name: "Laptop", credential});
        }""",
        PASSWORD,
    )
    window.get_by_test_id("hall-other").click()
    window.get_by_test_id("passkey-sign-in").click()
    with window.expect_event("close"):
        window.get_by_test_id("hall-go-on").click()

    expect(page.get_by_test_id("chat-text")).to_be_visible()
    page.get_by_test_id("chat-text").fill("By a key")
    page.get_by_test_id("chat-send").click()
    expect(page.locator("[data-by=noa_blanc]")).to_contain_text("By a key")
    kept = page.evaluate("Object.values(JSON.parse(sessionStorage['parvis.session']))")
    assert [one["handle"] for one in kept] == ["noa_blanc"]
    cookie = {one["name"]: one["value"] for one in context.cookies(named.control)}["parvis_session"]
    assert kept[0]["token"] != cookie, "the hall has a session of its own"


def test_a_window_that_no_hall_opened_hands_nothing_over(named: Parvis, launch: Launch) -> None:
    page = launch().new_page()
    page.goto(f"{named.control}/sign-in")
    expect(page.get_by_test_id("no-hall")).to_be_visible(timeout=PATIENCE_MS)
