"""The vault, in a file and in PostgreSQL: originals and quotes sealed, and every look logged, reasoned and counted."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, create_engine, func, select, update

from fraud_guard.adapters.sealing import Keys, Sealer
from fraud_guard.adapters.sql.engine import TRUTH, Database
from fraud_guard.adapters.sql.sheets import Known
from fraud_guard.adapters.sql.tables import sheet
from fraud_guard.adapters.sql.tables import vault as tables
from fraud_guard.adapters.sql.vault import SqlVault
from fraud_guard.errors import IntegrityError
from tests.servers import SQL, NewDatabase

SEALER = Sealer(Keys.from_site_key("a site key of a test, long enough").vault)
TOKEN, OTHER = b"\x01" * 16, b"\xff" * 16
NUMBER = "+8619900000101"
DAY_MS = 86_400_000
NOON_MS = 1_773_633_600_000  # 2026-03-16 12:00, UTC+8


@pytest.fixture(params=SQL)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Path | str:
    """Where an empty vault can be opened; in PostgreSQL truth lies there already."""
    if request.param == "sqlite":
        return tmp_path / "vault.db"
    new_database: NewDatabase = request.getfixturevalue("new_database")
    return new_database()


@pytest.fixture
def vault(place: Path | str) -> Iterator[SqlVault]:
    opened = SqlVault(place, SEALER, reveals_per_day=3)
    opened.put({TOKEN: NUMBER, OTHER: "张三-opaque-\ud800"}, NOON_MS)
    yield opened
    opened.close()


def reveal(vault: SqlVault, token: bytes = TOKEN, now_ms: int = NOON_MS, who: str = "王警官") -> str:
    return vault.reveal(token, who, "核实报警人", now_ms)


def test_a_reveal_gives_the_original(vault: SqlVault) -> None:
    """The original comes back exactly, also an odd one."""
    assert (reveal(vault), reveal(vault, OTHER)) == (NUMBER, "张三-opaque-\ud800")


def test_a_known_token_keeps_its_original(vault: SqlVault) -> None:
    """A second original of the same token is not taken."""
    vault.put({TOKEN: "+8619900000999"}, NOON_MS + 1)
    assert reveal(vault) == NUMBER


def test_every_look_is_logged(vault: SqlVault) -> None:
    """Who, when, which token and why are noted, also when there was nothing to show."""
    reveal(vault)
    with pytest.raises(LookupError, match="no original"):
        reveal(vault, b"\x02" * 16)
    looks = list(vault.looks())
    assert [(e.who, e.what, e.target, e.reason, e.at_ms) for e in looks] == [
        ("王警官", "original", TOKEN.hex(), "核实报警人", NOON_MS),
        ("王警官", "original_refused", "02" * 16, "核实报警人", NOON_MS),
    ]
    assert list(vault.looks(TOKEN)) == looks[:1]


@pytest.mark.parametrize(("who", "reason"), [("", "x"), ("王警官", ""), ("王警官", "  ")])
def test_a_look_needs_an_officer_and_a_reason(vault: SqlVault, who: str, reason: str) -> None:
    """Without either nothing is shown."""
    with pytest.raises(ValueError, match="who looks and why"):
        vault.reveal(TOKEN, who, reason, NOON_MS)


def test_the_quota_of_a_day(vault: SqlVault) -> None:
    """Over the quota looks are refused and logged, until midnight in China; other officers have their own."""
    for _ in range(3):
        reveal(vault)
    with pytest.raises(PermissionError, match="looked into the vault 3 times today"):
        reveal(vault)
    with pytest.raises(PermissionError):
        vault.quotes_of(TOKEN, "王警官", "核实", NOON_MS)
    assert [e.what for e in vault.looks()][-2:] == ["original_refused", "quotes_refused"]
    assert reveal(vault, who="李警官") == NUMBER
    with pytest.raises(PermissionError):
        reveal(vault, now_ms=NOON_MS + DAY_MS // 2 - 1)
    assert reveal(vault, now_ms=NOON_MS + DAY_MS // 2) == NUMBER


def test_quotes_live_until_they_expire(vault: SqlVault) -> None:
    """Texts are kept by the fingerprint of their tag, for any 64-bit number, until their time is over."""
    early, late = (1 << 64) - 5, 7
    vault.put_quotes([(TOKEN, early, "您的包裹异常"), (OTHER, early, "其他")], NOON_MS + 10)
    vault.put_quotes([(TOKEN, late, "点击链接"), (TOKEN, early, "不同")], NOON_MS + 20)
    assert vault.quotes_of(TOKEN, "王警官", "研判", NOON_MS) == {early: "您的包裹异常", late: "点击链接"}
    assert vault.quotes_of(TOKEN, "王警官", "研判", NOON_MS + 10) == {late: "点击链接"}
    assert (vault.expire(NOON_MS + 10), vault.expire(NOON_MS + 10)) == (2, 0)
    assert vault.quotes_of(OTHER, "李警官", "研判", NOON_MS) == {}


def test_erase_forgets_a_person(vault: SqlVault) -> None:
    """An erased token has neither original nor quotes; the log of looks stays, others are untouched."""
    vault.put_quotes([(TOKEN, 1, "x")], NOON_MS + DAY_MS)
    reveal(vault)
    assert (vault.erase(TOKEN), vault.erase(TOKEN)) == (True, False)
    with pytest.raises(LookupError):
        reveal(vault)
    assert vault.quotes_of(TOKEN, "王警官", "研判", NOON_MS) == {}
    assert len(list(vault.looks(TOKEN))) == 3
    assert reveal(vault, OTHER, who="李警官")


def test_nothing_readable_is_stored(vault: SqlVault, place: Path | str) -> None:
    """Neither numbers nor texts can be found in the tables, nor in the file and its log."""
    vault.put_quotes([(TOKEN, 1, "安全账户转账")], NOON_MS)
    stored = b"".join(file.read_bytes() for file in place.parent.glob("vault.db*")) if isinstance(place, Path) else b""
    with direct(place).connect() as connection:
        for table in tables.sorted_tables:
            stored += b"".join(v for row in connection.execute(select(table)) for v in row if isinstance(v, bytes))
    assert TOKEN in stored
    for secret in (NUMBER.encode(), NUMBER[3:].encode(), "安全账户".encode()):
        assert secret not in stored


def test_a_swapped_original_is_noticed(vault: SqlVault, place: Path | str) -> None:
    """Originals moved under other tokens do not open."""
    with direct(place).begin() as connection:
        tokens = connection.execute(select(sheet.c.tokens)).scalar_one()
        connection.execute(update(sheet).values(tokens=tokens[16:] + tokens[:16]))
    with pytest.raises(IntegrityError):
        reveal(vault)


def test_it_opens_again(vault: SqlVault, place: Path | str) -> None:
    """A second vault in the same place, beside the first, sees what that one keeps."""
    with closing(SqlVault(place, SEALER)) as again:
        vault.put({b"\x03" * 16: "95588"}, NOON_MS)
        assert again.reveal(b"\x03" * 16, "王警官", "x", NOON_MS) == "95588"


def test_several_doors_write_at_once(vault: SqlVault, place: Path | str) -> None:
    """Doors store the same and other people's originals and quotes at once, and merge: nothing is lost, refused or doubled."""
    kept = {i.to_bytes(8, "big") * 2: f"+86199{i:08d}" for i in range(1_000, 1_240)}

    def door(n: int) -> None:
        with closing(SqlVault(place, SEALER)) as own:
            for start in range(0, len(kept), 6):
                some = dict(list(kept.items())[start : start + 6 + n])
                own.put(some, NOON_MS)
                own.put_quotes([(t, 1, number) for t, number in (reversed(some.items()) if n else some.items())], NOON_MS + DAY_MS)
                if start % 60 == 0:
                    own.merge()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(door, range(2)))
    while vault.merge():
        pass
    for n, (token, number) in enumerate(kept.items()):
        assert reveal(vault, token, who=f"officer {n}") == number
        assert vault.quotes_of(token, f"officer {n}", "研判", NOON_MS) == {1: number}
    assert vault.erase(next(iter(kept)))
    with pytest.raises(LookupError):
        reveal(vault, next(iter(kept)), who="李警官")


