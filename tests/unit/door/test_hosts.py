"""Host names in every spelling; hosts that are called bad end in reserved names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fraud_guard.door import tables
from fraud_guard.door.hosts import Host, is_apk_download, is_store, reduce_host
from fraud_guard.tags.kinds import Flag


@pytest.mark.parametrize(
    ("written", "host", "registrable"),
    [
        ("WWW.Baidu.com.", "www.baidu.com", "baidu.com"),
        ("https://user:pw@m.jd.com:8443/a?b#c", "m.jd.com", "jd.com"),
        ("http:\\\\www.qq.com\\x", "www.qq.com", "qq.com"),
        ("//cdn.example.test/x", "cdn.example.test", "example.test"),
        ("https://qq.com@login.example.test/", "login.example.test", "example.test"),
        ("ｗｗｗ．ｑｑ．ｃｏｍ", "www.qq.com", "qq.com"),
        ("qq。com", "qq.com", "qq.com"),
        ("www.icbc.com.cn", "www.icbc.com.cn", "icbc.com.cn"),
        ("www.icbc.com.cn.example.test", "www.icbc.com.cn.example.test", "example.test"),
        ("shop.github.io", "shop.github.io", "shop.github.io"),
        ("a.shop.pages.dev", "a.shop.pages.dev", "shop.pages.dev"),
        (
            "b.oss-cn-hangzhou.aliyuncs.com",
            "b.oss-cn-hangzhou.aliyuncs.com",
            "b.oss-cn-hangzhou.aliyuncs.com",
        ),
        (
            "b.cos.ap-shanghai.myqcloud.com",
            "b.cos.ap-shanghai.myqcloud.com",
            "b.cos.ap-shanghai.myqcloud.com",
        ),
        ("中国.example", "xn--fiqs8s.example", "xn--fiqs8s.example"),
        ("http://3232235777/", "192.168.1.1", "192.168.1.1"),
        ("0x7f.1:80", "127.0.0.1", "127.0.0.1"),
        ("[2001:DB8:0::1]:443", "2001:db8::1", "2001:db8::1"),
    ],
)
def test_known_spellings(written: str, host: str, registrable: str) -> None:
    """Scheme, user, port, path, case, width and punctuation of a host are taken off."""
    assert reduce_host(written)[:2] == (host, registrable)


@pytest.mark.parametrize(
    "host", ["www.baidu.com", "m.icbc.com.cn", "12306.cn", "www.wuxi.gov.cn", "gov.cn", "sj.qq.com"]
)
def test_household_names_are_top(host: str) -> None:
    """Widely used sites and the closed registries are counted and not kept."""
    assert reduce_host(host).flags == Flag.TOP_HOST


@pytest.mark.parametrize(
    "host",
    ["shop.github.io", "x.vercel.app", "x.netlify.app", "x.workers.dev", "x.pages.dev", "x.blogspot.com", "github.io",
     "b.oss-cn-beijing.aliyuncs.com", "b.cos.ap-beijing.myqcloud.com", "pan.baidu.com", "docs.qq.com",
     "baidu.com.example.test", "baidu-com.example", "203.0.113.9", ""],
)  # fmt: skip
def test_open_places_are_not_top(host: str) -> None:
    """Where anybody can publish, nothing is waved through."""
    assert not reduce_host(host).flags & Flag.TOP_HOST


@pytest.mark.parametrize(
    "url", ["t.cn", "http://dwz.cn/abc", "url.cn/x", "suo.im", "https://bit.ly/x", "m.tb.cn/h.x"]
)
def test_short_links(url: str) -> None:
    """URL shorteners are flagged and are no top hosts."""
    assert reduce_host(url).flags == Flag.SHORT_LINK


@pytest.mark.parametrize(
    "host", ["appstore.huawei.com", "app.mi.com", "sj.qq.com", "apps.apple.com", "https://play.google.com/x"]
)
def test_stores(host: str) -> None:
    """App stores are known; their names as a prefix of another domain are not."""
    assert is_store(host)
    assert not is_store(f"{host.removeprefix('https://').partition('/')[0]}.example.test")


@pytest.mark.parametrize(
    "host", ["аррӏе.com", "huаwei.com", "xn--80ak6aa92e.com", "ｐаypal.com", "bаnk.example"]
)
def test_lookalikes(host: str) -> None:
    """A name that imitates a top host with letters of another script is marked and not top."""
    assert reduce_host(host).flags == Flag.LOOKALIKE


@pytest.mark.parametrize(
    "host", ["apple.com", "münchen.example", "中国银行.example", "пример.example", "xn--a.example"]
)
def test_honest_names_are_no_lookalikes(host: str) -> None:
    """Names wholly in one script, or in Chinese, are ordinary."""
    assert not reduce_host(host).flags & Flag.LOOKALIKE


@pytest.mark.parametrize(
    "host",
    [
        "taobao-kefu.example",  # a brand as a word
        "login-icbc.example",
        "baidu-com.example",
        "alipay.example",  # the brand itself, elsewhere
        "meituanvip.example",  # a brand within a word
        "www.icbc.com.cn.example.test",  # a known domain before the real one
        "ta0bao.example",  # a digit for a letter
        "pinduodou.example",  # two letters swapped
        "alipey.example",  # a letter changed
        "huaweii.example",  # a letter too many
        "jingdong-vip.pages.dev",
    ],
)
def test_imitated_names(host: str) -> None:
    """A brand in a foreign name, however it is dressed up, is marked."""
    assert reduce_host(host).flags & Flag.LOOKALIKE


@pytest.mark.parametrize(
    "host",
    ["www.taobao.com", "google.de", "amazon.co.jp", "taobaocdn.com", "paypalobjects.com", "flower-shop.example", "bocconi.example",
     "wuxi-yiyuan.example", "chasing.example", "10000.example.test"],
)  # fmt: skip
def test_own_and_ordinary_names_imitate_nobody(host: str) -> None:
    """A brand's own domains, and words that only hold a short brand, are no imitations."""
    assert not reduce_host(host).flags & Flag.LOOKALIKE


