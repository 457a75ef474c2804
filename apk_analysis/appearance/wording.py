"""What is odd about pictures, in words."""

from __future__ import annotations

from types import MappingProxyType

NOTES = MappingProxyType({
    "picture_flood": ("图片像素数异常巨大，未解码", "a picture claims far too many pixels; it was not decoded"),
    "picture_damaged": ("图片已损坏或不是图片", "a picture is damaged or none"),
    "icon_unreadable": ("图标无法读取", "the icon cannot be read"),
    "icon_drawn": ("图标为矢量图，未作比较", "the icon is a drawing in XML; it was not compared"),
})  # fmt: skip
