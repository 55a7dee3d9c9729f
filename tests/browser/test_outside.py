"""What strangers meet: home and profiles, a Space for members, the player in another site's frame."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Launch
from tests.parvis import Parvis, Person, wait_until

PATIENCE_MS = 30_000


def on_air(parvis: Parvis, ana: Person, **fields: object) -> dict[str, str]:
    """A Space with sound: its id and links."""
    made = ana.post("spaces", {"title": "Budget night", "standby": "tone", **fields})
    ana.post(f"spaces/{made['id']}/start")
    return {"id": made["id"], **made["links"]}


def test_home_leads_to_the_hall_to_the_host_and_to_the_studio(parvis: Parvis, launch: Launch) -> None:
    ana = parvis.person("ana")
    space = on_air(parvis, ana, topics=["Écluses"])
    ana.post("spaces", {"title": "Later on", "starts_at": "2030-06-01T18:30:00.000Z"})
    page = launch().new_context(locale="fr-FR", timezone_id="Europe/Paris").new_page()
    faults: list[str] = []
    page.on("pageerror", lambda fault: faults.append(str(fault)))
    page.on("console", lambda line: faults.append(line.text) if line.type == "error" else None)
    page.goto(f"{parvis.control}/")
    expect(page.get_by_test_id(f"card-{space['id']}")).to_be_visible()
    page.get_by_test_id("search").fill("ecluse")
    page.get_by_test_id("search").press("Enter")
    expect(page.get_by_test_id(f"card-{space['id']}")).to_be_visible()
    page.get_by_text("avec Ana").first.click()
    expect(page).to_have_url(f"{parvis.control}/@{ana.handle}")
    expect(page.locator("time").first).to_contain_text("20:30")
    page.get_by_role("link", name="Budget night").click()
    expect(page.locator("#app")).to_have_attribute("data-space", space["id"], timeout=PATIENCE_MS)
    page.goto(f"{parvis.control}/")
    page.get_by_test_id("studio").click()
    expect(page.get_by_test_id("sign-up")).to_be_visible()
    # Nobody is signed in: the studio asks, and is told so.
    assert [fault for fault in faults if "401" not in fault] == []


def test_a_space_for_members_opens_by_its_link(parvis: Parvis, launch: Launch) -> None:
    ana = parvis.person("ana")
    space = on_air(parvis, ana, visibility="members", description="For us alone")
    made = ana.post(f"spaces/{space['id']}/passes", {"label": "Press"})
    page = launch().new_page()
    app = page.locator("#app")
    page.goto(space["share"])
    expect(app).to_have_attribute("data-state", "members")
    expect(page.get_by_test_id("notice")).to_contain_text("for members")
    assert "For us alone" not in page.content()
    page.goto(made["link"])  # the same page, only the fragment is new
    expect(page.get_by_text("For us alone")).to_be_visible(timeout=PATIENCE_MS)
    assert "pass=" not in page.url
    wait_until(lambda: app.get_attribute("data-state") in ("ready", "held"))


@pytest.fixture
def another_site() -> Iterator[str]:
    """A page of another origin that shows in a frame what stands in its query."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            address = self.path.partition("?")[2]
            body = f'<iframe src="{address}" width="480" height="180" allow="autoplay"></iframe>'.encode()
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/"
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_player_plays_in_another_site_and_nothing_else_is_framed(
    parvis: Parvis, launch: Launch, another_site: str
) -> None:
    space = on_air(parvis, parvis.person("ana"))
    wait_until(lambda: bool(parvis.space_json(space["id"])["renditions"]))
    page = launch().new_page()
    page.goto(f"{another_site}?{space['embed']}")
    frame = page.frame_locator("iframe")
    expect(frame.get_by_role("heading", name="Budget night")).to_be_visible(timeout=PATIENCE_MS)
    expect(frame.get_by_test_id("play")).to_be_enabled(timeout=PATIENCE_MS)
    frame.get_by_test_id("play").focus()
    page.keyboard.press("Enter")
    expect(frame.locator("#app")).to_have_attribute("data-listening", "true")
    wait_until(lambda: float(frame.locator("audio").evaluate("element => element.currentTime")) > 1)
    assert page.context.cookies() == []
    for address in (space["share"], f"{parvis.control}/", f"{parvis.control}/studio"):
        page.goto(f"{another_site}?{address}")
        wait_until(lambda: len(page.frames) == 2)
        assert page.frames[1].locator("#app").count() == 0, address
