"""`parvis up`: starts, heals, ends, and says clearly what stands in its way."""

from __future__ import annotations

import json
import os
import resource
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from parvis.cli.speak import write_wav
from tests.integration.signals import tone
from tests.parvis import PARVIS, Parvis, free_ports, listen, speak, summary, wait_until


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Parvis]:
    """A Parvis that this test may break."""
    running = Parvis(tmp_path / "data")
    running.start()
    yield running
    if running.process and running.process.poll() is None:
        running.stop()


def alive(pid: int) -> bool:
    """The process runs (a zombie does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_ctrl_c_ends_every_process(own: Parvis) -> None:
    pids = own.pids()
    assert set(pids) == {"control", "stage-1", "stage-2", "archive", "edge-1", "edge-2"}
    assert own.stop(signal.SIGINT) == 0
    assert not [name for name, pid in pids.items() if alive(pid)]


def test_each_process_shows_its_role(own: Parvis) -> None:
    titles = {Path(f"/proc/{pid}/cmdline").read_text().rstrip("\0") for pid in own.pids().values()}
    roles = ("control", "stage 1", "stage 2", "archive", "edge 1", "edge 2")
    assert titles == {f"parvis: {role}" for role in roles}


def test_the_mixer_runs_before_the_crowd(own: Parvis) -> None:
    """As root (or with CAP_SYS_NICE) the stages are real-time; nothing else is."""
    real_time = {name for name, pid in own.pids().items() if os.sched_getscheduler(pid) == os.SCHED_RR}
    may = os.geteuid() == 0 or resource.getrlimit(resource.RLIMIT_RTPRIO)[0] > 0
    assert real_time == ({"stage-1", "stage-2"} if may else set())


def test_a_second_start_finds_everything_again(own: Parvis) -> None:
    ana = own.person()
    space = ana.post("spaces", {"title": "Kept"})
    ana.post(f"spaces/{space['id']}/start")
    assert own.stop() == 0
    own.start()
    assert ana.get(f"spaces/{space['id']}")["state"] == "live"
    wait_until(lambda: bool(own.space_json(space["id"])["renditions"]))


@pytest.mark.parametrize("name", ["control", "stage-1", "edge-1"])
def test_a_killed_process_comes_back_and_sound_with_it(own: Parvis, tmp_path: Path, name: str) -> None:
    ana = own.person()
    space = ana.post("spaces", {"title": "Kill"})
    ana.post(f"spaces/{space['id']}/start")
    write_wav(tmp_path / "tone.wav", tone(700, 2))
    wait_until(lambda: bool(own.space_json(space["id"])["renditions"]))
    before = own.pid(name)
    os.kill(before, signal.SIGKILL)
    wait_until(lambda: own.pid(name) not in (before, 0))
    wait_until(own.answers)
    wait_until(lambda: httpx.get(f"{own.edge}/live/{space['id']}/space.json").status_code == 200)
    speaker = speak(ana, space, tmp_path / "tone.wav", "--loop", "--for", "30")
    wait_until(lambda: any(s["connected"] for s in own.space_json(space["id"])["speakers"]))
    told = summary(listen(space, "--for", "3"))
    assert (told["gaps"], told["repeats"]) == (0, 0)
    speaker.terminate()
    speaker.wait(20)
    assert "started again" in own.log.read_text()


@pytest.mark.parametrize("name", ["edge-1", "stage-2"])
def test_a_hung_process_is_killed_and_started_again(own: Parvis, name: str) -> None:
    hung = own.pid(name)
    os.kill(hung, signal.SIGSTOP)
    wait_until(lambda: own.pid(name) not in (hung, 0), patience_s=60)
    wait_until(own.answers)
    text = own.log.read_text()
    assert text.count("a process is hung and is killed") >= 1
    assert {json.loads(line)["child"] for line in text.splitlines() if "hung and is killed" in line} == {name}


def test_live_sound_goes_on_without_control(own: Parvis, tmp_path: Path) -> None:
    ana = own.person()
    space = ana.post("spaces", {"title": "On"})
    ana.post(f"spaces/{space['id']}/start")
    write_wav(tmp_path / "tone.wav", tone(700, 2))
    speaker = speak(ana, space, tmp_path / "tone.wav", "--loop", "--for", "30")
    wait_until(lambda: any(s["connected"] for s in own.space_json(space["id"])["speakers"]))
    ear = listen(space, "--for", "8")
    wait_until(lambda: own.space_json(space["id"])["counts"]["listeners"] >= 1)
    for _ in range(3):
        before = own.pid("control")
        os.kill(before, signal.SIGKILL)
        wait_until(lambda: own.pid("control") not in (before, 0))  # noqa: B023
        wait_until(own.answers)
    told = summary(ear)
    assert (told["gaps"], told["repeats"], told["reconnects"]) == (0, 0, 0)
    speaker.terminate()
    speaker.wait(20)


def test_the_next_supervisor_finds_what_a_killed_one_left(own: Parvis) -> None:
    before = own.pids()
    assert own.process is not None
    own.process.kill()
    own.process.wait()
    assert all(alive(pid) for pid in before.values())
    own.start()
    wait_until(lambda: own.log.read_text().count("adopted") == len(before))
    assert own.pids() == before
    assert own.stop() == 0
    assert not [name for name, pid in before.items() if alive(pid)]


def run_up(*more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*PARVIS, "up", *more], capture_output=True, text=True, timeout=60, check=False)


def test_a_taken_port_is_said(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        (other,) = free_ports(1)
        told = run_up("--data", str(tmp_path / "data"), "--port", str(other), "--control-port", str(port))
    assert told.returncode == 1
    assert f"cannot listen on 127.0.0.1:{port}" in told.stderr
    assert "Traceback" not in told.stderr


def test_two_at_once_are_refused(own: Parvis) -> None:
    told = run_up("--data", str(own.data))
    assert told.returncode == 1
    assert "runs already" in told.stderr


def test_wrong_usage_is_said() -> None:
    assert run_up("--port", "99999999").returncode == 2
