from __future__ import annotations

import pytest

from parvis.errors import UserError
from parvis.storm.rehearsal.house import check_owned


def test_a_control_of_this_machine_may_be_rehearsed() -> None:
    assert check_owned("http://127.0.0.1:8081", owned=False) == "http://127.0.0.1:8081"
    assert check_owned("http://localhost:8081/", owned=False) == "http://localhost:8081"


def test_another_only_by_its_owner() -> None:
    with pytest.raises(UserError) as caught:
        check_owned("https://192.0.2.7", owned=False)
    assert caught.value.code == "target-not-loopback"
    assert check_owned("https://192.0.2.7", owned=True) == "https://192.0.2.7"


@pytest.mark.parametrize(
    "url", ["127.0.0.1:8081", "ftp://127.0.0.1", "http://127.0.0.1/s/abc", "http://:1", "http://127.0.0.1:x"]
)
def test_what_is_no_control(url: str) -> None:
    with pytest.raises(UserError) as caught:
        check_owned(url, owned=False)
    assert caught.value.code == "link-unknown"
