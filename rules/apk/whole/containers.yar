// whole: tried on the APK's own bytes.

rule code_before_archive : evasion
{
    meta:
        id = "code-before-archive"
        version = 1
        title_zh = "压缩包前拼接可执行代码（Janus 手法）"
        title_en = "code stands before the archive (the Janus trick)"
        weight = "3.0"
        confidence = "0.9"
        reference = "https://nvd.nist.gov/vuln/detail/CVE-2017-13156"
    strings:
        $s0 = "dex\n03"
    condition:
        $s0 at 0
}

rule program_before_archive : evasion
{
    meta:
        id = "program-before-archive"
        version = 1
        title_zh = "压缩包前拼接原生程序"
        title_en = "a native program stands before the archive"
        weight = "1.6"
        confidence = "0.75"
        reference = "https://attack.mitre.org/techniques/T1406/"
    strings:
        $s0 = "ELF"
    condition:
        $s0 at 0
}
