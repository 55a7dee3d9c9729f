"""`parvis listen` against a real HTTP server that misbehaves on command."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
import wave
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from parvis.bus.messages import PartMessage
from parvis.cli import listen
from parvis.clock import PART_SAMPLES, TICK_SAMPLES, sequence_at
from parvis.media.init import init_segment
from parvis.media.rendition import Rendition
from parvis.program.packager import ProgramEncoder
from tests.unit.program.sounds import SILK_LEAD_SAMPLES, Int16, lag_samples, music

PARTS = 9
Answer = Callable[["Edge", BaseHTTPRequestHandler, Rendition, int], None]


class Edge:
    """Serves one Space of nine parts, k3v9. `script` says how each stream request is answered, in turn."""

    def __init__(self, script: list[Answer]) -> None:
        self.sound = music(PARTS * 0.32)
        self.first = sequence_at(time.time()) - PARTS
        encoder = ProgramEncoder("k3v9", self.first)
        ticks = self.sound.reshape(-1, TICK_SAMPLES)
        messages: list[PartMessage] = [m for tick in ticks for m in encoder.push(tick)] + encoder.flush()
        self.bodies = {(m.rendition, m.sequence): m.body for m in messages}
        self.script = script
        self.asked: list[tuple[float, str, int | None]] = []
        self.over = threading.Event()
        edge = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:  # the name that http.server calls
                edge.answer(self)

            def log_message(self, format: str, *args: object) -> None:
                """Quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def answer(self, to: BaseHTTPRequestHandler) -> None:
        url = urlsplit(to.path)
        if url.path == "/live/k3v9/space.json":
            now = datetime.now(UTC).isoformat(timespec="milliseconds")
            reply(to, 200, {"id": "k3v9", "state": "live", "now": now})
        elif url.path == "/live/k3v9/stream.mp4":
            query = parse_qs(url.query)
            codec, wanted = query["codec"][0], query.get("from", [None])[0]
            self.asked.append((time.monotonic(), codec, None if wanted is None else int(wanted)))
            step = self.script.pop(0) if self.script else gone
            step(self, to, Rendition(codec), self.first if wanted is None else int(wanted))
        else:
            reply(to, 404, {"code": "space-unknown", "detail": "No such Space."})

    def close(self) -> None:
        self.over.set()
        self.server.shutdown()
        self.server.server_close()


def reply(to: BaseHTTPRequestHandler, status: int, body: dict[str, object], **headers: str) -> None:
    data = json.dumps(body).encode()
    to.send_response(status)
    to.send_header("Content-Type", "application/json")
    to.send_header("Content-Length", str(len(data)))
    for name, value in headers.items():
        to.send_header(name.replace("_", "-"), value)
    to.end_headers()
    to.wfile.write(data)


def begin(to: BaseHTTPRequestHandler, rendition: Rendition) -> None:
    to.send_response(200)
    to.send_header("Content-Type", "audio/mp4")
    to.send_header("Transfer-Encoding", "chunked")
    to.end_headers()
    chunk(to, init_segment(rendition))


def chunk(to: BaseHTTPRequestHandler, data: bytes) -> None:
    to.wfile.write(b"%x\r\n%b\r\n" % (len(data), data))


def gone(edge: Edge, to: BaseHTTPRequestHandler, rendition: Rendition, start: int) -> None:
    reply(to, 410, {"code": "space-ended", "detail": "This Space is over."})


def full(edge: Edge, to: BaseHTTPRequestHandler, rendition: Rendition, start: int) -> None:
    reply(to, 503, {"code": "not-admitted", "detail": "Full for now."}, Retry_After="1")


def parts(*indexes: int, then: str = "end") -> Answer:
    """Sends these parts; then ends well, breaks inside the next part, or says nothing more."""

    def step(edge: Edge, to: BaseHTTPRequestHandler, rendition: Rendition, start: int) -> None:
        begin(to, rendition)
        for index in indexes:
            chunk(to, edge.bodies[rendition, edge.first + index])
        if then == "break":
            half = edge.bodies[rendition, edge.first + indexes[-1] + 1][:200]
            to.wfile.write(b"%x\r\n%b" % (len(half) + 100, half))
            to.close_connection = True
        elif then == "stall":
            edge.over.wait()
        else:
            to.wfile.write(b"0\r\n\r\n")

    return step


