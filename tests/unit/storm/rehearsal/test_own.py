from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from parvis.bus.run_dir import prepare_run_dir
from parvis.errors import LocalProtocolError, Unavailable
from parvis.storm.rehearsal.own import Own, cpu_s
from tests.parvis import wait_until

# The last words: what these tests run in may have SIGINT ignored, and children inherit it.
SLEEP = [sys.executable, "-c", "import signal, time; signal.signal(2, signal.SIG_DFL); time.sleep(600)"]


def own(tmp_path: Path, command: list[str]) -> Own:
    return Own(command, tmp_path / "data", dict(os.environ), "http://127.0.0.1:1")


@pytest.fixture
def stranger() -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(SLEEP)
    yield process
    process.kill()
    process.wait()


def test_it_kills_nothing_that_it_did_not_start(tmp_path: Path, stranger: subprocess.Popen[bytes]) -> None:
    ours = own(tmp_path, SLEEP)
    ours.start()
    try:
        run_dir = prepare_run_dir(tmp_path / "data" / "run")
        (run_dir / "edge-1.pid").write_text(f"{stranger.pid} 1 x")
        assert ours.pids() == {"edge-1": stranger.pid}
        for name in ("edge-1", "stage-1"):
            with pytest.raises(LocalProtocolError) as caught:
                ours.kill(name)
            assert caught.value.code == "not-ours"
        assert stranger.poll() is None
    finally:
        ours.stop()
        ours.stop()
    assert stranger.poll() is None


def test_one_that_ends_is_said_with_the_end_of_its_log(tmp_path: Path) -> None:
    ours = own(tmp_path, [sys.executable, "-c", "import sys; sys.exit('no room\\nport in use')"])
    ours.start()

    def still_there() -> bool:
        ours.check_alive()
        return False

    with pytest.raises(Unavailable, match="no room / port in use"):
        wait_until(still_there)


def test_cpu_of_a_process() -> None:
    assert cpu_s(os.getpid()) > 0
    assert cpu_s(2**22 + 1) == 0
