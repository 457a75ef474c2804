"""Labelled host names: listed scam domains, benign domains, and the hard cases made from them.

Benign lists are old two-label names and scam lists are young, one in seven on free hosting, so a
naive model learns suffixes and dots. Hence the made ones: ordinary sub-domains of benign sites, and
benign names under young suffixes and on free hosting. Brands of China hardly occur in the lists;
made names borrow and misspell them.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from importlib.resources import files
from typing import NamedTuple

import numpy as np

from fraud_guard.door.hosts import reduce_host
from fraud_guard.door.opinions import name_of
from fraud_guard.door.tables import load_lines
from fraud_guard.learned.host_features import HostName, suffix_of
from fraud_guard.training.data_folder import DataFolder
from fraud_guard.training.messages import fold_of

LISTED, BENIGN = "listed", "benign"
SUBDOMAIN, YOUNG_SUFFIX, FREE_HOSTING, BORROWED = "subdomain", "young_suffix", "free_hosting", "borrowed"

_SUBDOMAINS = (
    "www", "www", "www", "www", "m", "wap", "api", "cdn", "img", "static", "mail", "news", "bbs", "shop", "login",
    "account", "my", "app", "h5", "pay", "passport", "download", "blog", "video", "map", "wx", "open", "dev", "data",
    "service", "user", "mobile", "sso", "img1", "s3", "cdn-2", "live", "edu", "hr", "oa", "vip", "push.api", "a1.cdn",
)  # fmt: skip
_YOUNG = ("xyz", "online", "site", "top", "live", "app", "shop", "io", "tech", "info", "club", "vip", "cc", "store",
          "pro", "cloud", "co", "fun", "ltd", "work", "link", "me", "cn", "com.cn", "cn", "com.cn", "net.cn")  # fmt: skip
_HOSTING = ("github.io", "vercel.app", "netlify.app", "pages.dev", "web.app", "herokuapp.com", "gitee.io",
            "blogspot.com", "weebly.com", "myshopify.com", "wordpress.com")  # fmt: skip
_ADDED = ("vip", "app", "pay", "login", "safe", "service", "kefu", "bank", "wallet", "verify", "secure", "card", "etc",
          "jf", "shop", "hd", "vip8", "888", "66", "99", "520", "a", "gov", "online", "support", "help", "id", "cn",
          "zx", "mall", "tk", "dk", "gw", "center", "update")  # fmt: skip
_SHADY = ("com", "top", "xyz", "vip", "cc", "net", "cn", "shop", "online", "site", "live", "icu", "club", "info", "app",
          "ltd", "pw", "work", "store", "tk", "com")  # fmt: skip
_SLIPS = str.maketrans("oleast", "013457")


class LabelledHost(NamedTuple):
    """One host. `half`: half-year of listing ("" = benign or made). `fold`: 0–4, shared by names of one site."""

    name: HostName
    label: int
    kind: str
    half: str
    fold: int


def as_name(host: str) -> HostName:
    """`host` as the door reduces it, but never `known`: training must look at the spelling."""
    return name_of(reduce_host(host))._replace(known=False)


def labelled_hosts(data: DataFolder, seed: int) -> list[LabelledHost]:
    """All hosts: listed and benign as they are, and the made ones."""
    rng = np.random.default_rng(seed)
    scam = [
        LabelledHost(as_name(r["host"]), 1, LISTED, r["half"], 0) for r in data.rows("hosts/scam_domains")
    ]
    benign = [
        LabelledHost(as_name(r["host"]), 0, BENIGN, "", r["fold"])
        for r in data.rows("hosts/benign_domains") if not as_name(r["host"]).lookalike
    ]  # fmt: skip
    return [x for x in (*scam, *benign, *_made_benign(benign, rng), *_borrowed(rng)) if x.name.host]


def _made_benign(benign: Sequence[LabelledHost], rng: np.random.Generator) -> Iterator[LabelledHost]:
    for one in benign:
        label, _, _ = one.name.registrable.partition(".")
        below = _SUBDOMAINS[rng.integers(len(_SUBDOMAINS))]
        yield LabelledHost(as_name(f"{below}.{one.name.registrable}"), 0, SUBDOMAIN, "", one.fold)
        chance = rng.random()
        if chance < 0.25:
            yield LabelledHost(
                as_name(f"{label}.{_YOUNG[rng.integers(len(_YOUNG))]}"), 0, YOUNG_SUFFIX, "", one.fold
            )
        elif chance < 0.30:
            host = f"{label}.{_HOSTING[rng.integers(len(_HOSTING))]}"
            yield LabelledHost(as_name(host), 0, FREE_HOSTING, "", one.fold)


def _borrowed(rng: np.random.Generator) -> Iterator[LabelledHost]:
    for brand in brand_table():
        for _ in range(24):
            host = f"{_with_slip(brand, rng)}.{_SHADY[rng.integers(len(_SHADY))]}"
            yield LabelledHost(as_name(host), 1, BORROWED, "", fold_of(brand))


def _with_slip(brand: str, rng: np.random.Generator) -> str:
    added = _ADDED[rng.integers(len(_ADDED))]
    at = int(rng.integers(1, max(len(brand) - 1, 2)))
    return (
        f"{brand}-{added}", f"{brand}{added}", f"{added}{brand}", f"{added}-{brand}", f"www-{brand}-{added}",
        brand[:at] + brand[at:].translate(_SLIPS), brand[:at] + brand[at - 1 :], f"{brand}.{added}{rng.integers(10, 99)}",
    )[rng.integers(8)]  # fmt: skip


def brand_table() -> dict[str, tuple[str, ...]]:
    """Brand → its own registrable domains."""
    text = (files("fraud_guard.training") / "tables" / "brands.csv").read_text("utf-8")
    rows = csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))
    return {row["brand"]: tuple(row["genuine"].split()) for row in rows}


def free_hosting_suffixes() -> tuple[str, ...]:
    """Suffixes below which anybody gets a sub-domain."""
    listed = {line.text.removeprefix("*.") for line in load_lines("hosting_suffixes.txt")}
    return tuple(sorted({*listed, *(suffix_of(as_name(f"x.{host}")) for host in _HOSTING)} - {""}))