def test_the_quota_holds_for_all_desks(vault: SqlVault, place: Path | str) -> None:
    """An officer who looks from several desks at once has one quota."""
    def look(_: int) -> bool:
        with closing(SqlVault(place, SEALER, reveals_per_day=3)) as own:
            try:
                return reveal(own) == NUMBER
            except PermissionError:
                return False

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(look, range(8))) == 3


def test_truth_and_vault_share_a_database(vault: SqlVault, place: Path | str, tmp_path: Path) -> None:
    """Beside truth in one database, both are opened again and again and neither takes the other's layout for its own."""
    Database(place if isinstance(place, str) else tmp_path / "truth.db", TRUTH).close()
    with closing(SqlVault(place, SEALER)) as again:
        assert reveal(again) == NUMBER


def test_small_sheets_are_merged(vault: SqlVault) -> None:
    """However the originals came, few sheets stay, the first original of each token wins, and all are found."""
    kept = {i.to_bytes(8, "big") * 2: f"+86199{i:08d}" for i in range(1_000, 1_000 + 40 * 5)}
    for start in range(0, len(kept), 5):
        vault.put(dict(list(kept.items())[start : start + 5]), NOON_MS)
    assert (vault.merge(), vault.merge()) == (True, False)
    for n, (token, number) in enumerate(kept.items()):
        assert reveal(vault, token, who=f"officer {n}") == number
    assert reveal(vault) == NUMBER


def test_what_a_vault_knows_outlives_it(vault: SqlVault, place: Path | str) -> None:
    """Opened again, it keeps nothing twice; an erased token may be kept anew."""
    again = SqlVault(place, SEALER)
    again.put({TOKEN: NUMBER, OTHER: "x"}, NOON_MS)
    with direct(place).connect() as connection:
        assert connection.execute(select(func.count()).select_from(sheet)).scalar_one() == 1
    again.erase(TOKEN)
    again.put({TOKEN: "+8619900000102"}, NOON_MS)
    assert reveal(again) == "+8619900000102"
    again.close()


@given(st.lists(st.sets(st.integers(0, 300), min_size=1, max_size=40), max_size=20))
def test_known_tokens_are_never_missing(batches: list[set[int]]) -> None:
    """What was added is known, what was not is missing, in the order asked."""
    known, added = Known([_column({7, 9})]), {7, 9}
    for batch in batches:
        asked = sorted(batch)
        new = known.missing([_token(i) for i in asked])
        assert new == [_token(i) for i in asked if i not in added]
        known.add(new)
        added |= batch


def direct(place: Path | str) -> Engine:
    """The tables without the vault."""
    return create_engine(f"sqlite:///{place}" if isinstance(place, Path) else place)


def _token(i: int) -> bytes:
    return i.to_bytes(8, "little") + bytes(8)


def _column(numbers: set[int]) -> bytes:
    return b"".join(map(_token, sorted(numbers)))