@pytest.fixture
def serve() -> Iterator[Callable[..., Edge]]:
    edges: list[Edge] = []

    def make(*script: Answer) -> Edge:
        edges.append(Edge(list(script)))
        return edges[-1]

    yield make
    for edge in edges:
        edge.close()


def run(*arguments: str) -> tuple[int, str, str]:
    app = typer.Typer()
    listen.register(app)
    result = CliRunner().invoke(app, list(arguments))
    return result.exit_code, result.stdout, result.stderr


def read_wav(path: Path) -> Int16:
    with wave.open(str(path)) as file:
        return np.frombuffer(file.readframes(file.getnframes()), np.int16)


@pytest.mark.parametrize("rendition", Rendition)
def test_a_whole_space_is_heard_to_the_sample(
    serve: Callable[..., Edge], tmp_path: Path, rendition: Rendition
) -> None:
    edge = serve(parts(*range(PARTS)))
    out = tmp_path / "heard.wav"
    code, stdout, _ = run(f"{edge.origin}/s/k3v9", "--codec", rendition, "--json", "--out", str(out))
    assert code == 0
    told = json.loads(stdout)
    delay_ms = told.pop("delay_ms")
    assert told == {
        "rendition": rendition,
        "parts": PARTS,
        "seconds": 2.88,
        "gaps": 0,
        "missing_parts": 0,
        "repeats": 0,
        "first_sequence": edge.first,
        "last_sequence": edge.first + PARTS - 1,
        "reconnects": 0,
    }
    # The last part ended just before the edge was made; all came at once, the first 2.56 s older.
    assert -100 < delay_ms["min"] < delay_ms["p50"] < delay_ms["p95"] <= delay_ms["max"]
    heard = read_wav(out)
    assert len(heard) == PARTS * PART_SAMPLES
    lead = SILK_LEAD_SAMPLES if rendition is Rendition.OPUS else 0
    assert -lead <= lag_samples(heard, edge.sound) <= 0


def test_a_broken_connection_goes_on_at_the_next_part(serve: Callable[..., Edge], tmp_path: Path) -> None:
    edge = serve(parts(0, 1, 2, then="break"), parts(3, 4, 5), parts(6, 7, 8))
    out = tmp_path / "heard.wav"
    code, stdout, stderr = run(f"{edge.origin}/live/k3v9/stream.mp4?codec=aac", "--json", "--out", str(out))
    assert code == 0, stderr
    told = json.loads(stdout)
    assert (told["parts"], told["gaps"], told["repeats"], told["reconnects"]) == (9, 0, 0, 2)
    asked = [(codec, first) for _, codec, first in edge.asked]
    assert asked == [("aac", None), *[("aac", edge.first + n) for n in (3, 6, 9)]]
    assert lag_samples(read_wav(out), edge.sound) == 0


def test_gaps_and_repeats_are_counted_and_gaps_written_as_silence(
    serve: Callable[..., Edge], tmp_path: Path
) -> None:
    edge = serve(parts(0, 1, 1, 5, 6))
    out = tmp_path / "heard.wav"
    code, stdout, stderr = run(f"{edge.origin}/s/k3v9", "--json", "--out", str(out))
    assert code == 0
    told = json.loads(stdout)
    assert (told["parts"], told["gaps"], told["missing_parts"], told["repeats"]) == (4, 1, 3, 1)
    assert f"0.96 s are missing before part {edge.first + 5}" in stderr
    heard = read_wav(out)
    assert len(heard) == 7 * PART_SAMPLES
    assert not heard[2 * PART_SAMPLES : 5 * PART_SAMPLES].any()
    assert heard[5 * PART_SAMPLES :].any()


def test_retry_after_is_waited_for(serve: Callable[..., Edge]) -> None:
    edge = serve(full, parts(0))
    code, stdout, stderr = run(f"{edge.origin}/s/k3v9", "--json")
    assert code == 0
    assert "Full for now." in stderr
    assert json.loads(stdout)["parts"] == 1
    assert edge.asked[1][0] - edge.asked[0][0] >= 1.0


def test_it_stops_after_the_time_given(serve: Callable[..., Edge]) -> None:
    edge = serve(parts(0, 1, then="stall"))
    code, stdout, _ = run(f"{edge.origin}/s/k3v9", "--for", "1", "--json")
    assert code == 0
    assert json.loads(stdout)["parts"] == 2


