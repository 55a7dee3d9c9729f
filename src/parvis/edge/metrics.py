"""The figures of an edge: as gauges on the bus, and as Prometheus text (exposition format 0.0.4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

HELP: Final[Mapping[str, tuple[str, str]]] = {
    "parvis_edge_listeners": ("gauge", "Listeners to sound now."),
    "parvis_edge_hls_listeners": ("gauge", "Of these, those of HLS, by the sound that they take."),
    "parvis_edge_hls_parts_total": ("counter", "Parts that HLS players took, in segments too."),
    "parvis_edge_waiting": ("gauge", "Requests that wait for a part."),
    "parvis_edge_connections": ("gauge", "Connections now, listeners and requests together."),
    "parvis_edge_laggards": ("gauge", "Listeners whose socket is full now."),
    "parvis_edge_spaces": ("gauge", "Spaces with sound now."),
    "parvis_edge_burst_lateness_ms": ("gauge", "Time from the last burst being ready to its last listener."),
    "parvis_edge_busy_share": ("gauge", "Of the last half second, how much the loop worked: 0 to 1."),
    "parvis_edge_strain_level": ("gauge", "Steps from calm: how much gives way."),
    "parvis_edge_stretch": ("gauge", "Parts per burst of a newcomer."),
    "parvis_edge_closed": ("gauge", "1 while newcomers get appointments because of strain."),
    "parvis_edge_joins_per_s": ("gauge", "How many newcomers are let in a second."),
    "parvis_edge_bursts_total": ("counter", "Bursts written, each to one listener."),
    "parvis_edge_skipped_parts_total": ("counter", "Parts that a slow listener did not get."),
    "parvis_edge_let_go_total": ("counter", "Listeners let go because they took nothing for too long."),
    "parvis_edge_stand_ins_total": ("counter", "Silent parts made because none came in time."),
    "parvis_edge_late_parts_total": ("counter", "Parts dropped because a stand-in had taken their place."),
    "parvis_edge_jumped_parts_total": ("counter", "Parts passed over because too many were missing at once."),
    "parvis_edge_requests_total": ("counter", "Requests answered."),
    "parvis_edge_joins_total": ("counter", "Newcomers let in."),
    "parvis_edge_resumed_total": ("counter", "Listeners who came back to where they were."),
    "parvis_edge_not_admitted_total": ("counter", "Answers that there is no room."),
    "parvis_edge_over_address_total": ("counter", "Refusals to an address with too many connections."),
    "parvis_edge_appointments_total": ("counter", "Appointments given."),
    "parvis_edge_appointments_kept_total": ("counter", "Appointments kept."),
    "parvis_edge_appointments_void_total": ("counter", "Appointments late, used, forged or not one's own."),
    "parvis_edge_handshakes": ("gauge", "Connections that have not shaken hands yet, with TLS."),
    "parvis_edge_handshakes_per_s": ("gauge", "How many handshakes are begun a second at most."),
    "parvis_edge_handshakes_total": ("counter", "TLS handshakes done."),
    "parvis_edge_handshakes_failed_total": ("counter", "TLS handshakes that were none, or too slow."),
    "parvis_edge_reactions_total": ("counter", "Reactions taken."),
    "parvis_edge_reactions_unseen_total": ("counter", "Of these, those that a sample stands for."),
    "parvis_edge_votes_total": ("counter", "Votes counted."),
    "parvis_edge_crowd_refused_total": ("counter", "Reactions and votes refused: too many of one address."),
    "parvis_edge_carried_total": ("counter", "Listeners carried into another Space by a handoff."),
    "parvis_edge_bus_dropped_total": ("counter", "Messages lost before this edge could read them."),
    "parvis_edge_bus_malformed_total": ("counter", "Messages of the bus that could not be read."),
    "parvis_edge_pass_refused_total": ("counter", "Requests without a good pass to Spaces for members."),
    "parvis_edge_fenced_total": ("counter", "Messages dropped because their stage had lost the Space."),
}
"""Every figure with its type and what it says."""


def exposition(edge: str, gauges: Mapping[str, float]) -> bytes:
    """All figures in `gauges` as text. They must be known to `HELP`."""
    label = edge.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    lines = []
    for name, value in gauges.items():
        kind, said = HELP[name]
        lines += [f"# HELP {name} {said}", f"# TYPE {name} {kind}", f'{name}{{edge="{label}"}} {value!r}']
    return ("\n".join(lines) + "\n").encode()
