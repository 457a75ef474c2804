"""The race of `make bench`: every runner gets to the end of a mix."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.stock import stock


@pytest.mark.parametrize("with_table", [True, False])
def test_the_stock_agent_takes_every_tag(tmp_path: Path, with_table: bool) -> None:
    """A stock Faust agent with the reference scorer takes a whole mix, however rows grow."""
    assert stock(tmp_path, 300, with_table=with_table).peak_rss_bytes > 0
