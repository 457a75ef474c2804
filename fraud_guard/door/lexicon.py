"""Keyword tags of message texts: one-time code, bank, link, and the wording of scam types.

One Aho-Corasick pass over the folded text (`folding`) collects groups of words; `lures.csv` says which
combinations of groups make a lure. A single common word never does, and warnings by police or banks
("如接到…请勿…谨防诈骗") are taken out by `none_of`. Words live in `word_sets.csv` and `lures.csv`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache
from hashlib import blake2b
from typing import NamedTuple

from ahocorasick_rs import BytesAhoCorasick, Implementation

from fraud_guard.door.folding import fold
from fraud_guard.door.tables import forget_with_tables, load_rows, made_of_tables, table_error
from fraud_guard.tags.kinds import Flag, Lure

_OTP, _BANK, _LURE, _LINK = int(Flag.OTP), int(Flag.BANK), int(Flag.LURE), int(Flag.LINK)
_MAX_URLS = 16
_LINK_WORD = "#link"

_URL = re.compile(
    r"(?:https?://|hxxps?://)[!-~]+"
    r"|(?<![a-zA-Z0-9@.-])(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?\.){1,10}"
    r"(?:com|cn|net|org|top|xyz|vip|cc|me|io|info|club|shop|site|online|ltd|icu|live|work|fun|pro|app|link|ink|store|"
    r"asia|hk|tw|mo|us|uk|ru|jp|kr|sg|la|tv|ly|gd|gl|im|lt|mobi|biz|wang|ren|gov|edu|dev|tk|ml|ga|cf|gq|pw|so|to|in|"
    r"eu|de|fr|gg|is|at|ws|life|world|cloud|tech|space|website|press|bid|loan|win|men|date|review|buzz|cyou|rest|bar|"
    r"cfd|sbs|lol|mom|one|red|blue|pink|kim|lat|monster|autos|beauty|hair|skin|quest|example|test|invalid)"
    r"(?![a-zA-Z0-9-])(?::[0-9]{1,5})?(?:[/?#][!-~]*)?"
)  # fmt: skip
_DOT_LETTER = re.compile(r"\.[a-zA-Z]")
_URL_TAIL = ".,;:!?)]}>'\"*"
_NAME_BYTES = 72
_OPEN = ord("[")
_BRACKETED = re.compile(rb"\[[^\[\]]{0,72}\]")
_CODE = r"(?:[0-9]{3}[ -][0-9]{3,4}|[0-9]{4,8})(?![0-9])"
_CODE_AFTER = re.compile(rf"[^0-9，。；！,;!]{{0,16}}{_CODE}")
_CODE_BEFORE = re.compile(rf"(?<![0-9.]){_CODE}[^0-9，。；！,;!]{{0,24}}\Z")
_BEFORE_CHARS = 36
_IDEOGRAPHIC_STOP = re.compile(r"(?<=[a-zA-Z0-9])[。．](?=[a-zA-Z])")


class TextMarks(NamedTuple):
    """What a text gives away.

    `flags`: bits of `tags.kinds.Flag` (OTP, BANK, LURE, LINK). `lures`: bits of `tags.kinds.Lure`.
    `template_hash`: 64 bits, equal for texts that differ in digits, punctuation, blanks, URLs and
    names in brackets only; 0 for a text without letters. `urls`: as written, at most 16.
    """

    flags: int
    lures: int
    template_hash: int
    urls: tuple[str, ...]


class _Lexicon(NamedTuple):
    """`words`: automaton of folded words, `bits` their groups. `rules`: (groups needed, forbidden, lure)."""

    words: BytesAhoCorasick
    bits: tuple[int, ...]
    rules: tuple[tuple[int, int, int], ...]
    otp: int
    bank: int
    link: int
    otp_words: tuple[re.Pattern[str], re.Pattern[str]]


def read_text(text: str) -> TextMarks:
    """Marks of one message. Never raises; length is the caller's affair."""
    lexicon = _lexicon()
    urls: tuple[str, ...] = ()
    if ("." in text and _DOT_LETTER.search(text)) or "://" in text or _has_odd_dot(text):
        urls, text = _take_urls(text)
    template, searched = _template(fold(text).encode())
    groups = lexicon.link if urls else 0
    bits = lexicon.bits
    for word, _, _ in lexicon.words.find_matches_as_indexes(searched, overlapping=True):
        groups |= bits[word]
    flags = _LINK if urls else 0
    if groups & lexicon.bank:
        flags |= _BANK
    if groups & lexicon.otp and _has_code(text, lexicon.otp_words):
        flags |= _OTP
    lures = _judge(groups) if groups else 0
    return TextMarks(flags | _LURE if lures else flags, lures, _hash64(template), urls)


@lru_cache(maxsize=1 << 16)
def _judge(groups: int) -> int:
    """Lures whose groups are all there and none of whose forbidden groups is."""
    lures = 0
    for needed, forbidden, lure in _lexicon().rules:
        if groups & needed == needed and not groups & forbidden:
            lures |= lure
    return lures


forget_with_tables(_judge.cache_clear)


def _hash64(template: bytes) -> int:
    return int.from_bytes(blake2b(template, digest_size=8).digest(), "little") if template else 0