@pytest.mark.parametrize(
    ("host", "flags"),
    [
        ("shop.github.io", Flag.FREE_HOSTING),
        ("a.shop.pages.dev", Flag.FREE_HOSTING),
        ("b.oss-cn-beijing.aliyuncs.com", Flag.FREE_HOSTING),
        ("github.io", 0),
        ("www.shop.co.uk", 0),
        ("pan.baidu.com", 0),
        ("http://203.0.113.9/a", Flag.IP_HOST),
        ("[2001:db8::1]", Flag.IP_HOST),
    ],
)
def test_where_a_host_lies(host: str, flags: int) -> None:
    """Sub-domains that anybody gets, and addresses without a name, are marked."""
    assert reduce_host(host).flags == flags


@pytest.mark.parametrize(
    ("url", "path", "expected"),
    [
        ("http://dl.example.test/a.apk", "", True),
        ("dl.example.test/A.APK?x=1", "", True),
        ("dl.example.test", "/a/b.apk", True),
        ("dl.example.test/get?file=b%2Eapk", "", True),
        ("dl.example.test/b.xapk", "", True),
        ("dl.example.test/b.apkx", "", False),
        ("a.apk", "", False),
        ("dl.example.test", "", False),
    ],
)
def test_package_downloads(url: str, path: str, expected: bool) -> None:
    """An Android package is told by the name in path or query, never by the host."""
    assert is_apk_download(url, path) is expected


@given(st.one_of(st.text(), st.text(alphabet="ab1.:/@[]%?#\\-_xn。．[0f", max_size=60)))
def test_garbage_never_raises(text: str) -> None:
    """Any text gives a host in its one spelling or an empty one, and reducing again changes nothing."""
    found = reduce_host(text)
    assert isinstance(found, Host)
    again = f"[{found.host}]" if ":" in found.host else found.host
    assert reduce_host(again) == found
    assert is_apk_download(text) in (True, False)


def test_top_list_is_long_unique_and_registrable() -> None:
    """The list has at least 600 domains, each once, each a registrable domain or a closed registry."""
    names = [line.text for line in tables.load_lines("top_hosts.txt")]
    domains = [name for name in names if name[0] not in "!*"]
    assert len(domains) >= 600
    assert len(set(names)) == len(names)
    assert [d for d in domains if d != "gov.cn" and reduce_host(d).registrable != d] == []
    assert [d for d in domains if reduce_host(d).flags != Flag.TOP_HOST] == []
