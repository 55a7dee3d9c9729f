"""Speaking from behind a firewall: the pages go by the TURN server that Parvis names, by TCP alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Launch
from tests.browser.hall_people import PATIENCE_MS, ask_to_speak, hall_of, on_air
from tests.browser.people import HALL, ears
from tests.browser.studio_people import connect, seat_in, studio_of
from tests.coturn import Coturn, coturn
from tests.integration.foreign import share_with
from tests.integration.signals import power_db, tone
from tests.parvis import Parvis, Person, wait_until

HALL_HZ: Final = 1_000
STUDIO_HZ: Final = 1_700
FIREWALL: Final = """
  const Plain = RTCPeerConnection;
  window.peers = [];
  window.RTCPeerConnection = class extends Plain {
    constructor({iceServers = [], ...more} = {}) {
      const open = iceServers.filter(({urls}) => String(urls).endsWith("?transport=tcp"));
      super({...more, iceServers: open, iceTransportPolicy: "relay"});
      window.peers.push(this);
    }
  };
"""
"""Run before a page's scripts: as a network that lets no UDP through. Without a server there is no way."""
PATH: Final = """async () => {
  const stats = [...(await window.peers.at(-1).getStats()).values()];
  const pair = stats.find(({type, nominated}) => type === "candidate-pair" && nominated);
  const local = stats.find(({id}) => id === pair?.localCandidateId);
  return [local?.candidateType, local?.relayProtocol];
}"""


@pytest.fixture(scope="module")
def turn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Coturn]:
    with coturn(tmp_path_factory.mktemp("coturn")) as running:
        yield running


@pytest.fixture(scope="module")
def own(turn: Coturn, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Parvis]:
    """A Parvis that tells its speakers of the server."""
    running = Parvis(tmp_path_factory.mktemp("parvis") / "data", edges=1, environment=turn.told)
    running.start()
    yield running
    assert running.stop() == 0


@pytest.fixture(scope="module")
def host(own: Parvis) -> Person:
    return own.person("ana")


@pytest.fixture(scope="module")
def space(own: Parvis, host: Person, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    with on_air(own, host, tmp_path_factory.mktemp("voice")) as live:
        yield live


def is_heard(listener: Page, speaker: Page, frequency_hz: float) -> None:
    wait_until(lambda: power_db(ears(listener, HALL, 0.6), frequency_hz) > -50)
    assert share_with(ears(listener, HALL, 2.0), frequency_hz) > 0.8, "without long gaps"
    assert speaker.evaluate(PATH) == ["relay", "tcp"]


def test_a_guest_of_the_hall_is_heard_by_relay_alone(
    own: Parvis, turn: Coturn, launch: Launch, host: Person, space: dict[str, Any]
) -> None:
    """With a token, at control's address, which is another than the page's."""
    before = turn.allocations
    guest = hall_of(launch(tone(HALL_HZ, 10)), own, space["id"], before=FIREWALL)
    ask_to_speak(guest, "Camille", "")
    (hand,) = host.get(f"spaces/{space['id']}/hands")["items"]
    host.patch(f"spaces/{space['id']}/hands/{hand['id']}", {"state": "called"})
    guest.get_by_test_id("speak-now").click(timeout=PATIENCE_MS)
    expect(guest.get_by_test_id("mute-self")).to_have_attribute("data-connection", "on", timeout=PATIENCE_MS)
    is_heard(hall_of(launch(), own, space["id"]), guest, HALL_HZ)
    assert turn.allocations > before


def test_a_speaker_of_the_studio_is_heard_by_relay_alone(
    own: Parvis, turn: Coturn, launch: Launch, host: Person, space: dict[str, Any]
) -> None:
    """With the cookie."""
    before = turn.allocations
    ben = own.person("ben")
    seat_in(space, host, ben)
    studio = studio_of(launch(tone(STUDIO_HZ, 10)), own, ben)
    studio.add_init_script(FIREWALL)
    studio.goto(f"{own.control}/studio/{space['id']}")
    connect(studio)
    is_heard(hall_of(launch(), own, space["id"]), studio, STUDIO_HZ)
    assert turn.allocations > before
