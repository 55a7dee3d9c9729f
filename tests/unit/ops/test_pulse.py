from parvis.ops.pulse import AWAY_S, HUNG_AFTER_S, Pulse

PIDS = {"edge-1": 10, "edge-2": 20}


def look(pulse: Pulse, from_s: float, until_s: float) -> list[str]:
    """Looks twice a second; who was hung at the end."""
    hung: list[str] = []
    while from_s < until_s:
        from_s += 0.5
        hung = pulse.hung(PIDS, from_s)
    return hung


def test_who_falls_silent_is_hung() -> None:
    pulse = Pulse(0.0)
    pulse.beat("edge-1", 10, 0.0)
    pulse.beat("edge-2", 20, 0.0)
    assert look(pulse, 0.0, 5.0) == []
    pulse.beat("edge-2", 20, 5.0)
    assert look(pulse, 5.0, HUNG_AFTER_S + 1) == ["edge-1"]


def test_who_never_spoke_is_only_starting() -> None:
    assert look(Pulse(0.0), 0.0, 60.0) == []


def test_what_a_predecessor_said_is_nothing() -> None:
    pulse = Pulse(0.0)
    pulse.beat("edge-1", 9, 0.0)
    assert look(pulse, 0.0, 60.0) == []


def test_after_an_absence_everybody_begins_anew() -> None:
    pulse = Pulse(0.0)
    pulse.beat("edge-1", 10, 0.0)
    away_s = HUNG_AFTER_S + AWAY_S
    assert pulse.hung(PIDS, away_s) == []
    assert look(pulse, away_s, away_s + 60) == []
    pulse.beat("edge-1", 10, away_s + 60)
    assert look(pulse, away_s + 60, away_s + 62 + HUNG_AFTER_S) == ["edge-1"]
