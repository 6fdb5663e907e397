"""QR codes as one SVG path, so that they need no picture and print sharply."""

from __future__ import annotations

import segno
from django.utils.html import format_html
from django.utils.safestring import SafeString

QUIET = 4


def qr(content: str, *, label: str, error: str = "m") -> SafeString:
    """`error`: l, m, q or h, how much of it may be lost. Four modules of quiet zone belong to it (ISO/IEC 18004)."""
    code = segno.make(content, error=error, micro=False)
    size = code.symbol_size(border=0)[0]
    path = "".join(_runs(y, row) for y, row in enumerate(code.matrix))
    return format_html(
        '<svg class="qr" viewBox="-{0} -{0} {1} {1}" role="img" aria-label="{2}"><path d="{3}"/></svg>',
        QUIET,
        size + 2 * QUIET,
        label,
        path,
    )


def _runs(y: int, row: bytearray) -> str:
    """Neighbours in one stroke: a third of the length of a path of single squares."""
    path, start = [], None
    for x, is_dark in enumerate([*row, 0]):
        if is_dark and start is None:
            start = x
        elif not is_dark and start is not None:
            path.append(f"M{start} {y}h{x - start}v1h-{x - start}z")
            start = None
    return "".join(path)
