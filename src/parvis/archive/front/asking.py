"""Who asks, and what they may decide about a replay.

- A token counts as control signed it (EdDSA), until control says that its session is over (`sessions.py`).
- The cookie of the studio's pages counts when `Origin` is the studio's: a browser adds it to anybody's
  request.
- Roles are those of the Space as control last said them; whoever had a seat once stays known.
- The operator is whoever has the operator's token.
"""

from __future__ import annotations

import hmac
import json
from dataclasses import dataclass
from typing import Any, Final

from starlette.requests import Request

from parvis.archive.front.services import Services
from parvis.archive.record import Person, Record
from parvis.errors import NotSignedIn, Refused, UserError

COOKIE: Final = "parvis_session"
BODY_LIMIT_BYTES: Final = 65_536
_OPERATOR: Final = "operator"


@dataclass(frozen=True, slots=True)
class Asker:
    """Somebody known. `role` is "operator", a role in the Space, or "" for those who never had a seat. Who is
    `banned` from the Space may still ask for the removal of their words."""

    handle: str
    role: str
    banned: bool = False

    def must_be(self, *roles: str) -> None:
        """Raises `Refused`: `no-seat`, `forbidden`. The operator may do everything."""
        if self.role == _OPERATOR or self.role in roles:
            return
        if not self.role:
            raise Refused("no-seat", "You had no seat in this Space.")
        raise Refused("forbidden", f"A {self.role} may not do this.")


def services_of(request: Request) -> Services:
    """What the app was built with."""
    services = request.app.state.services
    assert isinstance(services, Services)
    return services


async def who_asks(request: Request, record: Record) -> Asker:
    """Raises `NotSignedIn`, `Refused` `cross-origin`."""
    services = services_of(request)
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token:
        operator = services.settings.operator_token
        if operator and hmac.compare_digest(token.encode(), operator.encode()):
            return Asker("operator", _OPERATOR)
    else:
        token = request.cookies.get(COOKIE, "")
        from_studio = request.headers.get("origin") == services.settings.control_origin
        if token and request.method not in ("GET", "HEAD") and not from_studio:
            raise Refused("cross-origin", "This request does not come from the studio.")
    if not token:
        raise NotSignedIn("not-signed-in", "Sign in first.")
    account = await services.sessions.account_of(token)
    person = next((one for one in record.people if one.account and one.account == account), None)
    if person is None:
        return Asker("", "")
    return Asker(person.handle, role_now(record, person), account in record.banned)


def role_now(record: Record, person: Person) -> str:
    """The role of the seat somebody has, or "speaker" for who left.

    An acting host is a co-host here: a deletion has the time to wait for the host.
    """
    if person.handle == record.space.acting_host and person.handle != record.space.host:
        return "co-host"
    for seat in record.space.seats:
        if seat.handle == person.handle:
            return seat.role
    return "speaker"


async def body_of(request: Request, *allowed: str) -> dict[str, Any]:
    """The JSON object of a request; an empty body is an empty object. Raises `UserError`: `input-invalid`,
    `too-large`."""
    raw = bytearray()
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > BODY_LIMIT_BYTES:
            raise UserError("too-large", f"At most {BODY_LIMIT_BYTES} bytes are taken.")
    try:
        fields = json.loads(raw) if raw else {}
    except (ValueError, RecursionError) as error:
        raise UserError("input-invalid", "The body is not JSON.") from error
    if not isinstance(fields, dict):
        raise UserError("input-invalid", "The body must be a JSON object.")
    unknown = fields.keys() - set(allowed)
    if unknown:
        raise UserError("input-invalid", f"Unknown fields: {', '.join(sorted(unknown))}.")
    return fields


def seconds_of(fields: dict[str, Any], name: str) -> float:
    """A field in seconds. Raises `UserError` `input-invalid`."""
    value = fields.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e7:
        raise UserError("input-invalid", f"{name}: seconds of the replay are needed.")
    return float(value)


def text_of(fields: dict[str, Any], name: str, longest: int) -> str:
    """A field of text, "" when it is not there. Raises `UserError` `input-invalid`."""
    value = fields.get(name, "")
    if not isinstance(value, str) or len(value) > longest or any(c < " " and c not in "\n\t" for c in value):
        raise UserError("input-invalid", f"{name}: at most {longest} characters of text are allowed.")
    return value.strip()
