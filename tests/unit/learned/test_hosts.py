"""What the spelling of a host tells, and the host model that ships, on names of no list."""

from __future__ import annotations

import numpy as np
import pytest

from fraud_guard.door.hosts import reduce_host
from fraud_guard.errors import IntegrityError
from fraud_guard.learned.active import load_artefact
from fraud_guard.learned.host_features import FEATURES, Brands, HostName, host_numbers
from fraud_guard.learned.host_model import KNOWN_LOG_ODDS, HostModel
from fraud_guard.learned.host_reasons import REASON_CODES
from fraud_guard.tags.kinds import Flag
from fraud_guard.training.packaging import artefact_of

BRANDS = Brands.of({"taobao": ("taobao.com",), "icbc": ("icbc.com.cn",)})
ODD = (
    "icbc-jf.top",
    "95588vip.cc",
    "www.metamask-verify.net",
    "kefu-refund.vip",
    "wallet-sync.pages.dev",
    "taoba0-vip.top",
)
PLAIN = ("jiangyinschool.com.cn", "www.yunhe-library.org.cn", "m.jyrcw.com", "oa.hailan.com", "weather-jiangsu.com",
         "tools.wmflabs.org", "xiangshan.gov.cn", "mail.huaxi-steel.com", "shop.linquan.net", "news.chengjiang.com")  # fmt: skip


@pytest.fixture(scope="module")
def model() -> HostModel:
    return HostModel(load_artefact("hosts"))


def named(host: str) -> HostName:
    reduced = reduce_host(host)
    return HostName(reduced.host, reduced.registrable, bool(reduced.flags & Flag.LOOKALIKE))


def numbers(host: str) -> dict[str, float]:
    return dict(zip(FEATURES, host_numbers(named(host), BRANDS, frozenset({"pages.dev"})), strict=True))


@pytest.mark.parametrize(
    ("host", "feature", "told"),
    [
        ("taobao-vip.top", "brand", True),
        ("www.taobao.com", "brand", False),
        ("icbcx.top", "brand", False),
        ("icbc-x.top", "brand", True),
        ("taoba0.com", "near_brand", True),
        ("taobbao.com", "near_brand", True),
        ("tabao.com", "near_brand", True),
        ("taobao.com", "near_brand", False),
        ("a.pages.dev", "free_hosting", True),
        ("111.22.33.44", "ip", True),
        ("xn--bnk-zla.com", "punycode", True),
        ("xn--bnk-zla.com", "hyphens", True),
        ("12345.com", "all_digits", True),
        ("www.example.com", "depth", False),
    ],
)
def test_numbers_say_what_they_are_called(host: str, feature: str, told: bool) -> None:
    """Each number of a host is above 0 exactly where its name applies."""
    assert (numbers(host)[feature] > 0) == told


def test_odd_names_stand_above_plain_ones(model: HostModel) -> None:
    """Names made as gangs make them score above every plain name; no plain one is flagged."""
    odd = model.score([named(host) for host in ODD]).log_odds
    plain = model.score([named(host) for host in PLAIN]).log_odds
    assert np.median(odd) > plain.max() + 2
    assert (plain < model.spec.flag_above).all()


def test_a_look_alike_is_told(model: HostModel) -> None:
    """An IDN that imitates a known site is a reason of its own."""
    name = HostName("xn--tobao-3ve.com", "xn--tobao-3ve.com", lookalike=True)
    assert "lookalike" in {reason.code for reason in model.score([name]).reasons[0]}


def test_known_sites_are_not_judged_by_spelling(model: HostModel) -> None:
    """What stands on the offline list, or is a brand's own, has the fixed score and says why."""
    scores = model.score([HostName("a-b-1.top", "a-b-1.top", known=True), named("www.icbc.com.cn")])
    assert scores.log_odds.tolist() == [KNOWN_LOG_ODDS] * 2
    assert {reason.code for row in scores.reasons for reason in row} == {"known_site"}


def test_reasons_are_strongest_first_in_both_languages(model: HostModel) -> None:
    """Reasons come from a closed set of codes, sorted, with Chinese and English words."""
    for row in model.score([named(host) for host in ODD]).reasons:
        assert row
        assert [reason.weight for reason in row] == sorted((reason.weight for reason in row), reverse=True)
        assert all(reason.code in REASON_CODES and reason.zh and reason.en for reason in row)


def test_a_host_does_not_depend_on_its_neighbours(model: HostModel) -> None:
    """One by one and together the log-odds are the same."""
    names = [named(host) for host in (*ODD, *PLAIN)]
    alone = [model.score([name], reasons=False).log_odds[0] for name in names]
    assert model.score(names).log_odds.tolist() == pytest.approx(alone, abs=1e-9)
    assert model.score([]).log_odds.shape == (0,)


def test_features_of_another_release_are_refused(model: HostModel) -> None:
    """A document that weighs other numbers does not load."""
    files = dict(model.artefact.files)
    files["model.json"] = files["model.json"].replace(b'"near_brand"', b'"far_brand"')
    with pytest.raises(IntegrityError, match="features"):
        HostModel(artefact_of("hosts", "1.0", files))
