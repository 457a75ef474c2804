"""What the code reader notes, in words."""

from __future__ import annotations

from types import MappingProxyType

NOTES = MappingProxyType({
    "code_missing": ("声明含有代码，但没有可读的 DEX", "the app says it has code, but no DEX can be read"),
    "code_overlap": ("方法代码相互重叠", "the code of methods overlaps"),
    "code_outside": ("方法代码位于文件之外", "the code of methods lies outside of the file"),
    "components_missing": ("清单中的组件不在代码里，真实代码被隐藏或动态加载", "components of the manifest are not in the code: the real code is hidden or loaded later"),
    "dex_before_archive": ("压缩包之前拼接了 DEX（Janus 漏洞手法）", "a DEX stands before the archive (the Janus trick)"),
    "dex_damaged": ("DEX 损坏，只读出一部分", "a DEX is damaged; a part of it was read"),
    "dex_hidden": ("DEX 以其他名称藏在包内", "a DEX is hidden under another name"),
    "dex_size": ("DEX 声明的大小与实际不符", "a DEX has another size than it says"),
    "dex_table": ("DEX 的表超出文件范围", "a table of a DEX reaches beyond the file"),
    "dex_unreadable": ("名为 DEX 的文件不是 DEX 或已加密", "what is named a DEX is none, or is encrypted"),
    "framework_defined": ("应用自行定义了系统命名空间中的类", "the app defines classes in the system's own name space"),
    "limit_reached": ("达到读取上限，结果不完整", "a limit was reached; the result is incomplete"),
    "nested_apk": ("包内藏有另一个安装包", "another installable package lies inside"),
    "payload_encrypted": ("包内有大块高熵数据，疑似加密的代码", "large data of high entropy lie inside, probably encrypted code"),
})  # fmt: skip
