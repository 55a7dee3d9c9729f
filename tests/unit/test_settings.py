from __future__ import annotations

import pytest

from parvis.settings import EdgeSettings


@pytest.mark.parametrize(("edges", "target"), [(0, 0.6), (1, 0.6), (4, 0.6), (8, 0.3), (40, 0.06)])
def test_many_edges_share_the_cores(edges: int, target: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("parvis.settings._cores", lambda: 4)
    settings = EdgeSettings(target_busy_share=0.6, edges_here=edges)
    assert settings.busy_target == pytest.approx(target)
