"""App categories: the feed's own word first, else what package or label give away."""

from __future__ import annotations

from fraud_guard.tags.kinds import Category

_BY_NAME = {c.name.lower(): int(c) for c in Category}
_BY_WORD = (
    (Category.REMOTE_CONTROL, ("todesk", "anydesk", "teamviewer", "sunlogin", "oray", "rustdesk", "向日葵", "远程")),
    (Category.MEETING, ("wemeet", "zoom", "meeting", "webex", "会议", "共享屏幕", "屏幕共享")),
    (Category.LOAN, ("loan", "借款", "贷款", "借钱", "贷")),
    (Category.INVEST, ("invest", "trade", "理财", "证券", "期货", "外汇")),
    (Category.DATING, ("dating", "交友", "相亲")),
    (Category.BANK, ("bank", "银行")),
)


def categorise(named: str | None, package: str | None, label: str | None) -> int:
    """Category code of an app; OTHER when nothing is known."""
    if named is not None:
        code = _BY_NAME.get(named.strip().lower())
        if code is not None:
            return code
    haystack = f"{package or ''} {label or ''}".lower()
    for category, words in _BY_WORD:
        if any(word in haystack for word in words):
            return int(category)
    return int(Category.OTHER)
