"""The text of a pass: a JWT (RFC 7519) signed with Ed25519 (RFC 8037), which every edge verifies by itself.

- Claims: `pid` the pass, `spc` the Space, `use` how many may listen by it at once, `iat`, and `exp` if it
  expires, in seconds. Nothing secret, nothing personal: who holds it may come in, whoever it is.
- The private key is control's (`pass-key.pem` in the data folder, readable by its owner only). The public one
  lies beside it (`pass-key.pub`), for edges: they can verify passes, and make none.
- Edges on machines without that folder get the public key as 64 hexadecimal digits (`PARVIS_PASS_VERIFIER`).
- Who deletes the key makes all passes worthless.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from parvis.errors import Refused, UserError

PRIVATE_FILE: Final = "pass-key.pem"
PUBLIC_FILE: Final = "pass-key.pub"
TEXT_MAX_CHARS: Final = 1_024
_ALGORITHM: Final = "EdDSA"


@dataclass(frozen=True, slots=True)
class Claims:
    """What a pass says. Times are Unix seconds; `expires_at_s` None: it does not expire."""

    pass_id: str
    space_id: str
    uses: int
    issued_at_s: int
    expires_at_s: int | None


def sign(claims: Claims, key: Ed25519PrivateKey) -> str:
    """The text of a pass."""
    payload: dict[str, Any] = {
        "pid": claims.pass_id,
        "spc": claims.space_id,
        "use": claims.uses,
        "iat": claims.issued_at_s,
    }
    if claims.expires_at_s is not None:
        payload["exp"] = claims.expires_at_s
    return jwt.encode(payload, key, algorithm=_ALGORITHM)


def read(text: str, key: Ed25519PublicKey) -> Claims:
    """What a pass says that was signed with this key, expired or not. Raises `Refused` `pass-invalid`."""
    if len(text) > TEXT_MAX_CHARS:
        raise invalid()
    try:
        payload = jwt.decode(
            text,
            key,
            algorithms=[_ALGORITHM],
            # Time is for who reads: it has a clock of its own.
            options={"require": ["pid", "spc", "use", "iat"], "verify_exp": False, "verify_iat": False},
        )
        expires_at_s = payload.get("exp")
        return Claims(
            str(payload["pid"]),
            str(payload["spc"]),
            int(payload["use"]),
            int(payload["iat"]),
            None if expires_at_s is None else int(expires_at_s),
        )
    except (jwt.InvalidTokenError, ValueError, TypeError) as error:
        raise invalid() from error


def invalid() -> Refused:
    """The one answer for every pass that does not count: which reason it was is nobody's business."""
    return Refused(
        "pass-invalid", "This pass is not good here, or not any more. Ask whoever sent it for another."
    )


def load_or_make_keys(folder: Path) -> Ed25519PrivateKey:
    """Control's key of a data folder, made when missing; the public half is written beside it.

    Raises `UserError` `pass-key-invalid` when the file is no Ed25519 key.
    """
    path = folder / PRIVATE_FILE
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        _put(path, pem, mode=0o600, replace=False)
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except (ValueError, TypeError) as error:
        raise UserError("pass-key-invalid", f"{path} is not a private key.") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise UserError("pass-key-invalid", f"{path} is not an Ed25519 key.")
    public = key.public_key().public_bytes_raw().hex().encode()
    half = folder / PUBLIC_FILE
    if not half.exists() or half.read_bytes() != public:
        _put(half, public, mode=0o644, replace=True)
    return key


def public_key(digits: str) -> Ed25519PublicKey:
    """The key of 64 hexadecimal digits. Raises `UserError` `setting-invalid`."""
    try:
        return Ed25519PublicKey.from_public_bytes(bytes.fromhex(digits.strip()))
    except ValueError as error:
        raise UserError("setting-invalid", "PARVIS_PASS_VERIFIER must be 64 hex digits") from error


def _put(path: Path, data: bytes, *, mode: int, replace: bool) -> None:
    """Writes beside and moves there; without `replace`, of two who come at once the first counts."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if replace:
            draft.replace(path)
        else:
            with contextlib.suppress(FileExistsError):
                path.hardlink_to(draft)
    finally:
        draft.unlink(missing_ok=True)
