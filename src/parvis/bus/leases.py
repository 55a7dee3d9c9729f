"""Who makes a Space: leases, as every process sees them. `leases_local.py` keeps them on one machine.

Rules:

- A lease has one owner and an end (`deadline_s`) that the owner puts off again and again. It is over when its
  end has passed or its owner has released it. Only then can somebody else acquire it.
- Each change of owner has a higher *epoch*. Whatever an owner publishes bears its epoch, and who consumes it
  drops what bears a lower one than the highest seen (*fencing*): an owner that was stopped in the middle of a
  word and goes on later is heard by nobody.
- An owner counts by its own clock: from `deadline_s` on it owns nothing, whatever it was doing, without
  having to ask. A lease that is over is never put off again, not even when nobody else has taken it.
- Times are `Clock.monotonic_s`, which all processes of a machine share (clock_gettime(2), CLOCK_MONOTONIC).

Source: C. G. Gray, D. R. Cheriton, "Leases" (SOSP 1989); fencing as in M. Burrows, "The Chubby lock service"
(OSDI 2006), §2.4, sequencers.

Over NATS (JetStream KV, for several machines) the same port is: a bucket `leases`, one key a name, the value
owner and time to live. `acquire` of a name without a key, or with one that has not changed for `TTL_S` by
one's own clock, is `create` or `update(key, value, last=revision)`, which one of several wins; the revision
that this gives is the epoch (revisions of a bucket only grow). `renew` is `update(key, value, last=…)`, and
because each renewal raises the revision, the epoch goes with the value and `renew` keeps it; `deadline_s` is
the time *before* the renewal was sent plus `TTL_S`, and a reader waits for `TTL_S` and `MAX_CLOCK_DRIFT`
of it after the last change that it saw. `release` is `delete(key, last=…)`, `last` is `get`, and `token`
the newest revision.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

TTL_S: Final = 1.2
"""From a renewal until the lease is over, unless it is renewed again."""
RENEWAL_S: Final = 0.3
"""How often an owner renews: three may fail."""
MAX_CLOCK_DRIFT: Final = 0.05
"""Between machines only: by how much one's monotonic clock may run faster than another's."""


@dataclass(frozen=True, slots=True)
class Lease:
    """What its owner holds. `deadline_s` is monotonic time; from then on it is nobody's. `token` is the
    implementation's own."""

    name: str
    owner: str
    epoch: int
    deadline_s: float
    token: str = ""


@dataclass(frozen=True, slots=True)
class Holder:
    """What others see of a lease. `deadline_s` is `-inf` when it cannot be held any more: released, or from
    before the machine started. `released` says that its owner let go of it on purpose."""

    owner: str
    epoch: int
    deadline_s: float
    released: bool = False


class Leases(Protocol):
    """Leases by name (letters, digits, `-`, `_`, at most 100). Every method may raise `Unavailable`
    `leases-away`: nothing is then known, and what is held goes on until its deadline."""

    async def acquire(self, name: str, owner: str) -> Lease | None:
        """Takes what nobody holds; what this owner holds, it gets again, as it is. None: somebody else holds
        it, or was quicker."""

    async def renew(self, lease: Lease) -> Lease | None:
        """Puts the end off to `TTL_S` from now. None: it was over, and stays so."""

    async def release(self, lease: Lease) -> None:
        """Lets go, so that the next owner need not wait. The lease must not be used any more. Does nothing to
        one that somebody else has acquired since."""

    async def last(self, name: str) -> Holder | None:
        """The last who held this, be it over or not; None: nobody ever did, as far as is known."""

    async def owner(self, name: str) -> tuple[str, int] | None:
        """Who holds this now, and since which epoch; None: nobody."""

    async def forget(self, name: str) -> None:
        """What the name stands for is over: nothing needs to be known of it any more."""
