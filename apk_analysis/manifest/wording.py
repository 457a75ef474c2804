"""The tricks that binary XML and resource tables can play, and the flags of a manifest, in words."""

from __future__ import annotations

from types import MappingProxyType

NOTES = MappingProxyType({
    "attribute_size": ("属性结构长度异常", "attributes have an unusual size"),
    "attributes_cut": ("属性数目与实际不符", "an element states more attributes than it has"),
    "chunk_cut": ("数据块超出文件范围", "a chunk reaches beyond the file"),
    "chunk_header": ("数据块头部长度异常", "a chunk has an unusual header"),
    "chunk_unknown": ("混入未知数据块，用来迷惑分析工具", "chunks of an unknown kind, to fool analysers"),
    "data_after_xml": ("XML 之后还有数据", "data follow the XML"),
    "element_unclosed": ("元素没有正确闭合", "elements are not closed as they were opened"),
    "file_size": ("XML 声明的长度与实际不符", "the XML states another length than it has"),
    "limit_reached": ("达到上限，未全部读取", "a limit was reached: not all was read"),
    "magic": ("XML 文件标识被篡改", "the XML's magic number was changed"),
    "manifest_missing": ("缺少清单文件", "there is no manifest"),
    "manifest_unreadable": ("清单文件无法解析", "the manifest cannot be read"),
    "names_disguised": ("属性名与资源编号不符，用来迷惑分析工具", "attribute names contradict their resource numbers"),
    "network_config_unreadable": ("网络安全配置无法解析", "the network security configuration cannot be read"),
    "package_odd": ("包名不合规范", "the package name is not a valid one"),
    "parsers_disagree": ("不同解析器读到的清单内容不同", "parsers read the manifest differently"),
    "parser_failed": ("常用解析器无法解析清单", "a usual parser cannot read the manifest"),
    "icon_unreadable": ("图标无法解析", "the icon cannot be read"),
    "pool_count": ("字符串数目与实际不符", "the string pool states more strings than it has"),
    "pool_missing": ("缺少字符串表", "there is no string pool"),
    "pool_several": ("存在多个字符串表", "there are several string pools"),
    "pool_string": ("字符串越界或损坏", "a string lies outside its pool or is damaged"),
    "pool_styles": ("字符串样式数目异常", "the string pool states an impossible number of styles"),
    "resources_unreadable": ("资源表无法解析", "the resource table cannot be read"),
    "text_xml": ("清单是明文 XML，安卓系统不接受", "the manifest is plain text, which Android does not take"),
})  # fmt: skip