def test_an_interrupt_ends_with_the_summary_and_a_whole_file(
    serve: Callable[..., Edge], tmp_path: Path
) -> None:
    edge = serve(parts(0, 2, then="stall"))
    out = tmp_path / "heard.wav"
    program = "import typer; from parvis.cli import listen; app = typer.Typer(); listen.register(app); app()"
    arguments = [f"{edge.origin}/s/k3v9", "--json", "--out", str(out)]
    with subprocess.Popen(
        [sys.executable, "-c", program, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "COLUMNS": "200"},
    ) as process:
        assert process.stderr is not None
        assert "missing before part" in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate(timeout=30)
    assert process.returncode == 0, stderr
    assert json.loads(stdout)["last_sequence"] == edge.first + 2
    assert len(read_wav(out)) == 3 * PART_SAMPLES


def test_without_json_the_summary_is_for_people(serve: Callable[..., Edge]) -> None:
    edge = serve(parts(0, 1))
    code, stdout, _ = run(f"{edge.origin}/s/k3v9")
    assert code == 0
    assert "0.6 s, 2 parts" in stdout
    assert "ms behind the stage" in stdout


def not_media(edge: Edge, to: BaseHTTPRequestHandler, rendition: Rendition, start: int) -> None:
    to.send_response(200)
    to.send_header("Content-Type", "audio/mp4")
    to.send_header("Content-Length", "16")
    to.end_headers()
    to.wfile.write(b"<!doctype html>\n")


def other_type(edge: Edge, to: BaseHTTPRequestHandler, rendition: Rendition, start: int) -> None:
    reply(to, 200, {})


@pytest.mark.parametrize(
    ("step", "complaint"),
    [
        (gone, "This Space is over."),
        (not_media, "over the limit"),
        (other_type, "the answer is not audio/mp4"),
    ],
)
def test_what_cannot_be_heard_is_one_clear_line(
    serve: Callable[..., Edge], step: Answer, complaint: str
) -> None:
    edge = serve(step)
    code, stdout, stderr = run(f"{edge.origin}/s/k3v9", "--json")
    assert (code, stdout) == (1, "")
    assert len(stderr.splitlines()) == 1
    assert stderr.startswith("parvis listen: ")
    assert complaint in stderr


def test_an_unknown_space_is_said(serve: Callable[..., Edge]) -> None:
    edge = serve()
    code, stdout, stderr = run(f"{edge.origin}/s/other")
    assert (code, stdout, stderr) == (1, "", "parvis listen: No such Space.\n")


def test_a_server_that_is_not_there_is_said(serve: Callable[..., Edge]) -> None:
    edge = serve()
    edge.close()
    code, _, stderr = run(f"{edge.origin}/s/k3v9")
    assert code == 1
    assert f"{edge.origin} does not answer" in stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["http://127.0.0.1/spaces/k3v9"],
        ["ftp://127.0.0.1/s/k3v9"],
        ["not a link"],
        ["http://127.0.0.1/live/k3v9/stream.mp4?codec=mp3"],
        ["http://127.0.0.1/live/k3v9/stream.mp4?from=-1"],
        ["http://127.0.0.1/s/k3v9", "--codec", "mp3"],
        ["http://127.0.0.1/s/k3v9", "--for", "0"],
        [],
    ],
)
def test_misuse_exits_with_2(arguments: list[str]) -> None:
    assert run(*arguments)[0] == 2


@pytest.mark.parametrize(
    ("url", "live"),
    [
        ("https://a.example/s/k3v9", "https://a.example/live/k3v9"),
        ("https://a.example:8443/radio/s/k3v9/", "https://a.example:8443/radio/live/k3v9"),
        ("http://a.example/live/k3v9/space.json", "http://a.example/live/k3v9"),
        ("http://a.example/live/k3v9/stream.mp4", "http://a.example/live/k3v9"),
    ],
)
def test_links_lead_to_the_space(url: str, live: str) -> None:
    assert listen.Target.of(url, None) == listen.Target(live, Rendition.OPUS)


def test_a_stream_link_keeps_what_it_asks_for() -> None:
    url = "http://a.example/live/k3v9/stream.mp4?codec=aac&from=17"
    assert listen.Target.of(url, None) == listen.Target("http://a.example/live/k3v9", Rendition.AAC, 17)
    assert listen.Target.of(url, Rendition.OPUS).rendition is Rendition.OPUS
