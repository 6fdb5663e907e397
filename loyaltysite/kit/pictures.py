"""A picture that was uploaded is decoded, made small and written anew, so that only pixels remain of it."""

from __future__ import annotations

import io
import warnings
from typing import IO

from django.utils.translation import gettext_lazy as _
from PIL import Image, ImageOps, UnidentifiedImageError

from loyaltysite.kit.errors import DomainError

# Never SVG: it is a program, not a picture.
FORMATS = ("PNG", "JPEG", "WEBP")
MOST_BYTES = 2 * 1024 * 1024
MOST_PIXELS = 25_000_000
SMALLEST = 32
CONTENT_TYPE = "image/webp"


class PictureRefused(DomainError):
    code = "picture_refused"
    message = _("This is no picture in PNG, JPEG or WebP.")


def shrink(file: IO[bytes], *, side: int) -> bytes:
    """The picture as WebP, at most `side` pixels each way, without anything that came along. Raises PictureRefused."""
    data = file.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise PictureRefused(_("The file is larger than 2 MB."))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            opened = Image.open(io.BytesIO(data), formats=FORMATS)
            _check(opened)
            picture = ImageOps.exif_transpose(opened).convert("RGBA")
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError) as error:
        raise PictureRefused from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise PictureRefused(_("The picture has too many pixels.")) from error
    picture.thumbnail((side, side), Image.Resampling.LANCZOS)
    written = io.BytesIO()
    picture.save(written, "WEBP", quality=86, method=6)
    return written.getvalue()


def _check(picture: Image.Image) -> None:
    """Before a pixel is decoded."""
    width, height = picture.size
    if width * height > MOST_PIXELS:
        raise PictureRefused(_("The picture has too many pixels."))
    if min(width, height) < SMALLEST:
        raise PictureRefused(_("The picture is too small. It needs at least 32 pixels each way."))
