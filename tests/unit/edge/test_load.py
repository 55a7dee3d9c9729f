from pathlib import Path

import pytest

from parvis.edge.load import ENOUGH_ARRIVALS, Load

SOCKSTAT = "sockets: used 60\nTCP: inuse 10 orphan 0 tw 4 alloc 12 mem 300\nUDP: inuse 2 mem 7\n"


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    (tmp_path / "net").mkdir()
    (tmp_path / "net/sockstat").write_text(SOCKSTAT)
    (tmp_path / "sys/net/ipv4").mkdir(parents=True)
    (tmp_path / "sys/net/ipv4/tcp_mem").write_text("100\t400\t600\n")
    return tmp_path


def test_shares_are_of_the_time_between_samples(proc: Path) -> None:
    load = Load(10.0, max_egress_bps=16_000, proc=proc)
    load.add_front(0.1, 3)
    load.add_rest(0.2)
    load.add_rest(0.1)
    sample = load.sample(11.0, late_share=0.3, sent_bytes=1000, left=4, moving=True)
    assert sample.busy_share == pytest.approx(0.4)
    assert load.writing_share == pytest.approx(0.3)
    assert (sample.at_s, sample.late_share, sample.moving) == (11.0, 0.3, True)
    assert sample.egress_share == pytest.approx(0.5)
    assert sample.memory_share == pytest.approx(0.75)
    again = load.sample(12.0, late_share=0.0, sent_bytes=1000, left=4, moving=False)
    assert (again.busy_share, again.egress_share) == (0.0, 0.0)


def test_who_never_sleeps_is_busy_and_has_nothing_left_for_joins(proc: Path) -> None:
    told = proc / "thread-self/schedstat"
    told.parent.mkdir()
    told.write_text("5000000 1000000000 7\n")
    load = Load(0.0, proc=proc)
    load.add_front(0.1, 9)
    told.write_text("105000000 2800000000 9\n")
    starved = load.sample(2.0, late_share=0.0, sent_bytes=0, left=0, moving=False)
    assert starved.busy_share == pytest.approx(0.95)
    assert load.writing_share == pytest.approx(0.95)
    load.add_rest(0.1)
    told.write_text("205000000 3500000000 9\n")
    delayed = load.sample(3.0, late_share=0.0, sent_bytes=0, left=0, moving=False)
    assert delayed.busy_share == pytest.approx(0.1), "to wait now and then is no strain"
    told.write_text("305000000 4900000000 9\n")
    short = load.sample(4.5, late_share=0.0, sent_bytes=0, left=0, moving=False)
    assert short.busy_share == 0.0, "nor is a second and a half"


def test_a_join_costs_what_was_measured(proc: Path) -> None:
    load = Load(0.0, proc=proc)
    for second in range(1, 60):
        load.add_front(0.02, 2 * ENOUGH_ARRIVALS)
        load.sample(float(second), late_share=0.0, sent_bytes=0, left=0, moving=False)
    assert load.join_cost_s == pytest.approx(0.02 / (2 * ENOUGH_ARRIVALS), rel=0.01)


def test_a_few_arrivals_say_nothing(proc: Path) -> None:
    load = Load(0.0, proc=proc)
    before_s = load.join_cost_s
    load.add_front(0.5, 1)
    load.sample(1.0, late_share=0.0, sent_bytes=0, left=0, moving=False)
    assert load.join_cost_s == before_s


def test_leaving_is_averaged(proc: Path) -> None:
    load = Load(0.0, proc=proc)
    for second in range(1, 60):
        load.sample(float(second), late_share=0.0, sent_bytes=0, left=second * 8, moving=False)
    assert load.leaving_per_s == pytest.approx(8, rel=0.01)


def test_a_kernel_that_says_nothing_is_not_short_of_memory(tmp_path: Path) -> None:
    load = Load(0.0, proc=tmp_path)
    sample = load.sample(1.0, late_share=0.0, sent_bytes=9, left=0, moving=False)
    assert (sample.memory_share, sample.egress_share) == (0.0, 0.0)
