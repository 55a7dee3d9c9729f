"""What a service manager is told: sd_notify(3), over the datagram socket that `NOTIFY_SOCKET` names.

Rules:

- Without `NOTIFY_SOCKET` nothing is said. A name that begins with @ is an abstract socket.
- Nothing ends because nobody reads it. Only the first word, that all runs, waits a moment for room: a manager
  that misses it gives the start up.
- `WATCHDOG_USEC` says how often `WATCHDOG=1` is wanted, unless `WATCHDOG_PID` names somebody else; half of
  that is kept.
- The variables are taken out of the environment, for they are meant for one process and not for its children.
"""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import MutableMapping
from typing import Final

READY_PATIENCE_S: Final = 1.0
VARIABLES: Final = ("NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID")


class Notifier:
    """Talks to the service manager, if there is one."""

    def __init__(self, address: str = "", watchdog_s: float | None = None) -> None:
        """`watchdog_s` is the time after which the manager gives this process up; None: it does not."""
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        self.every_s = watchdog_s / 2 if watchdog_s else None
        """How often `alive` is to be called; None: not at all."""

    @classmethod
    def taken_from(cls, environment: MutableMapping[str, str] = os.environ) -> Notifier:
        """As the variables say, which are gone afterwards."""
        address, usec, pid = (environment.pop(name, "") for name in VARIABLES)
        is_ours = pid in ("", str(os.getpid()))
        watchdog_s = int(usec) / 1e6 if usec.isdecimal() and is_ours and int(usec) else None
        return cls(address, watchdog_s)

    def variables(self) -> dict[str, str]:
        """The variables again, for what takes this process's place."""
        if not self._address:
            return {}
        said = {"NOTIFY_SOCKET": self._address.replace("\0", "@", 1)}
        return {**said, "WATCHDOG_USEC": str(round(self.every_s * 2e6))} if self.every_s else said

    def ready(self, status: str) -> None:
        """Everything runs."""
        self._say("READY=1", f"STATUS={status}", patience_s=READY_PATIENCE_S)

    def status(self, text: str) -> None:
        """One line for who asks the manager."""
        self._say(f"STATUS={text}")

    def alive(self) -> None:
        """For the watchdog."""
        self._say("WATCHDOG=1")

    def stopping(self) -> None:
        """The end has begun."""
        self._say("STOPPING=1", "STATUS=ending")

    def _say(self, *lines: str, patience_s: float = 0.0) -> None:
        if not self._address:
            return
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.settimeout(patience_s)
            sender.sendto("\n".join(lines).encode(), self._address)
