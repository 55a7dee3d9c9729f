"""The host drops, and comes back; control is killed meanwhile: real processes, real sessions."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from parvis.cli.speak import write_wav
from tests.integration.signals import tone
from tests.parvis import PARVIS, Parvis, Person, speak, wait_until


@pytest.fixture
def parvis(tmp_path: Path) -> Iterator[Parvis]:
    running = Parvis(tmp_path / "data", edges=1)
    running.start()
    yield running
    assert running.stop() == 0


@pytest.fixture
def voice(tmp_path: Path) -> Path:
    path = tmp_path / "voice.wav"
    write_wav(path, tone(440, 60))
    return path


@pytest.fixture
def talk(voice: Path) -> Iterator[Callable[[Person, dict[str, Any]], subprocess.Popen[str]]]:
    """Lets somebody speak until told to stop."""
    speaking: list[subprocess.Popen[str]] = []

    def begin(person: Person, space: dict[str, Any]) -> subprocess.Popen[str]:
        speaking.append(speak(person, space, voice))
        return speaking[-1]

    yield begin
    for process in speaking:
        process.kill()
        process.wait()


def invite(host: Person, guest: Person, space: str, role: str) -> None:
    link = host.post(f"spaces/{space}/invitations", {"role": role})["link"]
    guest.post(f"spaces/{space}/seats", {"invitation": link.partition("#invitation=")[2]})


def connected(person: Person, space: str) -> set[str]:
    return {seat["handle"] for seat in person.get(f"spaces/{space}/seats")["items"] if seat["connected"]}


def acting(person: Person, space: str) -> str | None:
    found = person.get(f"spaces/{space}")["acting_host"]
    return str(found["handle"]) if found else None


def test_a_host_who_drops_is_followed_even_over_a_crash_of_control(
    parvis: Parvis, talk: Callable[[Person, dict[str, Any]], subprocess.Popen[str]]
) -> None:
    ana, ben = parvis.person("ana"), parvis.person("ben")
    space = ana.post("spaces", {"title": "It goes on", "grace_s": 2})
    invite(ana, ben, space["id"], "co-host")
    ana.post(f"spaces/{space['id']}/start")
    host = talk(ana, space)
    talk(ben, space)
    wait_until(lambda: connected(ben, space["id"]) == {ana.handle, ben.handle})
    assert acting(ben, space["id"]) is None

    host.kill()
    wait_until(lambda: acting(ben, space["id"]) == ben.handle)
    assert ben.get(f"spaces/{space['id']}")["state"] == "live"
    assert ben.get(f"spaces/{space['id']}")["host"]["handle"] == ana.handle

    killed = parvis.pid("control")
    os.kill(killed, signal.SIGKILL)
    wait_until(lambda: parvis.pid("control") not in (0, killed) and parvis.answers())
    assert acting(ben, space["id"]) == ben.handle
    wait_until(lambda: ben.handle in connected(ben, space["id"]))
    assert acting(ben, space["id"]) == ben.handle

    talk(ana, space)
    wait_until(lambda: acting(ana, space["id"]) is None)
    assert ana.get(f"spaces/{space['id']}")["role"] == "host"


def test_a_suspended_host_is_silent_and_a_co_host_rescues(
    parvis: Parvis, talk: Callable[[Person, dict[str, Any]], subprocess.Popen[str]]
) -> None:
    ana, ben, olga = (parvis.person(name) for name in ("ana", "ben", "olga"))
    add = [*PARVIS, "operator", "add", olga.handle, "--data", str(parvis.data)]
    subprocess.run(add, capture_output=True, timeout=60, check=True)
    space = ana.post("spaces", {"title": "It goes on"})
    invite(ana, ben, space["id"], "co-host")
    ana.post(f"spaces/{space['id']}/start")
    talk(ana, space)
    talk(ben, space)
    wait_until(lambda: connected(ben, space["id"]) == {ana.handle, ben.handle})
    olga.post(f"accounts/{ana.handle}/suspension", {"reason": "A stolen account."})
    assert acting(ben, space["id"]) == ben.handle, "at once, without any grace"
    wait_until(lambda: connected(ben, space["id"]) == {ben.handle})
    wait_until(lambda: [s["handle"] for s in parvis.space_json(space["id"])["speakers"]] == [ben.handle])
    rescued = ben.post(f"spaces/{space['id']}/rescue")
    assert rescued["space"]["host"]["handle"] == ben.handle
    assert rescued["space"]["state"] == "live"
