// assets: tried on other files.

rule nested_apk : capability
{
    meta:
        id = "nested-apk"
        version = 1
        title_zh = "资产中藏有另一个安装包"
        title_en = "another APK lies in the assets"
        weight = "1.0"
        confidence = "0.8"
        reference = "https://attack.mitre.org/techniques/T1407/"
    strings:
        $s0 = { 50 4B 03 04 }
        $s1 = "AndroidManifest.xml"
        $s2 = "classes.dex"
    condition:
        $s0 at 0 and $s1 and $s2
}

rule xored_code : evasion
{
    meta:
        id = "xored-code"
        version = 1
        title_zh = "资产中藏有异或加密的代码"
        title_en = "code hidden by XOR in the assets"
        weight = "2.0"
        confidence = "0.8"
        reference = "https://attack.mitre.org/techniques/T1406/"
    strings:
        $s0 = "Landroid/app/Application;" xor(1-255)
    condition:
        $s0
}

rule xored_apk : evasion
{
    meta:
        id = "xored-apk"
        version = 1
        title_zh = "资产中藏有异或加密的安装包"
        title_en = "an APK hidden by XOR in the assets"
        weight = "2.0"
        confidence = "0.8"
        reference = "https://attack.mitre.org/techniques/T1406/"
    strings:
        $s0 = "AndroidManifest.xml" xor(1-255)
    condition:
        $s0
}

rule dex_inside_data : evasion
{
    meta:
        id = "dex-inside-data"
        version = 1
        title_zh = "代码藏在其他数据之中"
        title_en = "code lies inside other data"
        weight = "1.4"
        confidence = "0.75"
        reference = "https://attack.mitre.org/techniques/T1406/"
    strings:
        $s0 = { 64 65 78 0A 30 33 ( 35 | 37 | 38 | 39 ) 00 }
    condition:
        $s0
}

rule elf_inside_data : evasion
{
    meta:
        id = "elf-inside-data"
        version = 1
        title_zh = "原生程序藏在其他数据之中"
        title_en = "a native program lies inside other data"
        weight = "0.8"
        confidence = "0.6"
        reference = "https://attack.mitre.org/techniques/T1406/"
    strings:
        $s0 = { 7F 45 4C 46 ( 01 | 02 ) 01 01 00 00 00 00 00 00 00 00 00 }
    condition:
        $s0
}
