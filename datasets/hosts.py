"""Hosts of the synthetic traffic: household names, and invented ones under reserved domains.

The household names all belong on any offline top list. Every other host ends in
`.example` or `.test` (RFC 2606), so no real site is called a scam. Short links use the
public shorteners with invented paths.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_TOP_SITES = (
    "qq.com", "baidu.com", "taobao.com", "jd.com", "weibo.com", "bilibili.com", "douyin.com", "alipay.com",
    "tmall.com", "zhihu.com", "163.com", "sina.com.cn", "sohu.com", "ifeng.com", "toutiao.com",
    "meituan.com", "pinduoduo.com", "xiaohongshu.com", "kuaishou.com", "iqiyi.com", "youku.com",
    "ctrip.com", "12306.cn", "amap.com", "icbc.com.cn", "ccb.com", "abchina.com", "boc.cn", "cmbchina.com",
    "bankcomm.com", "10086.cn", "10010.com", "189.cn", "gov.cn", "xinhuanet.com", "people.com.cn",
    "cctv.com", "huawei.com", "mi.com", "oppo.com", "vivo.com.cn", "apple.com", "microsoft.com", "bing.com",
    "office.com", "google.com", "github.com", "wikipedia.org", "csdn.net", "cnblogs.com", "douban.com",
    "dianping.com", "58.com", "ele.me", "sf-express.com", "wps.cn", "dingtalk.com", "feishu.cn", "360.cn",
    "sogou.com",
)  # fmt: skip
_PREFIXES = ("www.", "m.", "api.", "img.", "")

TOP_HOSTS = tuple(prefix + site for prefix in _PREFIXES for site in _TOP_SITES)
"""300 hosts under 60 registrable domains, most visited first."""

STORE_HOSTS = ("appstore.huawei.com", "app.mi.com", "sj.qq.com", "apps.apple.com")
SHORT_LINK_HOSTS = ("t.cn", "dwz.cn", "suo.im", "url.cn")

_SYLLABLES = (
    "an", "bei", "chen", "da", "feng", "gu", "hai", "jia", "kang", "li", "mei", "ning", "pu", "qing",
    "rui", "shan", "tao", "wei", "xin", "yuan",
)  # fmt: skip


def tail_host(n: int) -> str:
    """The n-th host of the long tail, e.g. `www.haiwei-1041.example`."""
    a, b = _SYLLABLES[n % 20], _SYLLABLES[n // 20 % 20]
    return f"{('www.', 'm.', '', 'img.', 'shop.')[n % 5]}{a}{b}-{n}.{'test' if n % 3 == 0 else 'example'}"


def zipf_cdf(size: int, exponent: float = 1.0) -> NDArray[np.float64]:
    """Cumulative probabilities of ranks 1 … `size` with weight rank^-exponent."""
    weights = np.arange(1, size + 1, dtype=np.float64) ** -exponent
    cdf: NDArray[np.float64] = np.cumsum(weights / weights.sum())
    return cdf
