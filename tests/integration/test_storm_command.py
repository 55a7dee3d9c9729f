"""`parvis storm` as a user runs it: against a whole Parvis, and where it must refuse or fail."""

from __future__ import annotations

import json
import re
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.integration.program_server import ProgramServer, Stream
from tests.parvis import PARVIS, Parvis, free_ports, wait_until

HOW_TO = Path(__file__).parents[2] / "docs" / "how-to" / "storm.md"


def run(*options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*PARVIS, "storm", *options], capture_output=True, text=True, timeout=120, check=False
    )


async def calm(stream: Stream) -> None:
    await stream.begin()
    await stream.go_on()


def test_a_whole_parvis_holds_a_crowd(parvis: Parvis, tmp_path: Path) -> None:
    ana = parvis.person()
    space = ana.post("spaces", {"title": "Storm"})
    ana.post(f"spaces/{space['id']}/start")
    wait_until(lambda: bool(parvis.space_json(space["id"])["renditions"]))
    page = tmp_path / "report.html"
    crowd = "--listeners 300 --arrive 0:0,1:0.9,2:1 --for 4 --leave 1 --lossy 0.1 --codec aac"
    ended = run(space["links"]["share"], *crowd.split(), "--json", "--report", str(page))
    told = json.loads(ended.stdout)
    assert told["rendition"] == "aac"
    assert told["listeners"]["admitted"] == told["listeners"]["arrived"] == 300
    sound = told["sound"]
    assert (sound["gaps"], sound["repeats"], told["streams"]["malformed"]) == (0, 0, 0)
    assert told["streams"]["dropped"] == 0
    assert ended.returncode == (0 if told["verdict"]["passed"] else 1)
    text = page.read_text()
    assert "300 listeners" in text
    assert "<svg" in text
    assert not re.search(r"""(src|href)=|url\(|@import|<script""", text)


def test_a_share_of_the_crowd_listens_by_hls(parvis: Parvis) -> None:
    ana = parvis.person()
    space = ana.post("spaces", {"title": "Storm by HLS"})
    ana.post(f"spaces/{space['id']}/start")
    wait_until(lambda: bool(parvis.space_json(space["id"])["renditions"]))
    crowd = "--listeners 40 --arrive 1 --for 6 --leave 1 --hls 0.5 --max-stalled-share 1"
    told = json.loads(run(space["links"]["share"], *crowd.split(), "--json").stdout)
    assert told["listeners"]["hls"] == 20
    assert told["listeners"]["admitted"] == told["listeners"]["peak"] == 40, told
    sound = told["sound"]
    assert (sound["gaps"], sound["repeats"], told["streams"]["malformed"]) == (0, 0, 0), told
    assert told["verdict"]["passed"], told
    assert sound["parts"] > 40 * 10


def test_the_json_has_the_documented_keys() -> None:
    with ProgramServer(calm) as server:
        ended = run(server.url, "--listeners", "5", "--arrive", "burst", "--for", "1", "--json")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    documented = set(re.findall(r"^\| `([a-z0-9_.]+)`", HOW_TO.read_text(), re.MULTILINE))
    assert set(keys(json.loads(ended.stdout))) == documented


def keys(told: dict[str, Any], before: str = "") -> list[str]:
    """Dotted names; a histogram counts as one."""
    names = []
    for name, value in told.items():
        spread = name.endswith("_ms")
        names += (
            keys(value, f"{before}{name}.") if isinstance(value, dict) and not spread else [before + name]
        )
    return names


def test_a_bad_verdict_is_exit_code_1_and_a_sentence() -> None:
    async def skipping(stream: Stream) -> None:
        await stream.begin()
        stream.next += 1
        await stream.go_on()

    options = ("--listeners", "5", "--arrive", "burst", "--for", "2")
    with ProgramServer(skipping) as server:
        ended = run(server.url, *options)
        forgiven = run(server.url, *options, "--max-gap-share", "1")
    assert ended.returncode == 1
    assert "Failed: 5 of 5 steady listeners missed parts" in ended.stdout
    assert forgiven.returncode == 0, forgiven.stdout


def test_ctrl_c_ends_with_the_summary() -> None:
    with ProgramServer(calm) as server:
        storm = subprocess.Popen(
            [*PARVIS, "storm", server.url, "--listeners", "5", "--arrive", "burst", "--for", "600", "--json"],
            stdout=subprocess.PIPE,
            text=True,
        )
        wait_until(lambda: len(server.streams) == 5)
        storm.send_signal(signal.SIGINT)
        out, _ = storm.communicate(timeout=30)
    told = json.loads(out)
    assert told["interrupted"]
    assert told["listeners"]["arrived"] == 5


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (("http://192.0.2.1/s/abc",), "target-not-loopback"),
        (("https://127.0.0.1/s/abc", "--ca", "/nowhere/ca.pem"), "authority-unusable"),
        (("http://127.0.0.1/nothing",), "link-unknown"),
        (("http://127.0.0.1/s/abc", "--arrive", "soon"), "curve-invalid"),
        (("http://127.0.0.1/s/abc", "--slow", "0.7", "--lossy", "0.7"), "plan-invalid"),
        (("http://127.0.0.1/s/abc", "--report", "/nowhere/report.html"), "report-unwritable"),
        ((f"http://127.0.0.1:{free_ports(1)[0]}/s/abc",), "unreachable"),
    ],
)
def test_what_cannot_be_done_is_one_clear_line(options: tuple[str, ...], code: str) -> None:
    ended = run(*options)
    assert ended.returncode == 1
    assert re.fullmatch(rf"parvis: .* \[{code}\]\n", ended.stderr)
    assert ended.stdout == ""


def test_an_unknown_space_is_told_before_anybody_comes() -> None:
    with ProgramServer(calm, space_status=404) as server:
        ended = run(server.url)
        assert server.streams == []
    assert ended.returncode == 1
    assert ended.stderr == "parvis: There is no such Space. [space-unknown]\n"
