"""The picture that shows a Space where its link is shared: 1200 × 630, drawn by Pillow.

- The square at dusk (`web/src/square`): the stage at its foot, the audience in rings; beside it title, host,
  and whether it is live, or when it begins. Of a Space for members only title and state are drawn.
- Text is set in a font that the machine has, else in the one that Pillow brings: nothing is fetched. Of
  several the one that has the most of the letters is taken.
- The same content is the same picture: kept in memory by content, drawn one at a time, in a worker thread.
"""

from __future__ import annotations

import asyncio
import hashlib
import io
import math
from collections import OrderedDict
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from PIL import Image, ImageDraw, ImageFilter, ImageFont

from parvis.errors import Overloaded

WIDTH: Final = 1200
HEIGHT: Final = 630
KEPT: Final = 128
"""Pictures in memory, of about 60 kB each."""
_WAITING_MAX: Final = 16
_FINE: Final = 2
"""The square is drawn so many times larger, and then made small: its points are smooth."""

_NIGHT: Final = (12, 17, 29)
_GROUND: Final = (17, 24, 39)
_RIM: Final = (44, 54, 76)
_EMPTY: Final = (50, 60, 84)
_PERSON: Final = (170, 176, 191)
_BRASS: Final = (236, 192, 108)
_GLOW: Final = (201, 143, 46)
_INK: Final = (241, 236, 226)
_SOFT: Final = (189, 185, 176)
_DARK: Final = (29, 20, 0)