def _template(folded: bytes) -> tuple[bytes, bytes]:
    """The text without bracketed names, for counting templates, and what to search for words.

    Senders put one name in front; brackets anywhere else may be there to split a word.
    """
    end = folded.find(b"]")
    if end < 0:
        return folded, folded
    if folded[0] == _OPEN and end <= _NAME_BYTES and folded.find(b"[", 1) < 0:
        return folded[end + 1 :], folded
    return _BRACKETED.sub(b"", folded), folded.replace(b"[", b"").replace(b"]", b"")


def _has_code(text: str, otp_words: Iterable[re.Pattern[str]]) -> bool:
    """Whether a code of 4-8 digits stands in the same clause as a one-time-code word."""
    return any(_beside_code(text, *match.span()) for words in otp_words for match in words.finditer(text))


def _beside_code(text: str, start: int, end: int) -> bool:
    if _CODE_AFTER.match(text, end):
        return True
    return _CODE_BEFORE.search(text[max(0, start - _BEFORE_CHARS) : start]) is not None


def _has_odd_dot(text: str) -> bool:
    return "。c" in text or "．" in text


def _take_urls(text: str) -> tuple[tuple[str, ...], str]:
    """URLs in the text, and the text without them."""
    text = _IDEOGRAPHIC_STOP.sub(".", unicodedata.normalize("NFKC", text)) if _has_odd_dot(text) else text
    found = [match[0].rstrip(_URL_TAIL) for match in _URL.finditer(text)]
    if not found:
        return (), text
    return tuple(dict.fromkeys(found))[:_MAX_URLS], _URL.sub(" ", text)


def read_tables() -> None:
    """Read the tables now, not at first use. Raises ConfigurationError."""
    _lexicon()


@made_of_tables
def _lexicon() -> _Lexicon:
    sets = _word_sets()
    groups = _Groups(sets)
    rules = tuple(_rules(groups))
    otp, bank = groups.bit("@otp"), groups.bit("@bank")
    words, bits, link = groups.automaton(), groups.bits_of_words(), groups.bit(_LINK_WORD)
    return _Lexicon(words, bits, rules, otp, bank, link, _as_written(sets["@otp"]))


class _Groups:
    """Gives every group of alternatives (`客服|@shop`) a bit and every word the bits of its groups."""

    def __init__(self, sets: dict[str, tuple[str, ...]]) -> None:
        self._sets = sets
        self._bits: dict[str, int] = {}
        self._words: dict[str, int] = {}

    def bit(self, alternatives: str) -> int:
        """The bit of a group; KeyError names a set that does not exist."""
        if alternatives not in self._bits:
            bit = self._bits[alternatives] = 1 << len(self._bits)
            for word in self._expand(alternatives):
                self._words[word] = self._words.get(word, 0) | bit
        return self._bits[alternatives]

    def automaton(self) -> BytesAhoCorasick:
        """Finds all words, folded as texts are, in UTF-8."""
        return BytesAhoCorasick([word.encode() for word in self._words], implementation=Implementation.DFA)

    def bits_of_words(self) -> tuple[int, ...]:
        """Groups of each word, in the order of the automaton."""
        return tuple(self._words.values())

    def _expand(self, alternatives: str) -> Iterator[str]:
        for word in alternatives.split("|"):
            if word.startswith("@"):
                yield from map(fold, self._sets[word])
            elif word != _LINK_WORD:
                yield fold(word)


def _rules(groups: _Groups) -> Iterator[tuple[int, int, int]]:
    """Rules of `lures.csv`: `all_of` and `none_of` hold groups set apart by blanks, `any_of` is one group."""
    name = "lures.csv"
    for number, (lure, all_of, any_of, none_of) in load_rows(name, ("lure", "all_of", "any_of", "none_of")):
        needed_groups = [*all_of.split(), *any_of.split()]
        if lure not in Lure.__members__ or not needed_groups:
            raise table_error(name, number, "a name of tags.kinds.Lure and at least one group are needed")
        try:
            needed = sum({groups.bit(group) for group in needed_groups})
            forbidden = sum({groups.bit(group) for group in none_of.split()})
        except KeyError as error:
            raise table_error(name, number, f"no set {error.args[0]} in word_sets.csv") from error
        yield needed, forbidden, int(Lure[lure])


def _word_sets() -> dict[str, tuple[str, ...]]:
    name = "word_sets.csv"
    sets: dict[str, tuple[str, ...]] = {}
    for number, (key, words) in load_rows(name, ("set", "words")):
        if not key.startswith("@") or not words or not all(map(fold, words.split("|"))):
            raise table_error(name, number, "a set is '@name,word|word|…' with letters in every word")
        sets[key] = sets.get(key, ()) + tuple(words.split("|"))
    if missing := {"@otp", "@bank"} - sets.keys():
        raise table_error(name, 1, f"the set {min(missing)} is missing; take it from the shipped table")
    return sets


def _as_written(words: Iterable[str]) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """The words as written: Chinese ones anywhere, Latin ones as whole words in any case."""
    longest_first = [re.escape(word) for word in sorted(words, key=len, reverse=True)]
    chinese = "|".join(word for word in longest_first if not word.isascii())
    latin = "|".join(word for word in longest_first if word.isascii())
    return re.compile(chinese), re.compile(rf"\b(?:{latin})\b", re.IGNORECASE)
