"""The process that decodes a picture: the upload on standard input, a 256 px WebP on standard output.

Run by `avatars.py`. It limits itself before it reads a byte: 2 s of the processor, 640 MiB of memory, no file
to write, no further process. Exit code 1 for what is no picture; anything else has the same effect.
"""

from __future__ import annotations

import io
import resource
import sys
from typing import Final

from PIL import Image, ImageOps

SIDE_PX: Final = 256
PIXELS_MAX: Final = 24_000_000
_FORMATS: Final = ("PNG", "JPEG", "WEBP")
_CPU_S: Final = 2
_MEMORY_BYTES: Final = 640 * 1024 * 1024
_QUALITY: Final = 82


def square(upload: bytes) -> bytes:
    """The middle of the picture as WebP of 256 × 256 px, upright, on white, without metadata.

    Raises `ValueError` or `OSError` for what is no picture, or too large a one.
    """
    with Image.open(io.BytesIO(upload), formats=_FORMATS) as image:
        if image.width * image.height > PIXELS_MAX:
            raise ValueError("too many pixels")
        # A JPEG can be decoded at a fraction of its size: less work for what is made small anyway.
        image.draft("RGB", (2 * SIDE_PX, 2 * SIDE_PX))
        upright = ImageOps.exif_transpose(image).convert("RGBA")
        small = ImageOps.fit(upright, (SIDE_PX, SIDE_PX), Image.Resampling.LANCZOS)
        made = Image.new("RGB", small.size, "white")
        made.paste(small, mask=small.getchannel("A"))
    out = io.BytesIO()
    made.save(out, "WEBP", quality=_QUALITY, method=4)
    return out.getvalue()


def main() -> None:
    """Standard input to standard output."""
    resource.setrlimit(resource.RLIMIT_CPU, (_CPU_S, _CPU_S))
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    try:
        picture = square(sys.stdin.buffer.read())
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError, MemoryError):
        sys.exit(1)
    sys.stdout.buffer.write(picture)


if __name__ == "__main__":
    main()
