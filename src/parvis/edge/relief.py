"""An edge looks at itself: measures, decides what gives way, and tells those who do it.

`load.py` measures, `strain.py` decides. Newcomers and joins are the business of `door.py` and `admission.py`,
those who are present of `pacing.py`, events of `spaces.py`.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Final

import structlog

from parvis.edge.admission import Admission
from parvis.edge.door import Door
from parvis.edge.fanout import Fanout
from parvis.edge.load import Load
from parvis.edge.spaces import Spaces
from parvis.edge.strain import Strain
from parvis.settings import EdgeSettings

LOOK_S: Final = 0.5
"""How often. A quarter of the window over which strain is judged."""

log = structlog.get_logger(__name__)


class Relief:
    """Call `look` each `LOOK_S`; add to `load` what is done between."""

    def __init__(
        self,
        settings: EdgeSettings,
        now_s: float,
        *,
        fanout: Fanout,
        spaces: Spaces,
        admission: Admission,
        door: Door,
    ) -> None:
        self.load = Load(now_s, max_egress_bps=settings.max_egress_mbps * 1e6)
        self._strain = Strain(
            least=settings.min_stretch,
            most=settings.max_stretch,
            target_busy_share=settings.busy_target,
        )
        self._target_busy_share = settings.busy_target
        self._fanout = fanout
        self._spaces = spaces
        self._admission = admission
        self._door = door
        door.ladder = self._strain.ladder
        self._obey()

    @property
    def level(self) -> int:
        """Steps from calm."""
        return self._strain.level

    def look(self, now_s: float) -> None:
        """Measures what was since the last look, and lets give way what must."""
        fanout, level = self._fanout, self._strain.level
        sample = self.load.sample(
            now_s,
            late_share=fanout.late_share,
            sent_bytes=fanout.counts.sent_bytes,
            left=fanout.counts.left,
            moving=fanout.pacing.moving,
        )
        fanout.late_share = 0.0
        self._strain.take(sample)
        self._obey()
        if self._strain.level != level:
            log.info(
                "more gives way" if self._strain.level > level else "less gives way",
                level=self._strain.level,
                busy_share=round(sample.busy_share, 2),
                late_share=round(sample.late_share, 2),
                **asdict(self._strain.concession),
            )
        spare_share = self._target_busy_share - self.load.writing_share
        self._admission.adapt(spare_share, self.load.join_cost_s, self.load.leaving_per_s)

    def _obey(self) -> None:
        concession = self._strain.concession
        self._door.concession = concession
        self._admission.closed = concession.closed
        self._spaces.quiet = concession.quiet
        self._fanout.pacing.floor = concession.floor
        self._fanout.pacing.ceiling = concession.ceiling
