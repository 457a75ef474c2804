"""Names of the levels, as tables of the command line show them."""

from __future__ import annotations

LEVELS = {1: "1 红 red", 2: "2 橙 orange", 3: "3 黄 yellow", 4: "4 蓝 blue"}
