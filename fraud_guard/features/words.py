"""The words in which `rules explain` and the behaviour model speak of events and of features, in Chinese and English.

English names of features come from their documentation in the vector; Chinese ones are put together here from
the parts of a name. A name that is missing stands as it is written; a test keeps this table complete.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from fraud_guard.features.vector import FEATURES, NEVER_S

Tongue = Literal["zh", "en"]
JUST_S = 60
Pair = tuple[str, str]
"""The same in Chinese and in English."""

KINDS: Mapping[str, Pair] = {
    "call_start": ("呼叫开始", "a call starts"), "call_answer": ("电话接通", "a call is answered"),
    "call_end": ("通话结束", "a call ends"), "sms": ("短信", "a text"), "visit": ("访问网页", "a visit"),
    "download": ("下载", "a download"), "app_install": ("安装应用", "an app is installed"),
    "app_active": ("使用应用", "an app is used"), "timer": ("通话计时到点", "a timer of a call strikes"),
}  # fmt: skip
APPS: Mapping[str, Pair] = {
    "none": ("非应用", "no app"), "bank": ("银行类应用", "a bank app"), "meeting": ("会议类应用", "a meeting app"),
    "remote_control": ("远程控制类应用", "a remote-control app"), "loan": ("贷款类应用", "a loan app"),
    "im": ("聊天类应用", "a chat app"), "invest": ("投资类应用", "an investment app"), "dating": ("交友类应用", "a dating app"),
    "game": ("游戏类应用", "a game"), "shopping": ("购物类应用", "a shopping app"), "browser": ("浏览器", "a browser"),
    "other": ("其他应用", "another app"),
}  # fmt: skip
LURES: Mapping[str, Pair] = {
    "customer_service": ("冒充客服", "fake customer service"), "police": ("冒充公检法", "fake police"),
    "brushing": ("刷单返利", "paid tasks"), "investment": ("虚假投资", "a fake investment"), "loan": ("虚假贷款", "a fake loan"),
    "credit_record": ("虚假征信", "a credit record to repair"), "shopping": ("虚假购物", "a fake shop"),
    "boss": ("冒充领导熟人", "a fake boss"), "romance": ("婚恋", "romance"), "prize": ("中奖", "a prize"),
    "game": ("游戏交易", "game goods"), "extortion": ("敲诈", "extortion"), "phishing": ("钓鱼", "phishing"),
    "parcel": ("包裹", "a parcel"), "relative": ("冒充亲属", "a fake relative"), "kidnapping": ("虚拟绑架", "a kidnapping"),
    "military": ("冒充军警购物", "a false army order"), "identity": ("收集身份信息", "identity data"),
    "recovery": ("追回损失", "a loss to recover"), "bank": ("冒充银行", "a fake bank"), "cash_pickup": ("上门取款", "cash to be picked up"),
    "dating": ("付费交友", "paid dating"), "illicit": ("网络黑产", "illicit offers"),
}  # fmt: skip
EVENTS: Mapping[str, Pair] = {
    "call": ("通话", "a call"), "risky": ("可疑号码来电", "a call from a risky number"), "outgoing": ("本人呼出或发出", "made by the subject"),
    "overseas": ("对方为境外号码", "the peer is overseas"), "virtual": ("对方为虚拟运营商号码", "the peer is of a virtual operator"),
    "short_code": ("对方为短号或106端口", "the peer is a service number"), "official": ("对方为公安政务号码", "the peer is an official number"),
    "landline": ("对方为固定电话", "the peer is a landline"), "irregular": ("对方号码不合编号规则", "the peer's number is of no plan"),
    "no_peer": ("对方未显示号码", "the peer's number is withheld"), "marked": ("上游已作涉诈标记", "marked as scam by the feed"),
    "forwarded": ("本机已设呼叫转移", "call forwarding is set"), "forward_known": ("已知是否设呼叫转移", "it is known whether forwarding is set"),
    "long": ("通话十分钟以上", "a call of ten minutes or more"), "talked": ("通话三分钟以上", "a call of three minutes or more"),
    "otp": ("验证码短信", "a text with a one-time code"), "bank": ("银行或支付短信", "a text of a bank or payment"),
    "lure": ("含诈骗话术的短信", "a text with the wording of a scam"), "link": ("短信含链接", "the text has a link"),
    "top_host": ("网站在常用名单内", "the host is on the top list"), "apk": ("下载安卓安装包", "an Android package is downloaded"),
    "sideloaded": ("安装包来自商店之外", "the package is from outside the stores"), "short_link": ("短链接", "a link shortener"),
    "clamped": ("时间超前已校正", "dated ahead"), "late": ("迟到", "late"), "night": ("夜间22时至6时", "at night"),
    "first_contact": ("对方此前无联系", "the peer is not known to the subject"), "new_host": ("本人未用过的网站", "the host is new to the subject"),
    "new_peer": ("对方两日内才初次联系", "the peer was met within two days"),
    "lookalike": ("仿冒网站", "the host imitates a known name"), "free_hosting": ("免费托管网站", "the host is on free hosting"),
    "ip_host": ("以IP为地址的网站", "the host is an IP address"), "scam_text": ("文本模型认为是诈骗话术", "the text model sees a scam"),
    "scam_host": ("网址模型认为可疑", "the host model sees a scam"),
}  # fmt: skip
_PLAIN: Mapping[str, str] = {
    "in_call": "正在通话", "call_elapsed_s": "本次通话已接通时长", "call_outgoing": "本次通话由本人拨出", "call_forwarded": "本次通话期间设有呼叫转移",
    "call_reputation": "来电号码信誉分", "last_call_s": "上次通话时长", "last_call_risky": "上次来电为可疑号码",
    "last_call_first_contact": "上次来电此前无联系", "since_last_call_s": "上次通话结束", "forwarded": "本机现设有呼叫转移", "age": "年龄段下限",
    "age_known": "年龄段已知", "lives_alone": "独居", "victim_before": "曾经核实受骗", "alerts_before": "已有预警次数", "known_for_s": "首次出现至今",
    "ring_overflow": "近一日因过多未能记住的事件数", "hour": "钟点", "night": "夜间22时至6时", "weekday": "星期序号（0为周一）",
    "text_score_24h": "近一日短信模型最高分", "host_score_24h": "近一日网址模型最高分",
}  # fmt: skip
_STRANGERS: Mapping[str, str] = {
    "stranger_calls": "与陌生号码的通话次数", "stranger_talks": "与陌生号码三分钟以上的通话次数", "stranger_texts": "陌生个人号码短信数",
    "same_stranger": "同一陌生号码的联系次数", "stranger_wrote_and_called": "同一陌生号码既来短信又通话",
}  # fmt: skip
_CALLERS: Mapping[str, str] = {
    "risky": "可疑号码", "overseas": "境外号码", "virtual": "虚拟运营商号码", "irregular": "不合编号规则的号码", "marked": "已标记号码",
    "landline": "固定电话", "short_code": "短号或106端口", "official": "公安政务号码", "no_peer": "未显示的号码", "first_contact": "此前无联系的号码",
}  # fmt: skip
_THINGS: Mapping[str, str] = {
    "otps": "验证码短信", "bank_sms": "银行短信", "lures": "诈骗话术短信", "shares": "会议或远程控制应用", "banks": "银行应用", "loans": "贷款应用",
    "installs": "应用安装", "other_visits": "名单外网站访问", "calls": "通话", "risky_calls": "可疑号码来电", "long_calls": "十分钟以上通话",
    "sms": "短信", "visits": "网页访问", "sideloads": "非商店安装包下载", "marked": "已标记标签", "downloads": "下载", "app_actives": "应用使用",
    "overseas_calls": "境外来电", "first_contact_calls": "陌生号码来电", "scam_texts": "模型认定的诈骗短信", "bank_apps": "银行应用使用",
    "screen_shares": "会议或远程控制应用使用", "lookalike_visits": "仿冒网站访问", "new_hosts": "新网站", "loan_apps": "贷款应用使用",
    "invest_apps": "投资应用使用", "nights": "夜间标签",
}  # fmt: skip
_SINCE: Mapping[str, str] = {
    "risky_call": "可疑号码来电", "overseas_call": "境外来电", "long_risky_call": "十分钟以上的可疑来电", "virtual_call": "虚拟运营商来电",
    "irregular_call": "不合编号规则的来电", "landline_call": "固定电话来电", "short_code_call": "短号来电", "first_contact_call": "陌生号码来电",
    "long_call": "十分钟以上的来电", "otp": "验证码短信", "bank_sms": "银行短信", "first_contact_sms": "陌生号码短信", "scam_text": "模型认定的诈骗短信",
    "lure": "诈骗话术短信", "lure_link": "带链接的诈骗话术短信", "sideload": "非商店安装包下载", "install": "应用安装",
    "sideload_install": "非商店安装包的安装", "screen_share": "会议或远程控制应用", "meeting": "会议应用", "remote_control": "远程控制应用",
    "share_install": "会议或远程控制应用的安装", "bank_app": "银行应用使用", "loan_app": "贷款应用", "invest_app": "投资应用", "dating_app": "交友应用",
    "im_install": "聊天应用安装", "im_app": "聊天应用", "bank_app_on_risky_call": "可疑通话中使用银行应用",
    "share_on_risky_call": "可疑通话中使用会议或远程控制应用", "otp_on_risky_call": "可疑通话中的验证码短信", "short_link": "短链接访问",
    "other_visit": "名单外网站访问", "new_host": "新网站访问", "lookalike_host": "仿冒网站访问", "free_hosting": "免费托管网站访问",
    "ip_host": "IP地址网站访问", "scam_host": "模型认定的可疑网站访问", "stranger_call": "与陌生号码的通话", "stranger_text": "陌生个人号码短信", "official_call": "公安政务号码通话", "forwarding": "设置呼叫转移", "marked": "已标记标签",
}  # fmt: skip
_WINDOWS: Mapping[str, str] = {"10m": "10分钟", "1h": "1小时", "6h": "6小时", "2d": "2天", "24h": "24小时", "7d": "7天", "30d": "30天", "90d": "90天"}
_SPANS: tuple[tuple[int, Pair], ...] = ((86_400, ("天", "d")), (3_600, ("小时", "h")), (60, ("分钟", "min")), (1, ("秒", "s")))
UNITS: Mapping[str, Pair] = {
    "s": ("秒", "s"), "count": ("次", ""), "years": ("岁", "years"), "h": ("时", "h"), "log-odds": ("对数几率", "log-odds"), "0/1": ("是/否", "yes/no"), "day": ("", ""),
}  # fmt: skip


def feature_zh(name: str) -> str:
    """The Chinese name of a feature; of a `since_…_s` it names the event, without "since"."""
    if name in _PLAIN:
        return _PLAIN[name]
    if name.startswith("since_"):
        return _since_zh(name.removeprefix("since_").removesuffix("_s")) or name
    if name.startswith("lure_"):
        return f"收到过{LURES[name.removeprefix('lure_')][0]}话术短信" if name.removeprefix("lure_") in LURES else name
    for prefix, of_call in (("last_call_", "上次通话期间"), ("call_", "本次通话期间")):
        what = name.removeprefix(prefix)
        if name.startswith(prefix) and what in _THINGS:
            return f"{of_call}的{_THINGS[what]}数"
        if name.startswith(prefix) and what in _CALLERS:
            return f"正与来电的{_CALLERS[what]}通话"
    what, _, window = name.rpartition("_")
    if what in _STRANGERS and window in _WINDOWS:
        return f"近{_WINDOWS[window]}{_STRANGERS[what]}"
    return f"近{_WINDOWS[window]}{_THINGS[what]}数" if what in _THINGS and window in _WINDOWS else name


def feature_en(name: str) -> str:
    """The English name of a feature; of a `since_…_s` it names the event, without "since"."""
    if name.startswith("lure_") and name.removeprefix("lure_") in LURES:
        return f"a text with the wording of {LURES[name.removeprefix('lure_')][1]} since the last closure"
    what, _, window = FEATURES[name].doc.partition(";")[0].partition(", decayed with a time constant of ")
    if name.startswith("since_"):
        return what.removeprefix("since ")
    return f"{what} in about {window.partition(' ')[0]}" if window else what


def feature(name: str, tongue: Tongue) -> str:
    """The name of a feature in one of the languages."""
    return feature_zh(name) if tongue == "zh" else feature_en(name)


def pick(pair: Pair, tongue: Tongue) -> str:
    """One of two languages."""
    return pair[0] if tongue == "zh" else pair[1]


def span(value_s: float, tongue: Tongue) -> str:
    """A span in the largest unit that leaves no rest."""
    size_s, unit = next((size, unit) for size, unit in _SPANS if size == 1 or (value_s >= size and value_s % size == 0))
    return f"{value_s / size_s:g}{_of(unit, tongue)}"


def about(value_s: float, tongue: Tongue) -> str:
    """A span in words, rounded to its largest unit."""
    size_s, unit = next((size, unit) for size, unit in _SPANS if size == 1 or value_s >= size)
    return f"{value_s / size_s:.0f}{_of(unit, tongue)}"


def told(name: str, value: float, tongue: Tongue) -> str:
    """A feature and its value as a reason."""
    zh, what, unit = tongue == "zh", feature(name, tongue), FEATURES[name].unit
    if unit == "0/1":
        return what if value else f"{what}：否" if zh else f"not: {what}"
    if name.startswith("since_"):
        if value >= NEVER_S:
            return f"此前无{what}" if zh else f"never {what}"
        if value < JUST_S:
            return f"刚有{what}" if zh else f"{what}, just now"
        return f"{about(value, tongue)}前{what}" if zh else f"{what}, {about(value, tongue)} ago"
    if unit == "s":
        return f"{what}{about(value, tongue)}" if zh else f"{what}: {about(value, tongue)}"
    number = f"{value:.1f}".removesuffix(".0")
    return f"{what}约{number}" if zh else f"{what}: {number}"


def _of(unit: Pair, tongue: Tongue) -> str:
    return unit[0] if tongue == "zh" else f" {unit[1]}"


def _since_zh(what: str) -> str:
    if what.startswith("lure_") and what not in _SINCE:
        lure = what.removeprefix("lure_")
        return f"{LURES[lure][0]}话术短信" if lure in LURES else ""
    return _SINCE.get(what, "")
