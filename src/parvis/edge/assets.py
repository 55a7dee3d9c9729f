"""The files that the hall needs, from memory (docs/protocol.md §2).

Rules:

- Assets carry a hash in their name, so they never change: one year, immutable.
- Nothing is compressed here: the siblings `.br` and `.gz` were made by the build, and the best that the
  client takes is sent (RFC 9110 §12.5.3). Each coding has an ETag of its own (§8.8.3.3).
"""

from __future__ import annotations

import hashlib
import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from parvis.edge.answers import Answer, Headers
from parvis.edge.http import Request
from parvis.errors import NotFound

_CODINGS = (("br", ".br"), ("gzip", ".gz"))
"""Content codings, best first, and the suffix of their siblings."""


@dataclass(frozen=True, slots=True)
class _Asset:
    media_type: str
    variants: Mapping[str, tuple[bytes, str]]
    """Body and ETag by content coding; "" is the file itself."""


class Assets:
    """All files of one folder, read when it is made. A folder that is not there has none."""

    def __init__(self, folder: Path) -> None:
        siblings = tuple(suffix for _, suffix in _CODINGS)
        files = [file for file in folder.glob("*") if file.is_file() and file.suffix not in siblings]
        self._assets = {file.name: _read(file) for file in files}

    def answer(self, name: str, request: Request) -> Answer:
        """A file in the best coding that the client takes, or `304`. Raises `NotFound` `asset-unknown`."""
        asset = self._assets.get(name)
        if asset is None:
            raise NotFound("asset-unknown", "There is no such file.")
        coding = _best_coding(asset, request.header(b"accept-encoding"))
        body, etag = asset.variants[coding]
        headers: Headers = (
            ("Cache-Control", "public, max-age=31536000, immutable"),
            ("ETag", etag),
            ("Vary", "Accept-Encoding"),
        )
        if etag in request.header(b"if-none-match"):
            return Answer(304, headers)
        if coding:
            headers += (("Content-Encoding", coding),)
        return Answer(200, (("Content-Type", asset.media_type), *headers), body)


def _read(file: Path) -> _Asset:
    media_type = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    if media_type.startswith("text/"):
        media_type += "; charset=utf-8"
    variants = {}
    for coding, suffix in (("", ""), *_CODINGS):
        variant = file.with_name(file.name + suffix)
        if variant.is_file():
            body = variant.read_bytes()
            variants[coding] = body, f'"{hashlib.sha256(body).hexdigest()[:20]}"'
    return _Asset(media_type, variants)


def _best_coding(asset: _Asset, accepted: str) -> str:
    wanted = set()
    for entry in accepted.split(","):
        name, _, weight = entry.partition(";")
        if weight.replace(" ", "").rstrip("0.") != "q=":  # q=0, q=0.0: not wanted
            wanted.add(name.strip().lower())
    return next((coding for coding, _ in _CODINGS if coding in wanted and coding in asset.variants), "")
