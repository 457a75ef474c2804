"""Icons in a report: base64 of PNGs that we drew. A report may come from elsewhere, so they are looked at again before use."""

from __future__ import annotations

import base64
import binascii
import io

from PIL import Image

OURS = "data:image/png;base64,"
LARGEST_PIXELS = 512
ICON_CHARACTERS = 2_000_000


def icon_of(text: str) -> Image.Image | None:
    """The icon in base64; None when there is none, or it is no PNG of at most 512 × 512."""
    if not text or len(text) > ICON_CHARACTERS:
        return None
    try:
        image = Image.open(io.BytesIO(base64.b64decode(text, validate=True)), formats=("PNG",))
        if max(image.size) > LARGEST_PIXELS:
            return None
        return image.convert("RGBA")
    except (binascii.Error, OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None


def icon_png(text: str) -> bytes:
    """The icon drawn anew as PNG; b"" where there is none."""
    image = icon_of(text)
    if image is None:
        return b""
    drawn = io.BytesIO()
    image.save(drawn, "PNG")
    return drawn.getvalue()


def icon_url(text: str) -> str:
    """The icon as a `data:` address; "" where there is none."""
    png = icon_png(text)
    return f"{OURS}{base64.b64encode(png).decode()}" if png else ""
