"""A handoff with real processes: what the bus carries, and a plan that begins by itself."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

from parvis.api.times import parse_rfc3339, rfc3339
from parvis.bus.local_reader import LocalReader
from parvis.bus.messages import SpaceMessage
from parvis.bus.run_dir import prepare_run_dir
from parvis.cli.speak import write_wav
from tests.integration.signals import tone
from tests.parvis import PARVIS, Parvis, speak, wait_until


def test_a_handoff_is_on_the_bus_before_it_happens_and_the_space_ends_after_it(
    parvis: Parvis,
) -> None:
    ana, ben = parvis.person("ana"), parvis.person("ben")
    first, second = ana.post("spaces", {"title": "First"}), ben.post("spaces", {"title": "Second"})
    for person, space in ((ana, first), (ben, second)):
        person.post(f"spaces/{space['id']}/start")
    asked = ana.post(f"spaces/{first['id']}/handoff", {"to": second["id"], "reason": "Better there."})
    assert (asked["state"], asked["at"]) == ("asked", None)
    made = ben.post(f"spaces/{second['id']}/handoffs/{asked['id']}/accept")
    assert made["state"] == "made"
    assert parse_rfc3339(made["at"]) % 1000 == 0

    said: list[SpaceMessage] = []
    reader = LocalReader(prepare_run_dir(parvis.data / "run"), f"space.{first['id']}", replay=True)

    def heard() -> bool:
        said.extend(SpaceMessage.decode(payload) for _, payload in reader.drain())
        return any(message.handoffs for message in said)

    try:
        wait_until(heard)
    finally:
        reader.close()
    [handoff] = said[-1].handoffs
    assert (handoff.to, handoff.title, handoff.reason, handoff.at) == (
        second["id"],
        "Second",
        "Better there.",
        made["at"],
    )
    # The first ends by itself, and its link leads to the second for ever.
    wait_until(lambda: ana.get(f"spaces/{first['id']}")["state"] == "ended", patience_s=60)
    assert ana.get(f"spaces/{first['id']}")["handed_to"]["id"] == second["id"]


def test_a_plan_is_carried_out(parvis: Parvis, tmp_path: Path) -> None:
    ana = parvis.person("ana")
    starts_at = rfc3339((int(time.time()) + 8) * 1000)
    space = ana.post("spaces", {"title": "By itself", "starts_at": starts_at})
    voice = tmp_path / "voice.wav"
    write_wav(voice, tone(440, 60))
    speaking = speak(ana, space, voice)
    try:
        wait_until(lambda: ana.get(f"spaces/{space['id']}")["state"] == "live")
        assert ana.get(f"spaces/{space['id']}")["started_at"] >= starts_at
        wait_until(lambda: parvis.space_json(space["id"])["state"] == "live")
    finally:
        speaking.kill()
        speaking.wait()


def test_a_plan_without_its_host_is_put_off(parvis: Parvis) -> None:
    ana = parvis.person("ana")
    starts_at = rfc3339((int(time.time()) + 2) * 1000)
    plan = {"title": "Late", "starts_at": starts_at, "if_absent": "postpone", "postpone_s": 600}
    space = ana.post("spaces", plan)
    wait_until(lambda: ana.get(f"spaces/{space['id']}")["postponed"] == 1)
    moved = ana.get(f"spaces/{space['id']}")
    assert parse_rfc3339(moved["starts_at"]) == parse_rfc3339(starts_at) + 600_000
    assert moved["state"] == "scheduled"
    wait_until(lambda: parvis.space_json(space["id"])["starts_at"] == moved["starts_at"])


def test_operators_by_command(parvis: Parvis) -> None:
    olga = parvis.person("olga")

    def operator(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [*PARVIS, "operator", *arguments, "--data", str(parvis.data)]
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    assert olga.get("sessions/current")["account"]["operator"] is False
    assert operator("add", olga.handle).returncode == 0
    assert olga.get("sessions/current")["account"]["operator"] is True
    assert f'"{olga.handle}"' in operator("list", "--json").stdout
    assert operator("remove", olga.handle).returncode == 0
    assert olga.get("sessions/current")["account"]["operator"] is False
    nobody = operator("add", "nobody_here")
    assert (nobody.returncode, nobody.stderr.count("\n")) == (1, 1)
    assert "account-unknown" in nobody.stderr
