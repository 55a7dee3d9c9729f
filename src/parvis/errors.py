"""Every exception that Parvis raises on purpose.

::

    ParvisError
    ├── UserError              shown as it is: the asker can mend it
    │   ├── NotFound
    │   └── Conflict
    ├── Refused                little shown, detail logged
    │   └── NotSignedIn
    ├── ProtocolError          a peer broke a protocol
    │   ├── LocalProtocolError     we did
    │   └── RemoteProtocolError    the other side did
    ├── Overloaded             come back after `retry_after_s`
    └── Unavailable            a process that is needed does not answer

Each has a stable `code` for programs and a `detail` for people, and knows nothing of HTTP: each surface
translates in one table. Anything else that is raised is a bug: logged whole, answered opaquely.
"""

from __future__ import annotations

from collections.abc import Mapping


class ParvisError(Exception):
    """Base of the tree. `code` is stable, lower case with hyphens; `detail` is one plain sentence; `more` are
    further members for programs, as JSON knows them."""

    def __init__(self, code: str, detail: str, *, more: Mapping[str, object] | None = None) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.more = dict(more or {})

    def __str__(self) -> str:
        return f"{self.detail} [{self.code}]"


class UserError(ParvisError):
    """The asker can mend it; the detail is shown as it is."""


class NotFound(UserError):
    """What was asked for does not exist, or not for this asker."""


class Conflict(UserError):
    """The request is sound but the state of things stands against it."""


class Refused(ParvisError):
    """The asker has no right to it. The detail shown is short; the reason goes to the log."""


class NotSignedIn(Refused):
    """Nobody is known to ask: no token, or one that is not valid."""


class ProtocolError(ParvisError):
    """A protocol was broken."""


class LocalProtocolError(ProtocolError):
    """We were about to break a protocol: a bug on our side of the wire."""


class RemoteProtocolError(ProtocolError):
    """The other side broke a protocol."""


class Overloaded(ParvisError):
    """No room now. `retry_after_s` is when it makes sense to ask again."""

    def __init__(self, code: str, detail: str, retry_after_s: float) -> None:
        super().__init__(code, detail)
        self.retry_after_s = retry_after_s


class Unavailable(Overloaded):
    """A process that is needed does not answer."""
