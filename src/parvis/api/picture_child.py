"""The process that decodes a picture: the upload on standard input, a small WebP on standard output.

Run by `pictures.py`, with the name of a shape. It limits itself before it reads a byte: 4 s of the processor,
640 MiB of memory, no file to write, no further process. Exit code 1 for what is no picture; anything else has
the same effect.
"""

from __future__ import annotations

import io
import resource
import sys
from typing import Final, NamedTuple

from PIL import Image, ImageOps

PIXELS_MAX: Final = 24_000_000
_CPU_S: Final = 4
_MEMORY_BYTES: Final = 640 * 1024 * 1024


class Shape(NamedTuple):
    """What is made, in pixels, and of what kinds of files."""

    width: int
    height: int
    quality: int
    formats: tuple[str, ...]


SHAPES: Final = {
    "avatar": Shape(256, 256, 82, ("PNG", "JPEG", "WEBP")),
    "cover": Shape(1200, 675, 80, ("PNG", "JPEG", "WEBP", "GIF")),
}


def fitted(upload: bytes, shape: Shape) -> bytes:
    """The middle of the picture as WebP of this shape, upright, on white, without metadata.

    Raises `ValueError` or `OSError` for what is no picture, or too large a one.
    """
    size = (shape.width, shape.height)
    with Image.open(io.BytesIO(upload), formats=shape.formats) as image:
        if image.width * image.height > PIXELS_MAX:
            raise ValueError("too many pixels")
        # A JPEG can be decoded at a fraction of its size: less work for what is made small anyway.
        image.draft("RGB", (2 * shape.width, 2 * shape.height))
        upright = ImageOps.exif_transpose(image).convert("RGBA")
        small = ImageOps.fit(upright, size, Image.Resampling.LANCZOS)
        made = Image.new("RGB", small.size, "white")
        made.paste(small, mask=small.getchannel("A"))
    out = io.BytesIO()
    made.save(out, "WEBP", quality=shape.quality, method=4)
    return out.getvalue()


def main() -> None:
    """Standard input to standard output."""
    resource.setrlimit(resource.RLIMIT_CPU, (_CPU_S, _CPU_S))
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    try:
        picture = fitted(sys.stdin.buffer.read(), SHAPES[sys.argv[1]])
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError, MemoryError):
        sys.exit(1)
    sys.stdout.buffer.write(picture)


if __name__ == "__main__":
    main()
