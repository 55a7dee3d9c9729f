"""The servers that are measured, each as a context: started on one core, warm, and ended whatever happens.

Each yields a `Server`: where its sound is and which processes are charged for it. Encoders, sources, stage
and control run on the other cores and are not charged to anybody.
"""

from __future__ import annotations

import contextlib
import json
import os
import pwd
import resource
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from bench import machine
from bench.sink import build
from parvis.certificate import trusting
from parvis.clock import PART_MS
from parvis.media.reader import Part, PartReader

ROOT = Path(__file__).parent.parent
VOICE = ROOT / "src/parvis/cli/voice/demo.opus"
BITRATE = "32k"
HLS_TARGET_S = 2
PATIENCE_S = 60.0


@dataclass(frozen=True, slots=True)
class Server:
    """One server that answers."""

    port: int
    path: str
    pids: list[int]


@dataclass(frozen=True, slots=True)
class Demo:
    """A `parvis demo` that speaks: its Space and the folder of its bus."""

    port: int
    control_port: int
    space: str
    run_dir: Path
    log: Path

    @property
    def share(self) -> str:
        """The link that listeners get."""
        return f"http://127.0.0.1:{self.port}/s/{self.space}"

    @property
    def stream(self) -> str:
        """Path of the Opus stream."""
        return f"/live/{self.space}/stream.mp4?codec=opus"

    def part_bytes(self, parts: int = 12) -> int:
        """Mean size of a part as listeners get it now, of so many parts."""
        reader = PartReader()
        sizes: list[int] = []
        with urllib.request.urlopen(
            f"http://127.0.0.1:{self.port}{self.stream}", timeout=PATIENCE_S
        ) as answer:
            while len(sizes) < parts:
                sizes += [item.size for item in reader.feed(answer.read1(65536)) if isinstance(item, Part)]
        return round(sum(sizes) / len(sizes))


def wait_for(condition: Callable[[], bool], what: str, patience_s: float = PATIENCE_S) -> None:
    """Returns when the condition holds. Raises `TimeoutError`."""
    deadline_s = time.monotonic() + patience_s
    while not condition():
        if time.monotonic() > deadline_s:
            raise TimeoutError(f"{what} did not come within {patience_s:.0f} s")
        time.sleep(0.05)


def answers(port: int, path: str, scheme: str = "http") -> bool:
    """Something says 200 there, and has a first byte. Any certificate will do."""
    url = f"{scheme}://127.0.0.1:{port}{path}"
    with (
        contextlib.suppress(OSError),
        urllib.request.urlopen(url, timeout=5, context=trusting(insecure=True)) as got,
    ):
        return got.status == 200 and len(got.read(1)) == 1
    return False


@contextlib.contextmanager
def demo(
    folder: Path, edges: int = 1, cores: str | None = None, settings: Mapping[str, str] | None = None
) -> Iterator[Demo]:
    """Everything of Parvis with a voice that speaks: on these cores, or on all but the first. `settings` are
    more `PARVIS_…` variables."""
    port, control_port, log = machine.free_port(), machine.free_port(), folder / "demo.log"
    command = [
        sys.executable, "-u", "-m", "parvis", "demo", "--json", "--data", str(folder / "data"),
        "--port", str(port), "--control-port", str(control_port), "--edges", str(edges),
    ]  # fmt: skip
    environment = {**os.environ, **(settings or {})}
    cores = cores or machine.other_cores()
    process = machine.start(command, cores, log, stdout=subprocess.PIPE, env=environment)
    try:
        assert process.stdout is not None
        text = ""
        while not text.endswith("}\n"):
            line = process.stdout.readline()
            if not line:
                raise RuntimeError(f"parvis demo ended; see {log}")
            text += line
        space = json.loads(text)["share"].rpartition("/")[2]
        started = Demo(port, control_port, space, folder / "data" / "run", log)
        wait_for(lambda: answers(port, started.stream), "the demo's sound")
        yield started
    finally:
        machine.stop(process)


