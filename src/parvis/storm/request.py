"""What a listener asks an edge for (docs/protocol.md §2, RFC 9112 §3)."""

from __future__ import annotations

from parvis import __version__
from parvis.storm.target import Target


def stream_request(target: Target, *, first: int = 0, appointment: str = "") -> bytes:
    """The request for the stream, from part `first` on (0: wherever the edge starts), with an appointment if
    any.

    An appointment with a control character in it is left out: it cannot be one (RFC 9110 §5.5).
    """
    start = f"&from={first}" if first else ""
    held = f"X-Parvis-Appointment: {appointment}\r\n" if appointment.isprintable() and appointment else ""
    return (
        f"GET {target.live}/stream.mp4?codec={target.rendition}{start} HTTP/1.1\r\n"
        f"Host: {target.authority}\r\n"
        f"User-Agent: parvis-storm/{__version__}\r\n"
        f"Accept: audio/mp4\r\n{held}\r\n"
    ).encode()
