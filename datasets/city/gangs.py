"""What gangs own: numbers, domains, apps and mule accounts, replaced every few days.

Nothing is drawn: the k-th number of gang g on day d is computed from seed, g, d and k, so all
victims of a day hear from the same few numbers. Drift has other gangs. Numbers come from blocks of
the synthetic plan that ordinary people of the city do not use; domains end in `.example` or
`.test`, sit below free hosting under random names, or are documentation addresses (RFC 5737).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from datasets.city.calibration import calibration
from datasets.city.chance import mixed
from datasets.city.contacts import GANG_BASE, ORDINARY_VIRTUAL
from datasets.numbers import (
    hotline_number,
    irregular_number,
    landline_number,
    overseas_number,
    sms_port,
    virtual_number,
)

_HALF = (500, 50, 500, 500, 5_000, 50)
_OVERSEAS_COUNTRIES = (0, 1, 2, 2, 2, 3, 3, 3, 4, 4, 5)
"""Countries of `overseas_number`: Hong Kong, Cambodia and the Philippines more often than others."""

_BRANDS = (
    "taobao",
    "jd",
    "alipay",
    "icbc",
    "sf",
    "wechat",
    "unionpay",
    "ccb",
    "douyin",
    "12306",
    "etc",
    "yunhe",
)
_BAIT = {
    "fake_customer_service": ("kefu", "tuikuan", "lipei", "vip"), "fake_police": ("anjian", "xiezha", "gongan", "case"),
    "fake_loan": ("dai", "jie", "fenqi", "loan"), "fake_credit_record": ("zhengxin", "xinyong", "credit"),
    "fake_investment": ("trade", "fund", "gupiao", "invest"), "pig_butchering": ("trade", "coin", "fx", "wealth"),
    "brushing_rebate": ("renwu", "task", "fanli", "order"), "phishing": ("verify", "login", "jihuo", "bank"),
    "parcel_customs": ("kuaidi", "haiguan", "post"), "prize_winning": ("huodong", "jiang", "gift"),
    "game_goods": ("youxi", "trade", "5173", "zhanghao"), "nude_chat_extortion": ("live", "zhibo", "meet"),
}  # fmt: skip
_FREE = ("pages.dev", "vercel.app", "netlify.app", "github.io", "workers.dev", "web.app")
_LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"
_APP_NAMES = {
    "meeting": ("云盾会议", "安讯会议", "中信视讯", "银盾共享", "客服会议"), "remote_control": ("远程客服", "协助通", "理赔助手"),
    "im": ("安信密聊", "云端密信", "聚友聊", "讯通", "内部办公"), "loan": ("惠民快贷", "极速金", "普惠e贷", "信优借"),
    "invest": ("鼎盛国际", "汇盈证券", "量化先锋", "恒通期货", "金牛策略"), "other": ("众享任务", "福利社", "案件查询", "数字人民币钱包", "ETC助手"),
    "dating": ("私密屋", "恋人来袭", "夜聊", "附近缘分"), "game": ("仙侠掉落", "电竞大厅"), "bank": ("安全账户", "云闪护盾"),
    "shopping": ("跨境优选", "联盟商城"),
}  # fmt: skip


@dataclass(frozen=True)
class Gang:
    """One gang: `index` is unique in the run; `scam_type` chooses the words of its domains."""

    seed: int
    index: int
    scam_type: str
    drift: bool

    @property
    def name(self) -> str:
        """Short id for the truth."""
        return f"{'d' if self.drift else 'g'}{self.index:03d}"

    def _hash(self, what: int, *keys: int) -> int:
        return int(mixed(self.seed, 2 + self.drift, self.index, what, *keys).item() >> 1)

    def draws(self, day: int, k: int) -> tuple[float, float]:
        """Two draws (0 ≤ x < 1) that decide what kind of line the k-th one of these days is."""
        bits = self._hash(40, (day + self.index) // calibration().number_life_days, k)
        return bits % 10_007 / 10_007, bits // 10_007 % 10_009 / 10_009

    def number(self, kind: str, day: int, k: int) -> str:
        """The k-th number of a kind (`overseas`, `virtual`, `mobile`, …) on a day, national or as signalled."""
        life = calibration().number_life_days
        return _NUMBERS[kind](self._hash(_KINDS.index(kind), (day + self.index) // life, k))

    def domain(self, day: int, k: int) -> str:
        """The k-th site on a day: a bait name, a look-alike, a sub-domain of free hosting or an address."""
        draw = self._hash(50, (day + self.index) // calibration().domain_life_days, k)
        form, rest = draw % 100, draw // 100
        bait = _BAIT.get(self.scam_type, ("app", "h5", "vip", "info"))
        word, brand = bait[rest % len(bait)], _BRANDS[rest // 7 % len(_BRANDS)]
        ending = "example" if rest % 5 else "test"
        if form < 35:
            return f"{('m.', 'www.', 'h5.', '')[rest % 4]}{word}{rest % 9_973}.{ending}"
        if form < 60:
            return f"{brand}-{word}{rest % 89}.{ending}"
        if form < 75:
            return f"{_code(rest, 8)}.{ending}"
        if form < 90:
            return f"{word}-{_code(rest, 10)}.{_FREE[rest % len(_FREE)]}"
        if form < 95:
            return f"203.0.113.{rest % 254 + 1}"
        return f"{brand}.{word}.{_code(rest, 5)}.{ending}"

    def app(self, category: str, day: int) -> tuple[str, str]:
        """(package, label) of the gang's side-loaded app of a category."""
        draw = self._hash(60 + len(category), day // calibration().domain_life_days)
        names = _APP_NAMES.get(category, _APP_NAMES["other"])
        return f"cn.example.{_code(draw, 4)}.{_code(draw // 7, 6)}", names[
            self._hash(61, len(category)) % len(names)
        ]

    def mule(self, k: int) -> str:
        """The k-th account that takes the money."""
        return f"{self.name}-m{self._hash(70, k) % 1_000:03d}"


def _code(number: int, length: int) -> str:
    """A name that nobody would choose."""
    letters = []
    for _ in range(length):
        number, place = divmod(number * 31 + 17, len(_LETTERS))
        letters.append(_LETTERS[place])
    return "".join(letters)


def homoglyph(host: str) -> str:
    """The host with a Cyrillic or Greek letter in its name, in punycode; unchanged where none fits."""
    first, dot, rest = host.rpartition(".")[0].rpartition(".")
    for latin, other in (("o", "о"), ("a", "а"), ("e", "е"), ("i", "і"), ("c", "с")):
        if latin in rest:
            label = "xn--" + rest.replace(latin, other, 1).encode("punycode").decode()
            return f"{first}{dot}{label}.{host.rpartition('.')[2]}"
    return host


def _overseas(draw: int) -> str:
    country = _OVERSEAS_COUNTRIES[draw % len(_OVERSEAS_COUNTRIES)]
    half = _HALF[country]
    return overseas_number(6 * (half + draw // 16 % half) + country)


_NUMBERS: dict[str, Callable[[int], str]] = {
    "overseas": _overseas,
    "virtual": lambda n: virtual_number(ORDINARY_VIRTUAL + n % 40_000),
    "mobile": lambda n: str(GANG_BASE + n % 1_000_000),
    "hotline": lambda n: hotline_number(600 + n % 5_000),
    "landline": lambda n: landline_number(4_000 + n % 5_000),
    "spoofed": irregular_number,
    "port": lambda n: sms_port(2_000 + n % 5_000),
}
_KINDS = tuple(_NUMBERS)
