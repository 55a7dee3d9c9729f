"""The folder in which the processes of one machine find each other (see `local.py`)."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

from parvis.errors import UserError

SOCKET_PATH_LIMIT_BYTES = 107
NAME_ROOM = 40
"""Bytes kept free for the name of a socket."""


def prepare_run_dir(run_dir: Path) -> Path:
    """Makes the folder of the sockets, for its owner only, and returns it.

    A path too long for a Unix socket gets a short stand-in in the system's temporary folder, the same for
    every process that asks. Raises `UserError` `run-dir-unusable`.
    """
    run_dir = run_dir.absolute()
    if len(os.fsencode(run_dir)) + NAME_ROOM > SOCKET_PATH_LIMIT_BYTES:
        digest = hashlib.sha256(os.fsencode(run_dir)).hexdigest()[:12]
        run_dir = Path(tempfile.gettempdir()) / f"parvis-{os.getuid()}-{digest}"
    try:
        run_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        (run_dir / "serve").mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise UserError("run-dir-unusable", f"cannot use {run_dir} for the bus: {error.strerror}") from error
    owner = run_dir.stat()
    if owner.st_uid != os.getuid() or owner.st_mode & 0o077:
        raise UserError("run-dir-unusable", f"{run_dir} must belong to this user alone (chmod 700)")
    return run_dir


def socket_address(path: Path) -> str:
    """The ZeroMQ address of a socket in the folder."""
    return f"ipc://{path}"
