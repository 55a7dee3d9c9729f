"""The sample configurations of deploy/, each in front of a real Parvis, with a client that speaks HTTP/2."""

from __future__ import annotations

import io
import json
import os
import secrets
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image

from parvis.api.pictures import COVER_MAX_BYTES
from parvis.media.reader import Part, PartReader
from tests.certificates import Authority, Issued
from tests.parvis import Parvis, Person, free_ports, wait_until

DEPLOY = Path(__file__).parents[2] / "deploy"
CLOSE_PARTS = 12
"""A proxy that gathers some kilobytes of silence before it passes them on is further behind than that."""


def program(name: str, package: str) -> str:
    """Where it is; fails with the line that installs it."""
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/bin")
    if not found:
        pytest.fail(f"{name} is not installed: apt-get install -y --no-install-recommends {package}")
    return found


@dataclass
class Front:
    """A proxy that runs, and what a client needs to reach it."""

    port: int
    authority: Path
    parvis: Parvis

    def ask(self, path: str, *more: str, host: str = "localhost", source: str = "127.0.0.66") -> list[str]:
        """A command that asks for it by HTTP/2, from that address of this machine."""
        return [
            program("curl", "curl"), "--http2", "-sS", "--no-buffer", "--cacert", str(self.authority),
            "--resolve", f"{host}:{self.port}:127.0.0.1", "--interface", source, *more,
            f"https://{host}:{self.port}{path}",
        ]  # fmt: skip

    def get(self, path: str, *more: str, **how: str) -> tuple[int, Any]:
        """Status and JSON."""
        command = self.ask(path, "-w", "\n%{http_code} %{http_version}", *more, **how)
        told = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True).stdout
        body, _, last = told.rpartition("\n")
        status, version = last.split()
        assert version == "2"
        return int(status), json.loads(body)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Parvis]:
    """A Parvis that believes a proxy on this machine, and lets two listen from one address."""
    environment = {
        "PARVIS_TRUSTED_PROXIES": "127.0.0.1",
        "PARVIS_PER_ADDRESS": "2",
        "PARVIS_PUBLIC_ARCHIVE_URL": "https://replay.test",
    }
    parvis = Parvis(tmp_path_factory.mktemp("parvis") / "data", edges=1, environment=environment)
    parvis.start()
    yield parvis
    assert parvis.stop() == 0


@pytest.fixture(scope="module")
def ana(behind: Parvis) -> Person:
    return behind.person()


@pytest.fixture(scope="module")
def replay(behind: Parvis, ana: Person) -> str:
    """Path of the replay of a Space that is over."""
    space: str = ana.post("spaces", {"title": "Over", "recording": "program"})["id"]
    ana.post(f"spaces/{space}/start")
    recorded = behind.data / "archive" / space / "parts"
    wait_until(lambda: sum(file.stat().st_size for file in recorded.glob("aac.*.parts")) > 10_000)
    ana.post(f"spaces/{space}/end")
    there = f"{behind.archive}/replay/{space}/replay.json"
    wait_until(lambda: httpx.get(there).status_code == 200, patience_s=60)
    return f"/replay/{space}"


@pytest.fixture(scope="module")
def space(behind: Parvis, ana: Person) -> str:
    """Of a Space in which nobody speaks: parts of silence are the smallest."""
    space: str = ana.post("spaces", {"title": "Behind"})["id"]
    ana.post(f"spaces/{space}/start")
    wait_until(lambda: bool(behind.space_json(space)["renditions"]))
    return space


NAMES = {
    "listen.example.org": "localhost",
    "studio.example.org": "edge.test",
    "replay.example.org": "replay.test",
}
"""Names of the samples, and those for which the tests have a certificate."""


def configure(
    name: str, to: Path, parvis: Parvis, changes: Mapping[str, str], names: Mapping[str, str] = NAMES
) -> Path:
    """The sample with this machine's names and ports; every text that is to change must be there."""
    text = (DEPLOY / name).read_text()
    changes = {
        **changes,
        "127.0.0.1:8080": f"127.0.0.1:{parvis.port}",
        "127.0.0.1:8081": f"127.0.0.1:{parvis.control_port}",
        "127.0.0.1:8082": f"127.0.0.1:{parvis.archive_port}",
        **names,
    }
    for old, new in changes.items():
        assert old in text, f"{name} does not hold {old!r}"
        text = text.replace(old, new)
    file = to / name
    file.write_text(text)
    return file


