"""A bad network between one speaker and the stage: a WHIP proxy that leads the sound through a UDP relay.

`parvis speak` is given the proxy's address for the Space's. The proxy hands offers and answers on, each with
the relay as its only candidate, so every packet of the session goes through two sockets of ours, where it
can be lost. ICE, DTLS and SRTP are the peers' own: the relay reads no more than the first byte.
"""

from __future__ import annotations

import random
import re
import selectors
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType

import httpx

LOOK_S = 0.2
DATAGRAM_BYTES = 65_536
PASSED_ON = ("Authorization", "Content-Type", "If-Match", "Accept")
HANDED_BACK = ("Content-Type", "ETag", "Link", "Retry-After", "X-Parvis-Stage-Epoch")

_HOST = re.compile(r"a=candidate:\S+ 1 udp \d+ (127\.\d+\.\d+\.\d+) (\d+) typ host", re.IGNORECASE)


class Network:
    """What the relays of one speaker do to packets: set `loss` (0 to 1, of sound alone) and `is_down` (of
    everything) at any time."""

    def __init__(self, seed: int = 1) -> None:
        self.loss = 0.0
        self.is_down = False
        self._chance = random.Random(seed)

    def loses(self, datagram: bytes) -> bool:
        """RTP and RTCP begin with 10 in binary (RFC 7983 §7)."""
        is_sound = datagram[0] >> 6 == 2
        return self.is_down or (is_sound and self._chance.random() < self.loss)


class Relay:
    """Two sockets: what comes in at one goes out at the other, to the peer behind it. One a session."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._sides = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2)]
        self._peers: list[tuple[str, int] | None] = [None, None]
        for side in self._sides:
            side.bind(("127.0.0.1", 0))
            side.setblocking(False)
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._carry, name="relay", daemon=True)
        self._thread.start()

    def led_through(self, sdp: str, *, to_stage: bool) -> str:
        """A description whose sender is reached by the relay alone. `to_stage` says which way it goes."""
        behind = 0 if to_stage else 1
        found = _HOST.search(sdp)
        assert found is not None, f"no loopback candidate in\n{sdp}"
        self._peers[behind] = (found[1], int(found[2]))
        port = self._sides[1 - behind].getsockname()[1]
        lines = [x for x in sdp.splitlines() if not x.startswith(("a=candidate", "a=end-of-candidates"))]
        lines += [f"a=candidate:1 1 udp 2130706431 127.0.0.1 {port} typ host", "a=end-of-candidates"]
        return "\r\n".join(lines) + "\r\n"

    def close(self) -> None:
        """Carries nothing any more."""
        self._closing.set()
        self._thread.join()
        for side in self._sides:
            side.close()

    def _carry(self) -> None:
        with selectors.DefaultSelector() as selector:
            for number, side in enumerate(self._sides):
                selector.register(side, selectors.EVENT_READ, number)
            while not self._closing.is_set():
                for key, _ in selector.select(LOOK_S):
                    self._pass_on(key.data)

    def _pass_on(self, side: int) -> None:
        while True:
            try:
                datagram = self._sides[side].recv(DATAGRAM_BYTES)
            except BlockingIOError:
                return
            except OSError:  # the port behind was closed (ICMP)
                continue
            # Side 0 faces the speaker: what comes in there goes out at side 1, to the stage.
            peer = self._peers[1 - side]
            if datagram and peer is not None and not self._network.loses(datagram):
                try:
                    self._sides[1 - side].sendto(datagram, peer)
                except OSError:
                    continue


class WhipProxy:
    """Stands before control for one speaker. A context manager; `url_of` gives the address to speak to."""

    def __init__(self, control: str, network: Network) -> None:
        self._relays: list[Relay] = []
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            """One request: handed on, and the answer handed back."""

            def do_POST(self) -> None:
                """An offer."""
                relay = Relay(network)
                proxy._relays.append(relay)
                offer = self.rfile.read(int(self.headers["Content-Length"])).decode()
                answer = self._hand_on("POST", relay.led_through(offer, to_stage=True).encode())
                body = answer.content
                if answer.status_code == 201:
                    body = relay.led_through(answer.text, to_stage=False).encode()
                self._hand_back(answer, body)

            def do_DELETE(self) -> None:
                """The end of a session."""
                answer = self._hand_on("DELETE", b"")
                self._hand_back(answer, answer.content)

            def _hand_on(self, method: str, body: bytes) -> httpx.Response:
                headers = {name: self.headers[name] for name in PASSED_ON if name in self.headers}
                return httpx.request(
                    method,
                    f"{control}{self.path}",
                    content=body,
                    headers=headers,
                    timeout=15,
                    trust_env=False,
                )

            def _hand_back(self, answer: httpx.Response, body: bytes) -> None:
                self.send_response(answer.status_code)
                for name in HANDED_BACK:
                    if name in answer.headers:
                        self.send_header(name, answer.headers[name])
                if "Location" in answer.headers:
                    self.send_header("Location", answer.headers["Location"].removeprefix(control))
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                """Says nothing."""

        self._control = control
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, name="whip proxy", daemon=True)

    def url_of(self, whip_url: str) -> str:
        """Where to speak, for a Space's own WHIP address."""
        return f"http://127.0.0.1:{self._server.server_port}{whip_url.removeprefix(self._control)}"

    def __enter__(self) -> WhipProxy:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        for relay in self._relays:
            relay.close()
