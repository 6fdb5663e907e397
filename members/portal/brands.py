"""A program's colours as one small style sheet in which every pair of ink and ground reaches 4.5:1 (WCAG 1.4.3)."""

from __future__ import annotations

import hashlib
from functools import lru_cache

# The darkest light and the lightest dark ground of the portal, see static/css/portal.css.
PAPER, NIGHT = "#f3eadd", "#282119"
WHITE, INK, GLOW = "#ffffff", "#14110d", "#ffb648"
ENOUGH = 4.5
STEPS = 50


def _channels(color: str) -> tuple[int, int, int]:
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)


def luminance(color: str) -> float:
    """Relative luminance of #rrggbb, 0 to 1 (WCAG 2.2)."""
    shares = (channel / 255 for channel in _channels(color))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """1 to 21 (WCAG 2.2)."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def mix(one: str, other: str, share: float) -> str:
    """So much of `other` in `one`, channel by channel."""
    pairs = zip(_channels(one), _channels(other), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in pairs)


def nearest(color: str, *, on: str) -> str:
    """The nearest shade of a colour that can be read on a ground; the colour itself where it can."""
    pole = WHITE if contrast(on, WHITE) >= contrast(on, "#000000") else "#000000"
    shades = (mix(color, pole, step / STEPS) for step in range(STEPS + 1))
    return next((shade for shade in shades if contrast(shade, on) >= ENOUGH), pole)


def ink_on(ground: str) -> str:
    """White where it can be read, else the ink of the portal, else black."""
    return next((ink for ink in (WHITE, INK) if contrast(ink, ground) >= ENOUGH), "#000000")


@lru_cache(maxsize=256)
def sheet(brand: str) -> str:
    """The style sheet of a brand colour (#rrggbb)."""
    second = nearest(GLOW, on=brand)
    tokens = {
        "--brand": brand,
        "--brand-on": ink_on(brand),
        "--brand-2": second,
        "--on-brand-2": ink_on(second) if contrast(INK, second) < ENOUGH else INK,
        "--brand-text": f"light-dark({nearest(brand, on=PAPER)}, {on_night(brand)})",
    }
    return ":root {\n" + "".join(f"  {name}: {value};\n" for name, value in tokens.items()) + "}\n"


def version(brand: str) -> str:
    """Changes whenever the sheet does, so that browsers may keep it for ever."""
    return hashlib.sha256(sheet(brand).encode()).hexdigest()[:10]


def is_readable(brand: str) -> bool:
    """Whether the colour can be read as text on the portal's paper; all other pairs are derived so that they can."""
    return contrast(brand, PAPER) >= ENOUGH


def on_night(brand: str) -> str:
    """The shade in which the colour is read on the dark ground."""
    return nearest(mix(brand, WHITE, 0.62), on=NIGHT)
