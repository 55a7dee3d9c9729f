"""The key that all edges of a Parvis share: 32 bytes, from the settings or from a file in the data folder.

Rules:

- Edges of one machine find the same file; whoever is first makes it. It is written beside its place and then
  linked there, so nobody ever reads half of it.
- Edges of several machines get the same key by `PARVIS_APPOINTMENT_KEY`, 64 hexadecimal digits.
- An edge without a data folder keeps a key for itself: its appointments are good at no other.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path
from typing import Final

import structlog

from parvis.errors import UserError

KEY_BYTES: Final = 32
FILE_NAME: Final = "appointment.key"

log = structlog.get_logger(__name__)


def appointment_key(written: str, data: Path) -> bytes:
    """The key: `written` in hexadecimal digits if there is any, else that of the folder.

    Raises `UserError` `setting-invalid` when `written` is no key, `data-unusable` when the file is none or
    cannot be read or made.
    """
    if written:
        try:
            key = bytes.fromhex(written)
        except ValueError:
            key = b""
        if len(key) != KEY_BYTES:
            raise UserError("setting-invalid", f"PARVIS_APPOINTMENT_KEY must be {2 * KEY_BYTES} hex digits")
        return key
    if not data.is_dir():
        log.info("no data folder: appointments of this edge are good at no other", data=str(data))
        return secrets.token_bytes(KEY_BYTES)
    file = data / FILE_NAME
    try:
        if not file.exists():
            _make(file)
        key = file.read_bytes()
    except OSError as error:
        raise UserError("data-unusable", f"cannot use {file}: {error.strerror}") from error
    if len(key) != KEY_BYTES:
        raise UserError("data-unusable", f"{file} must hold {KEY_BYTES} bytes; it holds {len(key)}")
    return key


def _make(file: Path) -> None:
    draft = file.with_name(f".{file.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with open(descriptor, "wb") as opened:  # noqa: PTH123 - a descriptor, not a path
            opened.write(secrets.token_bytes(KEY_BYTES))
        with contextlib.suppress(FileExistsError):  # another edge was faster, and its key counts
            file.hardlink_to(draft)
    finally:
        draft.unlink()
