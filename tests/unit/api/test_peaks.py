"""The most listeners at once, while edges die and come back."""

from __future__ import annotations

from parvis.api.peaks import FINAL_AFTER_S, Peaks, Said


class Edges:
    """Edges that speak once a second, a third of a second apart."""

    def __init__(self) -> None:
        self.peaks = Peaks()
        self.now_s = 0.0
        self.counts: dict[str, int] = {}
        self.lives: dict[str, str] = {}
        self.shown: list[int] = []

    def pass_time(self, seconds: int) -> None:
        for _ in range(seconds):
            for number in range(3):
                edge = f"edge-{number}"
                if edge in self.counts:
                    told = {"abc": self.counts[edge]}
                    self.peaks.hear(Said(edge, self.lives.get(edge, "a"), self.now_s, told))
                self.now_s += 1 / 3
                self.shown.append(self.peaks.peak("abc", self.now_s))

    def final(self) -> int:
        return self.peaks.final(self.now_s).get("abc", 0)


def test_a_peak_shows_at_once_and_stays() -> None:
    edges = Edges()
    edges.counts = {"edge-0": 100, "edge-1": 80, "edge-2": 20}
    edges.pass_time(2)
    assert edges.shown[-1] == 200
    edges.counts = dict.fromkeys(edges.counts, 1)
    edges.pass_time(20)
    assert (edges.shown[-1], edges.final()) == (200, 200)


def test_who_comes_back_at_another_edge_is_not_counted_twice() -> None:
    edges = Edges()
    edges.counts = {"edge-0": 100, "edge-1": 100, "edge-2": 100}
    edges.pass_time(10)
    del edges.counts["edge-1"]
    edges.counts |= {"edge-0": 150, "edge-2": 150}
    edges.pass_time(20)
    assert (edges.shown[-1], edges.final()) == (300, 300)
    edges.counts |= {"edge-0": 160}
    edges.pass_time(20)
    assert edges.final() == 310, "and whoever comes after is"


def test_an_edge_that_was_started_anew_has_lost_its_listeners() -> None:
    edges = Edges()
    edges.counts = {"edge-0": 100, "edge-1": 100}
    edges.pass_time(10)
    edges.counts = {"edge-0": 200}
    edges.pass_time(3)
    edges.counts["edge-1"] = 0
    edges.lives["edge-1"] = "b"
    edges.pass_time(20)
    assert edges.final() == 200


def test_all_edges_dead_at_once_leave_the_peak_as_it_was() -> None:
    edges = Edges()
    edges.counts = {"edge-0": 70, "edge-1": 30}
    edges.pass_time(5)
    edges.counts = {}
    edges.pass_time(int(3 * FINAL_AFTER_S))
    assert (edges.shown[-1], edges.final()) == (100, 100)


def test_one_word_is_enough() -> None:
    peaks = Peaks()
    peaks.hear(Said("edge-0", "a", 0.0, {"abc": 77}))
    assert peaks.peak("abc", 0.5) == 77
    assert peaks.final(0.5) == {}
    assert peaks.final(FINAL_AFTER_S + 0.1) == {"abc": 77}


def test_others_are_forgotten() -> None:
    peaks = Peaks()
    peaks.hear(Said("edge-0", "a", 0.0, {"abc": 1, "def": 1}))
    assert peaks.final(60.0) == {"abc": 1, "def": 1}
    peaks.keep_only(frozenset({"def"}))
    assert peaks.final(60.0) == {"def": 1}
