"""The tricks that an archive can play, in words: every one is evidence, none stops the reading."""

from __future__ import annotations

from types import MappingProxyType

TRICKS = MappingProxyType({
    "comment": ("压缩包带有注释", "the archive carries a comment"),
    "count_differs": ("目录登记的文件数与实际不符", "the directory holds another number of entries than it says"),
    "crc_differs": ("文件校验值与内容不符", "a check sum does not fit the content"),
    "data_after_end": ("压缩包结尾之后还有数据", "data follow the end of the archive"),
    "data_before_first": ("首个文件之前藏有数据", "data stand before the first entry"),
    "data_between": ("文件之间藏有大段数据", "large pieces of data stand between the entries"),
    "dex_before_first": ("压缩包前面拼接了可执行代码（Janus 漏洞手法）", "code stands before the archive (the Janus trick)"),
    "directory_decoy": ("目录名冒充关键文件，用来迷惑分析工具", "a directory poses as a key file to fool analysers"),
    "directory_lost": ("中央目录缺失，按文件头逐个找回", "the central directory is lost; entries were found by their own headers"),
    "directory_moved": ("中央目录的位置与登记不符", "the central directory is not where the archive says"),
    "disk_number": ("谎称是分卷压缩包", "the archive claims to have several disks"),
    "duplicate_entry": ("同名文件出现多次，不同工具会读到不同内容", "a name occurs more than once: tools read different content"),
    "encryption_flag": ("伪造加密标记，用来阻止分析", "an encryption flag without encryption, to stop analysers"),
    "end_record_fake": ("伪造的结尾记录", "a fake end record"),
    "end_records_several": ("存在多个结尾记录", "there are several end records"),
    "entry_missing": ("目录登记的文件不在压缩包内", "an entry points outside the archive"),
    "local_flags_differ": ("文件头与目录的标记不一致", "local header and directory disagree on the flags"),
    "local_header_lost": ("文件头损坏", "a local header is damaged"),
    "local_method_differs": ("文件头与目录的压缩方式不一致", "local header and directory disagree on the method"),
    "local_name_differs": ("文件头与目录的文件名不一致", "local header and directory disagree on the name"),
    "local_size_differs": ("文件头与目录的大小不一致", "local header and directory disagree on the size"),
    "method_unknown": ("未知压缩方式（安卓系统会照常打开）", "an unknown compression method, which Android opens all the same"),
    "name_absolute": ("文件名是绝对路径", "a name is an absolute path"),
    "name_control": ("文件名含控制字符", "a name holds control characters"),
    "name_deep": ("目录层级异常多", "a name is nested abnormally deep"),
    "name_encoding": ("文件名编码不合规范", "a name is not valid UTF-8"),
    "name_long": ("文件名异常长", "a name is abnormally long"),
    "name_traversal": ("文件名企图写到解压目录之外", "a name climbs out of the folder it is unpacked to"),
    "overlap": ("文件数据相互重叠（压缩炸弹手法）", "entries share their data (as bombs do)"),
    "size_differs": ("解压后的大小与登记不符", "the content has another size than the directory says"),
    "stream_damaged": ("压缩数据损坏或被截断", "the compressed data are damaged or cut short"),
    "stored_size_differs": ("未压缩文件的两个大小不一致", "an entry that is not compressed has two sizes"),
    "zip64": ("使用了 ZIP64 扩展", "the archive uses ZIP64"),
})  # fmt: skip
