"""The words of a report, Chinese first, by key."""

from __future__ import annotations

from types import MappingProxyType

WORDS = MappingProxyType({
    "title": ("安卓应用检验报告", "Report on an Android app"),
    "benign": ("未见异常", "nothing found against it"),
    "suspicious": ("可疑", "suspicious"),
    "malicious": ("恶意", "malicious"),
    "verdict": ("结论", "Verdict"),
    "risk": ("风险值（0–100）", "Risk (0–100)"),
    "partial": ("本报告不完整：部分内容未能读取", "This report is partial: something could not be read"),
    "reasons": ("理由", "Reasons"),
    "sample": ("样本", "Sample"),
    "reskin": ("换壳比对", "A new skin of a known app"),
    "this": ("本样本", "This sample"),
    "nearest": ("最相近的样本", "Nearest sample"),
    "family": ("家族", "Family"),
    "containment": ("自有代码相同比例", "Share of own code that is the same"),
    "methods": ("相同方法数 / 自有方法数", "Identical / own methods"),
    "images": ("相同图片数 / 图片数", "Identical / all images"),
    "same": ("相同之处", "The same"),
    "differs": ("不同之处", "Different"),
    "modules": ("相同的代码模块", "Matching modules"),
    "impersonates": ("冒充品牌", "Wears a brand"),
    "by": ("依据", "By"),
    "findings": ("发现", "Findings"),
    "kind": ("类别", "Kind"),
    "weight": ("权重", "Weight"),
    "confidence": ("置信度", "Confidence"),
    "source": ("来源", "Source"),
    "where": ("位置", "Where"),
    "what": ("说明", "What"),
    "capability": ("能力", "capability"),
    "threat": ("威胁", "threat"),
    "evasion": ("规避", "evasion"),
    "trust": ("可信", "trust"),
    "yara": ("规则命中", "Rules that hit"),
    "rule": ("规则", "Rule"),
    "member": ("文件", "Member"),
    "combinations": ("危险权限组合", "Dangerous combinations"),
    "permissions": ("权限", "Permissions"),
    "signatures": ("签名", "Signatures"),
    "verified": ("签名有效", "Signatures hold"),
    "schemes": ("签名方案", "Schemes"),
    "certificate": ("签名证书", "Certificate"),
    "lineage": ("历任证书", "Earlier certificates"),
    "code": ("代码", "Code"),
    "frameworks": ("开发框架", "Frameworks"),
    "packers": ("加固", "Packers"),
    "kits": ("第三方组件", "Kits"),
    "abilities": ("代码能力", "Abilities"),
    "shell_only": ("代码已加固，无法据代码比对", "The code is packed: it cannot be compared"),
    "indicators": ("线索（网址已做防误点处理）", "Indicators (defanged)"),
    "type": ("类型", "Type"),
    "value": ("内容", "Value"),
    "evidence": ("异常迹象", "Oddities"),
    "count": ("次数", "Count"),
    "stages": ("检验过程", "Stages"),
    "stage": ("步骤", "Stage"),
    "status": ("状态", "Status"),
    "reason": ("原因", "Reason"),
    "ok": ("完成", "ok"),
    "failed": ("失败", "failed"),
    "skipped": ("跳过", "skipped"),
    "partial_stage": ("部分完成", "partial"),
    "limits": ("达到的上限", "Limits that were reached"),
    "engine": ("引擎版本", "Engine versions"),
    "sandbox": ("隔离级别", "Sandbox level"),
    "label": ("名称", "Label"),
    "package": ("包名", "Package"),
    "version": ("版本", "Version"),
    "size": ("大小（字节）", "Size (bytes)"),
    "file": ("文件名", "File name"),
    "scam_type": ("诈骗类型", "Scam type"),
    "app_id": ("应用编号", "App id"),
    "yes": ("是", "yes"),
    "no": ("否", "no"),
    "icon": ("图标", "icon"),
    "hosts": ("服务器", "hosts"),
    "note": (
        "本报告由程序生成，供研判参考；结论须由人员复核，单独不构成对任何人的认定。",
        "Made by a program, to help people judge: a person must check it, and by itself it establishes nothing about anybody.",
    ),
})  # fmt: skip


def zh(key: str) -> str:
    """The Chinese word of a key; the key itself where it has none."""
    return WORDS.get(key, (key, key))[0]


def en(key: str) -> str:
    """The English word of a key; the key itself where it has none."""
    return WORDS.get(key, (key, key))[1]


def both(key: str) -> str:
    """Both words, Chinese first."""
    return f"{zh(key)} {en(key)}" if key in WORDS else key
