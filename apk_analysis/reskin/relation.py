"""What a likeness means: a re-skin of a scam app, a genuine app packed anew, an update, or nothing; in words."""

from __future__ import annotations

from typing import Literal

import numpy as np

from apk_analysis.report.facts import ModuleMatch
from apk_analysis.reskin.compare import DOUBTFUL, SURE, Likeness
from apk_analysis.reskin.fingerprint import EVERYTHING, Fingerprint

Relation = Literal["reskin", "repackaged", "same_code", "update", "same_maker", "ambiguous", "unrelated"]
"""Of a scam app · of a genuine one · of one nobody has judged · the same app by its maker · another app by its maker · not clear · none."""
MOST_MODULES = 8


def relation_of(likeness: Likeness, label: str) -> Relation:
    """What it is to an app of this label: "scam", "good" or ""."""
    if likeness.same_signer:
        return "unrelated" if likeness.probability < DOUBTFUL and not likeness.same_package else "update" if likeness.same_package else "same_maker"
    if likeness.probability < DOUBTFUL:
        return "unrelated"
    if likeness.probability < SURE or likeness.same_public_key:
        return "ambiguous"
    return {"scam": "reskin", "good": "repackaged"}.get(label, "same_code")  # type: ignore[return-value]


def differences(a: Fingerprint, b: Fingerprint, likeness: Likeness) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(what differs, what is the same) of name, icon, package, certificate, app id and hosts."""
    facts = {
        "label": likeness.same_label if a.label and b.label else None,
        "icon": {1: True, -1: False, 0: None}[likeness.icon],
        "package": likeness.same_package if a.package and b.package else None,
        "certificate": likeness.same_signer if a.signers and b.signers else None,
        "app_id": {1: True, -1: False, 0: None}[likeness.app_id],
        "hosts": bool(likeness.hosts) if a.hosts and b.hosts else None,
    }
    return tuple(k for k, v in facts.items() if v is False), tuple(k for k, v in facts.items() if v)


def matched_modules(a: Fingerprint, b: Fingerprint) -> tuple[ModuleMatch, ...]:
    """Of each package of `a` the one of `b` that shares most methods with it; the largest first."""
    found = []
    for ours in a.modules:
        shared = [(len(np.intersect1d(ours.method_hashes, theirs.method_hashes, assume_unique=True)), theirs.name) for theirs in b.modules]
        count, name = max(shared, default=(0, ""))
        if count:
            found.append(ModuleMatch(ours.name, name, len(ours.method_hashes), count))
    return tuple(sorted(found, key=lambda one: (-one.identical, one.name))[:MOST_MODULES])


_WORDS = {
    "label": ("名称", "label"), "icon": ("图标", "icon"), "package": ("包名", "package"), "certificate": ("签名证书", "certificate"),
    "app_id": ("应用编号", "app id"), "hosts": ("通信域名", "hosts"),
}  # fmt: skip
_KINDS = {
    "reskin": ("是已知诈骗应用的换壳", "a new skin of a known scam app"), "repackaged": ("是正版应用被重新打包", "a genuine app packed anew by somebody else"),
    "same_code": ("与另一签名者的应用同源", "of the same code as an app of another signer"), "update": ("是同一开发者的另一版本", "another version by the same maker"),
    "same_maker": ("是同一开发者的另一应用", "another app by the same maker"), "ambiguous": ("可能同源，需人工判断", "possibly of the same code; a person must judge"),
    "unrelated": ("未见同源", "not related"),
}  # fmt: skip


def in_words(a: Fingerprint, likeness: Likeness, relation: Relation, differs: tuple[str, ...]) -> tuple[str, str]:
    """The explanation in Chinese and English."""
    zh, en = [_KINDS[relation][0]], [_KINDS[relation][1]]
    m = likeness.methods
    if m.a and not likeness.shell:
        about = a.methods.bound != EVERYTHING
        of = a.methods.size if about else m.a
        zh.append(f"{'约' if about else ''}{m.of_a:.0%} 的自有方法相同（共 {of} 个，公共库除外）")
        en.append(f"{'about ' if about else ''}{m.of_a:.0%} of {of} own methods identical, libraries left out")
        if m.of_b > m.of_a:
            zh.append(f"旧样本 {m.of_b:.0%} 的自有方法都在其中")
            en.append(f"{m.of_b:.0%} of the other's own methods are in it")
    if likeness.grams.shared and not likeness.shell and likeness.grams.contained > m.contained:
        zh.append(f"{likeness.grams.contained:.0%} 的代码片段相同")
        en.append(f"{likeness.grams.contained:.0%} of the pieces of code identical")
    if likeness.shell:
        zh.append("代码被加壳，只比较了外观与标识")
        en.append("the code is packed: appearance and identifiers alone were compared")
    if likeness.images.a:
        zh.append(f"{likeness.images.a} 张图片中 {likeness.images.shared} 张相同")
        en.append(f"{likeness.images.shared} of {likeness.images.a} images alike")
    if differs:
        zh.append("不同：" + "、".join(_WORDS[one][0] for one in differs))
        en.append("different: " + ", ".join(_WORDS[one][1] for one in differs))
    return "；".join(zh), "; ".join(en)
