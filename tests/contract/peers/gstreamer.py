"""A seat, or a monitor, by GStreamer's webrtcbin (libnice, not libwebrtc). For Debian's own Python.

What Debian 12 has of GStreamer has no `whipsink` yet; this is what that element does: an offer with all its
candidates by POST, and DELETE at the end. Units of Opus that come in go out to standard output.
"""

import itertools
import os
import sys
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstSdp", "1.0")
gi.require_version("GstWebRTC", "1.0")
from gi.repository import GLib, Gst, GstSdp, GstWebRTC  # noqa: E402

URL = os.environ["PEER_URL"]
LISTENS = os.environ.get("PEER_DIRECTION") == "recvonly"
OPUS = (
    "application/x-rtp,media=audio,encoding-name=OPUS,payload=111,clock-rate=48000,encoding-params=(string)2"
)
FRAME_S = 0.02
FRAME_BYTES = 1920
SPEAKS = (
    "appsrc name=voice is-live=true format=time "
    "caps=audio/x-raw,format=S16LE,layout=interleaved,rate=48000,channels=1 ! "
    "opusenc bitrate=32000 frame-size=20 inband-fec=true ! "
    f"rtpopuspay pt=111 ! {OPUS} ! webrtc."
)


def request(method: str, url: str, body: bytes | None = None) -> tuple[Mapping[str, str], bytes]:
    """Headers and body of an answer; raises what urllib does when it is a refusal."""
    asked = urllib.request.Request(url, data=body, method=method)
    asked.add_header("Authorization", f"Bearer {os.environ['PEER_TOKEN']}")
    asked.add_header("Content-Type", "application/sdp")
    with urllib.request.urlopen(asked, timeout=30) as answer:
        return answer.headers, answer.read()


def done(act: str, *arguments: Any) -> Any:
    """Emits a signal of webrtcbin's and gives what it promises. What is in there lives as long as that."""
    promise = Gst.Promise.new()
    webrtc.emit(act, *arguments, promise)
    promise.wait()
    kept.append(promise.get_reply())
    return kept[-1]


def call() -> str:
    """Makes the offer, waits for its candidates, sends it and takes the answer."""
    offer = done("create-offer", None).get_value("offer")
    done("set-local-description", offer)
    gathered.wait(30)
    local = webrtc.get_property("local-description")
    headers, body = request("POST", URL, local.sdp.as_text().encode())
    _, sdp = GstSdp.SDPMessage.new_from_text(body.decode())
    kind = GstWebRTC.WebRTCSDPType.ANSWER
    done("set-remote-description", GstWebRTC.WebRTCSessionDescription.new(kind, sdp))
    return urllib.parse.urljoin(URL, headers["Location"])


def on_gathering(*_: Any) -> None:
    if webrtc.get_property("ice-gathering-state") == GstWebRTC.WebRTCICEGatheringState.COMPLETE:
        gathered.set()


def on_connection(*_: Any) -> None:
    if webrtc.get_property("connection-state") == GstWebRTC.WebRTCPeerConnectionState.CONNECTED:
        connected.set()


def on_pad(_: Any, pad: Any) -> None:
    """Sound comes in: its units are taken out of their packets."""
    if pad.get_direction() != Gst.PadDirection.SRC:
        return
    way = Gst.parse_bin_from_description(
        "rtpopusdepay ! appsink name=heard emit-signals=true sync=false", True
    )
    way.get_by_name("heard").connect("new-sample", on_unit)
    pipeline.add(way)
    way.sync_state_with_parent()
    pad.link(way.get_static_pad("sink"))


def speak() -> None:
    """Says the samples again and again, by the clock."""
    voice = Path(os.environ["PEER_SAMPLES"]).read_bytes()
    while (first := pipeline.get_current_running_time()) == Gst.CLOCK_TIME_NONE:
        time.sleep(0.01)
    began_s = time.monotonic()
    sys.stderr.write(f"began {began_s}\n")
    sys.stderr.flush()
    source = pipeline.get_by_name("voice")
    for n in itertools.count():
        at = n * FRAME_BYTES % len(voice)
        frame = Gst.Buffer.new_wrapped(voice[at : at + FRAME_BYTES])
        frame.duration = int(FRAME_S * Gst.SECOND)
        frame.pts = first + n * frame.duration
        if source.emit("push-buffer", frame) != Gst.FlowReturn.OK:
            return
        time.sleep(max(began_s + (n + 1) * FRAME_S - time.monotonic(), 0))


def on_unit(sink: Any) -> Any:
    buffer = sink.emit("pull-sample").get_buffer()
    unit = buffer.extract_dup(0, buffer.get_size())
    sys.stdout.buffer.write(len(unit).to_bytes(2, "big") + unit)
    sys.stdout.buffer.flush()
    return Gst.FlowReturn.OK


Gst.init(None)
kept: list[Any] = []
gathered, connected = threading.Event(), threading.Event()
whole = "webrtcbin name=webrtc bundle-policy=max-bundle"
if LISTENS:  # one element alone is no pipeline
    pipeline, webrtc = Gst.Pipeline(), Gst.parse_launch(whole)
    pipeline.add(webrtc)
else:
    pipeline = Gst.parse_launch(f"{whole} {SPEAKS}")
    webrtc = pipeline.get_by_name("webrtc")
webrtc.connect("notify::ice-gathering-state", on_gathering)
webrtc.connect("notify::connection-state", on_connection)
webrtc.connect("pad-added", on_pad)
bus = pipeline.get_bus()
bus.add_signal_watch()
bus.connect("message::latency", lambda *_: pipeline.recalculate_latency())  # as gst-launch does
loop = GLib.MainLoop()
threading.Thread(target=loop.run, daemon=True).start()
pipeline.set_state(Gst.State.PLAYING)
if LISTENS:
    direction = GstWebRTC.WebRTCRTPTransceiverDirection.RECVONLY
    webrtc.emit("add-transceiver", direction, Gst.Caps.from_string(OPUS))
session = call()
if not connected.wait(30):
    sys.exit("it does not connect")
sys.stderr.write("connected\n")
if not LISTENS:
    threading.Thread(target=speak, daemon=True).start()
sys.stderr.flush()
sys.stdin.buffer.read()
request("DELETE", session)
pipeline.set_state(Gst.State.NULL)
loop.quit()