@contextlib.contextmanager
def edge(of: Demo, stretch: int, more: Mapping[str, str] | None = None) -> Iterator[Server]:
    """An edge process of its own on the demo's bus, alone on its core, whose bursts hold `stretch` parts.
    `more` are further `PARVIS_…` variables: with a certificate it speaks HTTPS."""
    port = machine.free_port()
    settings = {
        "PARVIS_RUN_DIR": str(of.run_dir),
        "PARVIS_PORT": str(port),
        "PARVIS_MAX_CONNECTIONS": "1000000",
        "PARVIS_PER_ADDRESS": "0",
        "PARVIS_JOINS_PER_S": "1000000",
        "PARVIS_MIN_STRETCH": str(stretch),
        "PARVIS_MAX_STRETCH": str(stretch),
        **(more or {}),
    }
    scheme = "https" if "PARVIS_CERTIFICATE" in settings else "http"
    command = [sys.executable, "-m", "parvis", "edge", "--name", f"edge-{port}"]
    core = str(machine.server_core())
    process = machine.start(command, core, of.log, env={**os.environ, **settings}, cwd=ROOT)
    try:
        wait_for(lambda: answers(port, of.stream, scheme), "the edge's sound")
        yield Server(port, of.stream, machine.with_children(process.pid))
    finally:
        machine.stop(process)


@contextlib.contextmanager
def floor(folder: Path, stretch: int, part_bytes: int, processes: int) -> Iterator[Server]:
    """`floor.c`, with bursts of the same size and at the same times as the edge's."""
    port = machine.free_port()
    command = [
        str(build("floor")), "--port", str(port), "--stretch", str(stretch), "--part-ms", str(PART_MS),
        "--part-bytes", str(part_bytes), "--processes", str(processes),
    ]  # fmt: skip
    process = machine.start(command, str(machine.server_core()), folder / "floor.log")
    try:
        wait_for(lambda: answers(port, "/"), "the floor")
        yield Server(port, "/", machine.with_children(process.pid))
    finally:
        machine.stop(process)


@contextlib.contextmanager
def icecast(folder: Path, listeners: int, page_ms: int) -> Iterator[Server]:
    """Icecast fed with Ogg Opus whose pages, and so its writes, hold `page_ms` of sound; 0 for AAC (ADTS),
    which it cuts into blocks of 1,400 bytes, as it does MP3.

    Raises `FileNotFoundError` when Icecast is not installed.
    """
    port, home = machine.free_port(), folder / f"icecast-{page_ms}"
    home.mkdir()
    owner = _owner("icecast2", home)
    config = home / "icecast.xml"
    config.write_text(
        f"""<icecast>
  <limits><clients>{listeners + 100}</clients><sources>2</sources><queue-size>524288</queue-size>
    <client-timeout>60</client-timeout><header-timeout>60</header-timeout><source-timeout>30</source-timeout>
    <burst-on-connect>1</burst-on-connect><burst-size>12288</burst-size></limits>
  <authentication><source-password>bench</source-password></authentication>
  <hostname>127.0.0.1</hostname>
  <listen-socket><port>{port}</port><bind-address>127.0.0.1</bind-address></listen-socket>
  <fileserve>0</fileserve>
  <paths><basedir>/usr/share/icecast2</basedir><logdir>{home}</logdir>
    <webroot>/usr/share/icecast2/web</webroot><adminroot>/usr/share/icecast2/admin</adminroot></paths>
  <logging><accesslog>access.log</accesslog><errorlog>error.log</errorlog><loglevel>2</loglevel></logging>
</icecast>
"""
    )
    command = [program("icecast2"), "-c", str(config)]
    process = machine.start(command, str(machine.server_core()), folder / "icecast.log", user=owner)
    encoder = None
    try:
        wait_for(lambda: _listens(port), "Icecast")
        form = ["-c:a", "aac", "-f", "adts", "-content_type", "audio/aac"]
        if page_ms:
            form = ["-f", "ogg", "-page_duration", str(page_ms * 1000), "-content_type", "application/ogg"]
        encoder = _encode(folder, [*form, f"icecast://source:bench@127.0.0.1:{port}/live"])
        wait_for(lambda: answers(port, "/live"), "Icecast's sound")
        yield Server(port, "/live", machine.with_children(process.pid))
    finally:
        if encoder:
            machine.stop(encoder)
        machine.stop(process)


