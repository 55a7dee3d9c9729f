"""What databases say when they fail, as the errors of this tree.

- *Away*: no connection, no answer in time, shutting down, full, or two transactions that waited for each
  other (SQLSTATE classes 08, 40, 53, 57 and 55P03). The asker is told to come back; nothing was kept.
- *Misconfigured*: a user, password or database that is not known (28, 3D). Told as it is, without secrets.
- PostgreSQL keeps no U+0000 in text (22021), SQLite does: who sends one is told.
- Anything else is a bug.

SQLAlchemy wraps most of it in `DBAPIError`; what a driver raises while connecting comes as it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from parvis.errors import Unavailable, UserError

_RETRY_AFTER_S: Final = 2.0
_AWAY: Final = ("08", "40", "53", "57", "55P03")
_MISCONFIGURED: Final = ("28", "3D")
_NUL: Final = "22021"


@contextmanager
def faults_told() -> Iterator[None]:
    """Raises `Unavailable` `database-away`, `UserError` `setting-invalid` or `input-invalid` in place of what
    a driver raised. Only work with the database belongs inside: an `OSError` there is a lost connection."""
    try:
        yield
    except (DBAPIError, PoolTimeout, OSError) as error:
        state = _sqlstate(error)
        if state == _NUL:
            raise UserError("input-invalid", "U+0000 is not allowed.") from error
        if state.startswith(_MISCONFIGURED):
            raise UserError("setting-invalid", f"The database refuses: {_message(error)}") from error
        if _is_away(error, state):
            raise Unavailable("database-away", "The database does not answer.", _RETRY_AFTER_S) from error
        raise
    except Exception as error:
        # A driver's own exception, from before SQLAlchemy had a connection.
        state = _sqlstate(error)
        if state.startswith(_MISCONFIGURED):
            raise UserError("setting-invalid", f"The database refuses: {error}") from error
        if state.startswith(_AWAY):
            raise Unavailable("database-away", "The database does not answer.", _RETRY_AFTER_S) from error
        raise


def _is_away(error: Exception, state: str) -> bool:
    if not isinstance(error, DBAPIError):
        return True
    if state:
        return state.startswith(_AWAY)
    return error.connection_invalidated or isinstance(error, (OperationalError, InterfaceError))


def _sqlstate(error: BaseException) -> str:
    """The five characters of the standard, or nothing."""
    origin = error.orig if isinstance(error, DBAPIError) else error
    return str(getattr(origin, "sqlstate", None) or "")


def _message(error: Exception) -> str:
    """What the database itself said, without the statement."""
    return str(error.orig) if isinstance(error, DBAPIError) else str(error)
