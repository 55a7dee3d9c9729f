"""A file over HTTP: ranges, conditions, and bytes from the local folder or from the object store.

Rules:

- The ETag is the file's SHA-256, so it is strong (RFC 9110 §8.8.3) and the same wherever the file lies.
- What only the store has is asked for before the answer begins: a store that is away is said (503), and a
  listener is not left with half a file that looks whole.
- 64 KiB at a time, read in a thread: a slow disk or a slow listener stops nobody else.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from parvis.archive.front.metrics import Metrics
from parvis.archive.front.problems import problem
from parvis.archive.front.ranges import Unsatisfiable, is_match, parse_range, range_holds
from parvis.archive.store import Store

CHUNK_BYTES: Final = 65_536
STORE_CHUNK_BYTES: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Stored:
    """A file to be sent: locally at `path`, or at the store as `name` of `space`."""

    space: str
    name: str
    path: Path
    bytes: int
    sha256: str
    mime: str


async def send_file(
    request: Request, file: Stored, store: Store | None, metrics: Metrics, *, download_as: str | None = None
) -> Response:
    """The answer to a GET or HEAD: 200, 206, 304 or 416. Raises `Unavailable` `store-away`."""
    etag = f'"{file.sha256[:32]}"'
    headers = {"ETag": etag, "Accept-Ranges": "bytes"}
    if download_as is not None:
        headers["Content-Disposition"] = f'attachment; filename="{download_as}"'
    if is_match(request.headers.get("if-none-match"), etag):
        return Response(status_code=304, headers=headers)
    asked = request.headers.get("range") if request.method == "GET" else None
    if not range_holds(request.headers.get("if-range"), etag):
        asked = None
    try:
        wanted = parse_range(asked, file.bytes)
    except Unsatisfiable:
        more = {"Content-Range": f"bytes */{file.bytes}", **headers}
        return problem(416, "range-unsatisfiable", f"The file has {file.bytes} bytes.", more)
    start, length = (wanted.start, wanted.length) if wanted else (0, file.bytes)
    if wanted:
        headers["Content-Range"] = f"bytes {wanted.start}-{wanted.end}/{file.bytes}"
    headers["Content-Length"] = str(length)
    status = 206 if wanted else 200
    if request.method == "HEAD":
        return _head(status, headers, file.mime)
    if store is not None and not file.path.exists():
        chunks = await _from_store(file, store, start, length)
    else:
        chunks = _from_disk(file, start, length)
    return StreamingResponse(_counted(chunks, metrics), status, headers, media_type=file.mime)


def _head(status: int, headers: Mapping[str, str], mime: str) -> Response:
    """Without a body, but with the length that a GET would have (§9.3.2)."""
    answer = Response(status_code=status, headers=dict(headers))
    answer.headers["Content-Type"] = mime
    answer.headers["Content-Length"] = headers["Content-Length"]
    return answer


async def _counted(chunks: AsyncIterator[bytes], metrics: Metrics) -> AsyncIterator[bytes]:
    async for chunk in chunks:
        metrics.sent(len(chunk))
        yield chunk


async def _from_disk(file: Stored, start: int, length: int) -> AsyncIterator[bytes]:
    descriptor = await asyncio.to_thread(os.open, file.path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        while length > 0:
            chunk = await asyncio.to_thread(os.pread, descriptor, min(CHUNK_BYTES, length), start)
            if not chunk:
                return
            yield chunk
            start += len(chunk)
            length -= len(chunk)
    finally:
        os.close(descriptor)


async def _from_store(file: Stored, store: Store, start: int, length: int) -> AsyncIterator[bytes]:
    """Returns once the first chunk is there. Raises `Unavailable`."""
    first = await store.read(file.space, file.name, start, min(STORE_CHUNK_BYTES, length))

    async def chunks() -> AsyncIterator[bytes]:
        yield first
        at, end = start + len(first), start + length
        while at < end:
            chunk = await store.read(file.space, file.name, at, min(STORE_CHUNK_BYTES, end - at))
            yield chunk
            at += len(chunk)

    return chunks()
