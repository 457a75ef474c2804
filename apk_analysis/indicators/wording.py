"""What the search for indicators notes, in words."""

from __future__ import annotations

from types import MappingProxyType

NOTES = MappingProxyType({
    "hidden_base64": ("网络地址以 Base64 隐藏", "addresses are hidden by base64"),
    "hidden_xor": ("网络地址以异或方式隐藏", "addresses are hidden by XOR"),
    "limit_reached": ("达到上限，未全部查找", "a limit was reached: not all was looked through"),
})  # fmt: skip
