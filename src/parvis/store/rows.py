"""From rows to what the domain knows, where several repositories read the same table."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Row

from parvis.people.account import Account, Suspension

OPERATOR: Final = "operator"


def account_of(row: Row[Any]) -> Account:
    """The account of a row of `accounts`."""
    suspension = None
    if row.suspended_at_ms is not None:
        suspension = Suspension(row.suspended_reason, row.suspended_at_ms, row.suspended_by)
    return Account(
        id=row.id,
        handle=row.handle,
        display_name=row.display_name,
        created_at_ms=row.created_at_ms,
        operator=row.role == OPERATOR,
        suspension=suspension,
        bio=row.bio,
        avatar=row.avatar,
        has_password=row.password_hash != "",
    )