def haproxy(folder: Path, port: int, parvis: Parvis, issued: Issued) -> list[str]:
    pem = folder / "tls.pem"
    pem.write_bytes(issued.certificate.read_bytes() + issued.key.read_bytes())
    changes = {
        "bind :443": f"bind 127.0.0.1:{port}",
        "/etc/parvis/tls.pem": str(pem),
        "maxconn 50000": "maxconn 500",
    }
    file = configure("haproxy.cfg", folder, parvis, changes)
    return [program("haproxy", "haproxy"), "-db", "-f", str(file)]


def nginx(
    folder: Path, port: int, parvis: Parvis, issued: Issued, names: Mapping[str, str] = NAMES
) -> list[str]:
    places = "".join(f"{kind}_temp_path {folder}/{kind};\n" for kind in PLACES)
    changes = {
        "listen 443": f"listen 127.0.0.1:{port}",
        "/etc/parvis/tls.crt": str(issued.certificate),
        "/etc/parvis/tls.key": str(issued.key),
        "/var/cache/nginx/parvis": str(folder / "cache"),
        "worker_connections 50000": "worker_connections 500",
        "worker_rlimit_nofile 100000": "worker_rlimit_nofile 2000",
        "http {\n": f"http {{\n{places}",
    }
    file = configure("nginx.conf", folder, parvis, changes, names)
    user = "user root;" if os.geteuid() == 0 else ""
    said = f"daemon off; pid {folder}/pid; {user}"
    log = str(folder / "error.log")
    return [program("nginx", "nginx-light"), "-p", str(folder), "-c", str(file), "-e", log, "-g", said]


PLACES = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


def caddy(folder: Path, port: int, parvis: Parvis, issued: Issued) -> list[str]:
    changes = {
        "{\n\tservers": "{\n\tadmin off\n\tauto_https disable_redirects\n\tservers",
        "listen.example.org {": f"https://localhost:{port} {{",
        "\nstudio.example.org {": f"\nhttps://edge.test:{port} {{",
        "\nreplay.example.org {": f"\nhttps://replay.test:{port} {{",
        "/etc/parvis/tls.crt": str(issued.certificate),
        "/etc/parvis/tls.key": str(issued.key),
    }
    file = configure("Caddyfile", folder, parvis, changes)
    return [program("caddy", "caddy"), "run", "--adapter", "caddyfile", "--config", str(file)]


@pytest.fixture(params=[haproxy, nginx, caddy], ids=lambda make: make.__name__)
def front(
    request: pytest.FixtureRequest, behind: Parvis, authority: Authority, tmp_path: Path
) -> Iterator[Front]:
    """One proxy after the other, with its sample configuration."""
    make: Callable[[Path, int, Parvis, Issued], list[str]] = request.param
    (port,) = free_ports(1)
    command = make(tmp_path, port, behind, authority.issue())
    with running(command, tmp_path):
        front = Front(port, authority.file, behind)
        check = front.ask("/healthz", "--fail", "-o", "/dev/null")
        wait_until(lambda: subprocess.run(check, capture_output=True, check=False).returncode == 0)
        yield front