@contextlib.contextmanager
def nginx(folder: Path) -> Iterator[Server]:
    """nginx with one worker and plain HLS of 2 s segments of Opus in fragmented MP4.

    Raises `FileNotFoundError` when nginx is not installed.
    """
    port, home = machine.free_port(), folder / "nginx"
    live = home / "live"
    live.mkdir(parents=True)
    for place in (folder, home, live):
        place.chmod(0o755)
    config = home / "nginx.conf"
    config.write_text(
        f"""daemon off; worker_processes 1; pid {home}/nginx.pid; worker_rlimit_nofile {_hard_files()};
error_log {home}/error.log warn;
events {{ worker_connections {_hard_files() - 64}; multi_accept on; }}
http {{
  access_log off; sendfile on; tcp_nopush on; tcp_nodelay on; keepalive_timeout 75s;
  keepalive_requests 1000000;
  open_file_cache max=64 inactive=10s; open_file_cache_valid 1s; reset_timedout_connection on;
  client_body_temp_path {home}/body; proxy_temp_path {home}/proxy; fastcgi_temp_path {home}/fastcgi;
  uwsgi_temp_path {home}/uwsgi; scgi_temp_path {home}/scgi;
  types {{ application/vnd.apple.mpegurl m3u8; video/iso.segment m4s; audio/mp4 mp4; }}
  server {{ listen 127.0.0.1:{port} backlog=65535; root {home}; }}
}}
"""
    )
    form = [
        "-f", "hls", "-hls_time", str(HLS_TARGET_S), "-hls_list_size", "6", "-hls_delete_threshold", "12",
        "-hls_flags", "delete_segments+temp_file", "-hls_segment_type", "fmp4",
        "-hls_fmp4_init_filename", "init.mp4",
        "-hls_segment_filename", str(live / "segment%d.m4s"), str(live / "index.m3u8"),
    ]  # fmt: skip
    command = [program("nginx"), "-c", str(config), "-p", str(home), "-e", str(home / "error.log")]
    process = machine.start(command, str(machine.server_core()), folder / "nginx.log")
    encoder = _encode(folder, form)
    try:
        wait_for(lambda: len(list(live.glob("segment*.m4s"))) >= 4, "four segments")
        wait_for(lambda: answers(port, "/live/index.m3u8"), "nginx")
        yield Server(port, "/live/index.m3u8", machine.with_children(process.pid))
    finally:
        machine.stop(encoder)
        machine.stop(process)


def _encode(folder: Path, target: list[str]) -> subprocess.Popen[str]:
    """ffmpeg speaks the demo's voice at real time, for ever, as Opus of the program's bit rate."""
    voice = [
        "-re",
        "-stream_loop",
        "-1",
        "-i",
        str(VOICE),
        "-vn",
        "-ac",
        "1",
        "-c:a",
        "libopus",
        "-b:a",
        BITRATE,
    ]
    command = [program("ffmpeg"), "-hide_banner", "-loglevel", "warning", *voice, *target]
    return machine.start(command, machine.other_cores(), folder / "ffmpeg.log")


def program(name: str) -> str:
    """Where a program is. Raises `FileNotFoundError` when it is not installed."""
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/bin")
    if not found:
        raise FileNotFoundError(f"{name} is not installed; bench/debian-packages.txt lists what is needed")
    return found


def _owner(user: str, home: Path) -> str | None:
    """Who runs a server that refuses root, with its folder made that user's; None where we are not root."""
    if os.geteuid() != 0:
        return None
    owner = pwd.getpwnam(user)
    home.parent.chmod(0o755)
    os.chown(home, owner.pw_uid, owner.pw_gid)
    return user


def _listens(port: int) -> bool:
    """It speaks HTTP: any answer will do, an error too."""
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5).close()
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True


def _hard_files() -> int:
    return resource.getrlimit(resource.RLIMIT_NOFILE)[1]
