from __future__ import annotations

from pathlib import Path

import pytest

from parvis.errors import UserError
from parvis.storm.rehearsal.faults import MAKE
from parvis.storm.rehearsal.limits import PROMISES
from parvis.storm.rehearsal.script import TITLES, Act, Fault, Script
from parvis.storm.rehearsal.timeline import ROOM_S


def script(tmp_path: Path, text: str) -> Script:
    file = tmp_path / "faults.toml"
    file.write_text(text)
    return Script.parse(str(file))


def test_every_fault_can_be_made_named_judged_and_placed() -> None:
    for table in (MAKE, TITLES, PROMISES, ROOM_S):
        assert set(table) == set(Act)


def test_the_standard_script_holds_every_fault_once_but_the_hardest() -> None:
    acts = [fault.act for fault in Script.parse("standard").faults]
    assert sorted(acts) == sorted(set(Act) - {Act.STAGES_KILLED})
    assert set(Act) <= {fault.act for fault in Script.parse("hard").faults}
    assert Script.parse("none").faults == ()


def test_a_file_is_read_in_its_order(tmp_path: Path) -> None:
    read = script(tmp_path, '[[fault]]\ndo = "herd"\n[[fault]]\ndo = "handoff"\nat_s = 20\n')
    assert read.faults == (Fault(Act.HERD), Fault(Act.HANDOFF, 20.0))
    assert read.name == "faults.toml"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "fault = 1",
        '[[fault]]\ndo = "fire"',
        "[[fault]]\nat_s = 3",
        '[[fault]]\ndo = "herd"\nhow = "gently"',
        '[[fault]]\ndo = "herd"\nat_s = -1',
        '[[fault]]\ndo = "herd"\nat_s = inf',
        '[[fault]]\ndo = "herd"\nat_s = true',
        '[[fault]]\ndo = "herd"\nat_s = 9\n[[fault]]\ndo = "herd"\nat_s = 9',
        "not toml",
        'other = 2\n[[fault]]\ndo = "herd"',
    ],
)
def test_what_is_no_script_is_said_so(tmp_path: Path, text: str) -> None:
    with pytest.raises(UserError) as caught:
        script(tmp_path, text)
    assert caught.value.code == "script-invalid"


def test_no_such_file_names_what_there_is() -> None:
    with pytest.raises(UserError, match="none, standard, hard"):
        Script.parse("/nowhere/at/all")


def test_what_cannot_be_done_is_left_out_and_said_once() -> None:
    kept, said = Script.parse("hard").possible(own=False, speakers=1)
    assert [fault.act for fault in kept] == [Act.HERD, Act.HERD, Act.HANDOFF, Act.HANDOFF]
    assert len(said) == 6
    assert "Left out: succession (needs two speakers)." in said
    kept, said = Script.parse("hard").possible(own=True, speakers=2)
    assert (len(kept), said) == (12, [])