@contextmanager
def running(command: list[str], folder: Path) -> Iterator[None]:
    log = folder / "proxy.log"
    home = {**os.environ, "HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    with log.open("wb") as said:
        process = subprocess.Popen(command, stdout=said, stderr=said, env=home)
    try:
        yield
        assert process.poll() is None, log.read_text()
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def stream(front: Front, space: str, source: str) -> Iterator[subprocess.Popen[bytes]]:
    """A listener by HTTP/2: its head and its sound on standard output."""
    command = front.ask(f"/live/{space}/stream.mp4", "-i", source=source)
    with subprocess.Popen(command, stdout=subprocess.PIPE, bufsize=0) as listener:
        try:
            yield listener
        finally:
            listener.kill()


def head(listener: subprocess.Popen[bytes]) -> str:
    """The first line of the answer."""
    assert listener.stdout is not None
    first: bytes = listener.stdout.readline()
    return first.decode().strip()


def test_sound_comes_by_http_2_and_is_not_held_up(front: Front, space: str) -> None:
    with stream(front, space, "127.0.0.66") as listener:
        assert head(listener) == "HTTP/2 200"
        assert listener.stdout is not None
        while listener.stdout.readline().strip():
            pass
        reader = PartReader()
        heard: list[int] = []
        while len(heard) < 12:
            data = os.read(listener.stdout.fileno(), 65536)
            assert data, "the stream ended"
            heard += [item.sequence for item in reader.feed(data) if isinstance(item, Part)]
            if len(heard) > 3:
                newest = front.parvis.space_json(space)["sequence"]
                assert newest - heard[-1] < CLOSE_PARTS
        assert heard == list(range(heard[0], heard[0] + len(heard))), "no part missing"


def test_limits_go_by_the_client_and_not_by_the_proxy(front: Front, space: str) -> None:
    def answer(source: str) -> str:
        with stream(front, space, source) as another:
            return head(another)

    with stream(front, space, "127.0.0.77") as first, stream(front, space, "127.0.0.77") as second:
        assert [head(first), head(second)] == ["HTTP/2 200"] * 2
        assert answer("127.0.0.77") == "HTTP/2 503"
        assert answer("127.0.0.78") == "HTTP/2 200"
    wait_until(lambda: answer("127.0.0.77") == "HTTP/2 200")


def test_a_client_cannot_say_it_is_somebody_else(front: Front, space: str) -> None:
    with stream(front, space, "127.0.0.88") as first, stream(front, space, "127.0.0.88") as second:
        assert [head(first), head(second)] == ["HTTP/2 200"] * 2
        forged = front.ask(
            f"/live/{space}/stream.mp4", "-i", "-H", "X-Forwarded-For: 192.0.2.7", source="127.0.0.88"
        )
        with subprocess.Popen(forged, stdout=subprocess.PIPE) as third:
            assert head(third) == "HTTP/2 503"
            third.kill()


def test_the_studio_is_reached_by_its_name(front: Front) -> None:
    assert front.get("/healthz", host="edge.test") == (
        200,
        {"status": "ok", "role": "control", "name": "control"},
    )
    assert front.get("/healthz")[1]["role"] == "edge"


def test_a_picture_as_large_as_may_be_comes_through(front: Front, ana: Person, tmp_path: Path) -> None:
    space = ana.post("spaces", {"title": "Seen"})["id"]
    side = 1_285
    noise, file = io.BytesIO(), tmp_path / "noise.png"
    Image.frombytes("RGB", (side, side), secrets.token_bytes(3 * side * side)).save(noise, "PNG")
    file.write_bytes(noise.getvalue())
    assert COVER_MAX_BYTES * 0.98 < file.stat().st_size <= COVER_MAX_BYTES
    assert put_cover(front, ana, space, file)[0] == 200
    assert ana.get(f"spaces/{space}")["cover"]
    file.write_bytes(noise.getvalue() + bytes(COVER_MAX_BYTES // 10))
    status, told = put_cover(front, ana, space, file)
    assert (status, told["code"]) == (413, "too-large"), "it is control that says so"


def put_cover(front: Front, host: Person, space: str, file: Path) -> tuple[int, Any]:
    token = f"Authorization: Bearer {host.token}"
    upload = ("-X", "PUT", "-H", token, "-H", "Content-Type: image/png", "--data-binary", f"@{file}")
    return front.get(f"/api/v1/spaces/{space}/cover", *upload, host="edge.test")


def test_a_replay_is_reached_by_its_name_and_in_pieces(front: Front, replay: str) -> None:
    status, told = front.get(f"{replay}/replay.json", host="replay.test")
    assert (status, told["links"]["replay"]) == (200, f"https://replay.test{replay}/replay.json")
    sound = f"{replay}/audio.m4a"
    whole = httpx.get(f"{front.parvis.archive}{sound}").content
    asked = front.ask(sound, "-i", "-H", "Range: bytes=1000-2999", host="replay.test")
    answer = subprocess.run(asked, capture_output=True, timeout=30, check=True).stdout
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/2 206")
    assert f"content-range: bytes 1000-2999/{len(whole)}".encode() in head.lower()
    assert body == whole[1000:3000]


def test_space_json_is_asked_for_once_a_second_whoever_asks(
    front: Front, space: str, request: pytest.FixtureRequest
) -> None:
    path, count = f"/live/{space}/space.json", 60
    before = requests(front.parvis)
    many = front.ask(path, *(f"https://localhost:{front.port}{path}" for _ in range(count - 1)))
    said = subprocess.run(many, capture_output=True, text=True, timeout=60, check=True).stdout
    assert said.count('"Behind"') == count
    asked = requests(front.parvis) - before - 1
    assert asked == count if "caddy" in request.node.name else 1 <= asked < count / 3


def requests(parvis: Parvis) -> int:
    """How many the edge has answered."""
    lines = httpx.get(f"{parvis.edge}/metrics").text.splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("parvis_edge_requests_total"))