_SERIF: Final = ("DejaVuSerif-Bold.ttf", "NotoSerif-Bold.ttf", "LiberationSerif-Bold.ttf")
_SANS: Final = ("DejaVuSans.ttf", "NotoSans-Regular.ttf", "LiberationSans-Regular.ttf")
_WIDER: Final = (
    "NotoSansCJK-Regular.ttc",
    "NotoNaskhArabic-Regular.ttf",
    "NotoSansDevanagari-Regular.ttf",
)
"""For letters that the others have not, where the machine has these."""
_FOLDERS: Final = (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"))
_NO_LETTER: Final = "\uffff"

_TITLE_HEIGHT: Final = 296

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont
Colour = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Preview:
    """What a picture shows; each line as it will stand there, "" for none. `crowd` is from 0 to 1: how much
    of the square is filled."""

    title: str
    host: str
    state: str
    when: str
    live: bool
    crowd: float = 0.0


class Previews:
    """Draws and keeps pictures."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Preview, bytes] = OrderedDict()
        self._one = asyncio.Lock()
        self._waiting = 0

    async def png(self, preview: Preview) -> bytes:
        """The picture. Raises `Overloaded` `too-many-requests`."""
        kept = self._kept.get(preview)
        if kept is not None:
            self._kept.move_to_end(preview)
            return kept
        if self._waiting >= _WAITING_MAX:
            raise Overloaded("too-many-requests", "Too many pictures are being drawn; come back.", 2.0)
        self._waiting += 1
        try:
            async with self._one:
                if preview not in self._kept:  # somebody else may have waited for the same
                    self._kept[preview] = await asyncio.to_thread(draw, preview)
                    while len(self._kept) > KEPT:
                        self._kept.popitem(last=False)
                return self._kept[preview]
        finally:
            self._waiting -= 1


def tag(picture: bytes) -> str:
    """A strong entity tag."""
    return f'"{hashlib.sha256(picture).hexdigest()[:32]}"'


def draw(preview: Preview) -> bytes:
    """The picture as PNG."""
    picture = Image.new("RGB", (WIDTH, HEIGHT), _NIGHT)
    side = 560
    square = _square(side, lit=preview.live, crowd=preview.crowd)
    picture.paste(square, (WIDTH - side - 40, (HEIGHT - side) // 2))
    pen = ImageDraw.Draw(picture)
    left, wide = 64, WIDTH - side - 64 - 64
    pen.text((left, 56), "Parvis", _SOFT, _font(_SERIF, 34, "Parvis"))
    y = _title(pen, preview.title, left, 130, wide)
    if preview.host:
        font = _font(_SANS, 32, preview.host)
        pen.text((left, y + 18), _cut(preview.host, font, wide), _SOFT, font)
    font = _font(_SANS, 30, preview.state)
    size = font.getlength(preview.state)
    height = 56
    box = (left, HEIGHT - 64 - height, left + size + 48, HEIGHT - 64)
    pen.rounded_rectangle(box, height / 2, _BRASS if preview.live else _RIM)
    colour = _DARK if preview.live else _INK
    pen.text((left + 24, HEIGHT - 64 - height / 2), preview.state, colour, font, anchor="lm")
    if preview.when:
        room = wide - size - 48 - 24
        small = _font(_SANS, 26, preview.when)
        at = (left + size + 72, HEIGHT - 64 - height / 2)
        if small.getlength(preview.when) > room:
            at = (left, HEIGHT - 64 - height - 28)
        pen.text(at, _cut(preview.when, small, wide), _INK, small, anchor="lm")
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


def _title(pen: ImageDraw.ImageDraw, title: str, left: int, top: int, wide: int) -> int:
    """Sets the title as large as there is room for it; where it ends."""
    for size in (60, 52, 46, 40, 34):
        font = _font(_SERIF, size, title)
        lines = _lines(title, font, wide)
        step = round(size * 1.22)
        most = _TITLE_HEIGHT // step
        if len(lines) <= most:
            break
    if len(lines) > most:
        lines = [*lines[: most - 1], _cut(" ".join(lines[most - 1 :]), font, wide)]
    for i, line in enumerate(lines):
        pen.text((left, top + i * step), line, _INK, font)
    return top + len(lines) * step


def _lines(text: str, font: Font, wide: int) -> list[str]:
    """The text in lines that are not wider; what has no blanks is cut where it must be."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if font.getlength(longer) <= wide:
            lines[-1] = longer
            continue
        if lines[-1]:
            lines.append("")
        for letter in word:
            if font.getlength(lines[-1] + letter) > wide:
                lines.append("")
            lines[-1] += letter
    return lines


def _cut(text: str, font: Font, wide: float) -> str:
    """The text, or its beginning and an ellipsis."""
    if font.getlength(text) <= wide:
        return text
    while text and font.getlength(f"{text}…") > wide:
        text = text[:-1]
    return f"{text.rstrip()}…"


def _font(names: tuple[str, ...], size: int, text: str) -> Font:
    """Of those fonts the first that has most of the letters."""
    found = [font for name in (*names, *_WIDER) if (font := _load(name, size)) is not None]
    found.append(_default(size))
    letters = {c for c in text if not c.isspace()}
    return max(found, key=lambda font: sum(_has(font, c) for c in letters))


@lru_cache(maxsize=64)
def _load(name: str, size: int) -> Font | None:
    for folder in _FOLDERS:
        for path in sorted(folder.rglob(name)) if folder.is_dir() else ():
            try:
                return ImageFont.truetype(path, size)
            except OSError:
                continue
    return None


@lru_cache(maxsize=16)
def _default(size: int) -> Font:
    return ImageFont.load_default(size)


@lru_cache(maxsize=4_096)
def _has(font: Font, letter: str) -> bool:
    return bytes(font.getmask(letter)) != bytes(font.getmask(_NO_LETTER))


@lru_cache(maxsize=32)
def _square(side: int, *, lit: bool, crowd: float) -> Image.Image:
    """The square, as `web/src/square/painter.ts` paints it."""
    size = side * _FINE
    half = size / 2
    picture = Image.new("RGB", (size, size), _NIGHT)
    pen = ImageDraw.Draw(picture)
    pen.ellipse((2, 2, size - 2, size - 2), _GROUND, _RIM, 3)
    focus_x, focus_y = half, half + _FOCUS_Y * half
    glow = Image.new("L", (size, size), 0)
    reach = half * (0.9 if lit else 0.45)
    ImageDraw.Draw(glow).ellipse(
        (focus_x - reach, focus_y - reach, focus_x + reach, focus_y + reach), 120 if lit else 26
    )
    # A blur this wide is the same in small, and a hundred times quicker.
    small = glow.resize((size // 8, size // 8)).filter(ImageFilter.GaussianBlur(size / 64))
    inside = Image.new("L", (size, size), 0)
    ImageDraw.Draw(inside).ellipse((4, 4, size - 4, size - 4), 255)
    glow = Image.composite(small.resize((size, size)), Image.new("L", (size, size), 0), inside)
    picture.paste(Image.new("RGB", (size, size), _GLOW), mask=glow)
    pen = ImageDraw.Draw(picture)
    places = _places()
    filled = math.ceil(crowd * len(places))
    for i, (x, y) in enumerate(places):
        size_of, colour = (0.0115, _PERSON) if i < filled else (0.0065, _EMPTY)
        _dot(pen, half + x * half, half + y * half, size_of * half, colour)
    radius = _STAGE_RADIUS * half
    arc = (focus_x - radius, focus_y - radius, focus_x + radius, focus_y + radius)
    pen.arc(arc, 190, 350, _BRASS if lit else _PERSON, round(0.014 * half))
    for angle in (-130, -90, -50):
        x = focus_x + radius * math.cos(math.radians(angle))
        y = focus_y + radius * math.sin(math.radians(angle))
        _dot(pen, x, y, 0.034 * half, _BRASS if lit else _SOFT)
    return picture.resize((side, side), Image.Resampling.LANCZOS)


def _dot(pen: ImageDraw.ImageDraw, x: float, y: float, radius: float, colour: Colour) -> None:
    pen.ellipse((x - radius, y - radius, x + radius, y + radius), colour)


_FOCUS_Y: Final = 0.74
_STAGE_RADIUS: Final = 0.2
_FIRST_RING: Final = 0.36
_SPACING: Final = 0.0545
_EDGE: Final = 0.955


@lru_cache(maxsize=1)
def _places() -> tuple[tuple[float, float], ...]:
    """Where people stand, in the order in which they come: as `web/src/square/geometry.ts` has it."""
    found: list[tuple[float, float, float]] = []
    ring = 0
    while _FIRST_RING + ring * _SPACING < _FOCUS_Y + _EDGE:
        radius = _FIRST_RING + ring * _SPACING
        count = math.floor(2 * math.pi * radius / _SPACING)
        offset = 0.0 if ring % 2 == 0 else math.pi / count
        for i in range(count):
            angle = -math.pi / 2 + offset + 2 * math.pi * i / count
            x, y = radius * math.cos(angle), _FOCUS_Y + radius * math.sin(angle)
            if math.hypot(x, y) <= _EDGE and y <= _FOCUS_Y:
                found.append((ring + 5 * _scattered(ring * 997 + i), x, y))
        ring += 1
    return tuple((x, y) for _, x, y in sorted(found))


def _scattered(seed: int) -> float:
    """A number from 0 to 1 that is always the same for the same seed (Wang's integer hash)."""
    mask = 0xFFFFFFFF
    value = seed & mask
    value = (value ^ 61) ^ (value >> 16)
    value = value * 9 & mask
    value ^= value >> 4
    value = value * 0x27D4EB2D & mask
    value ^= value >> 15
    return value / 2**32
