"""The live board of the demo: levels, newest orders with their reasons, tags a second, dead letters."""

from __future__ import annotations

import asyncio
import sys
from collections import deque
from pathlib import Path

from rich.columns import Columns
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from fraud_guard.adapters.reference_tables import read_stations
from fraud_guard.app.feed import CityFeed
from fraud_guard.app.site import Site
from fraud_guard.dispatch.order import Order

REFRESH_S = 0.5
RATE_OVER = 10
SHOWN = 6
_LEVELS = ((1, "红 极高危", "bold white on red"), (2, "橙 高危", "bold black on dark_orange"),
           (3, "黄 中危", "black on yellow"), (4, "蓝 低危", "white on blue"))  # fmt: skip
_STATE = {"issued": "待签收", "accepted": "已签收", "closed": "已办结", "superseded": "已升级"}


class Board:
    """Shows a running site on a terminal; without a terminal it prints each new order as a line."""

    def __init__(self, site: Site, feed: CityFeed, *, seconds: int, names: Path) -> None:
        self._site, self._feed, self._seconds = site, feed, seconds
        self._stations = read_stations(names).by_id
        self._console = Console(highlight=False)
        self._rates: deque[tuple[float, int]] = deque(maxlen=RATE_OVER)
        self._told: set[str] = set()

    async def run(self) -> None:
        """Refresh until the worker stops or the time is over."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        live = Live(console=self._console, auto_refresh=False, screen=False) if sys.stdout.isatty() else None
        if live is not None:
            live.start()
        try:
            while not self._site.stopping:
                self._rates.append((loop.time(), self._site.counts_of("scored")))
                if live is not None:
                    live.update(self._picture(loop.time() - began), refresh=True)
                else:
                    self._tell_new(loop.time() - began)
                if self._seconds and loop.time() - began >= self._seconds:
                    self._site.request_stop()
                    return
                await asyncio.sleep(REFRESH_S)
        finally:
            if live is not None:
                live.stop()

    def _picture(self, age_s: float) -> RenderableType:
        site = self._site
        counts, dead = site.truth.counts(), site.letters.counts()
        levels = [Panel(Text(str(counts.get(f"alerts.level{n}", 0)), justify="center"), title=Text(name, style=style), width=16)
                  for n, name, style in _LEVELS]  # fmt: skip
        facts = Text.assemble(
            ("标签 ", "dim"), f"{self._feed.fed:,}", ("   处理 ", "dim"), f"{self._rate():,.0f} 条/秒",
            ("   死信 ", "dim"), f"{sum(dead.values()):,}", ("   待签收 ", "dim"), f"{counts.get('orders.issued', 0):,}",
            ("   已运行 ", "dim"), f"{age_s:,.0f} 秒",
        )  # fmt: skip
        return Group(Columns(levels), facts, self._orders())

    def _orders(self) -> Table:
        table = Table(title="最新指令", title_justify="left", expand=True)
        for name, ratio in (("级别", 2), ("派出所", 3), ("状态", 2), ("研判理由", 9), ("指令", 3)):
            table.add_column(name, ratio=ratio, overflow="fold")
        for order in self._site.truth.orders(limit=SHOWN):
            name, style = next((n, s) for level, n, s in _LEVELS if level == order.level)
            table.add_row(Text(name, style=style), self._name(order), _STATE[order.state], self._reasons(order), order.order_id[:8])
        return table

    def _tell_new(self, age_s: float) -> None:
        for order in reversed(self._site.truth.orders(limit=50)):
            if order.order_id not in self._told:
                self._told.add(order.order_id)
                reasons = self._reasons(order).replace("\n", "；")
                self._console.print(f"{age_s:5.1f} s  {order.level} 级  {self._name(order)}  {reasons}  {order.order_id}", soft_wrap=True)

    def _reasons(self, order: Order) -> str:
        return "\n".join(self._site.truth.reasons(order.alert_id))

    def _name(self, order: Order) -> str:
        station = self._stations.get(order.station_id)
        return station.name if station else order.station_id

    def _rate(self) -> float:
        (t0, n0), (t1, n1) = self._rates[0], self._rates[-1]
        return (n1 - n0) / (t1 - t0) if t1 > t0 else 0.0
