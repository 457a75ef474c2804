// dex: tried on Dalvik code.

rule dex_class_loader : evasion
{
    meta:
        id = "dex-class-loader"
        version = 1
        title_zh = "运行时加载外部代码"
        title_en = "loads code at run time"
        weight = "0.4"
        confidence = "0.6"
        reference = "https://attack.mitre.org/techniques/T1407/"
    strings:
        $s0 = "Ldalvik/system/DexClassLoader;"
        $s1 = "loadClass"
    condition:
        all of them
}

rule memory_class_loader : evasion
{
    meta:
        id = "memory-class-loader"
        version = 1
        title_zh = "从内存加载代码，不落地"
        title_en = "loads code from memory"
        weight = "0.8"
        confidence = "0.7"
        reference = "https://attack.mitre.org/techniques/T1407/"
    strings:
        $s0 = "Ldalvik/system/InMemoryDexClassLoader;"
        $s1 = "Ljavax/crypto/Cipher;"
    condition:
        all of them
}

rule dex_under_other_name : evasion
{
    meta:
        id = "dex-under-other-name"
        version = 1
        title_zh = "代码藏在非标准文件名下"
        title_en = "code lies under another name"
        weight = "1.2"
        confidence = "0.8"
        reference = "https://attack.mitre.org/techniques/T1406/"
    strings:
        $s0 = "dex\n03"
    condition:
        $s0 at 0 and not member_name matches /^classes[0-9]{0,3}\.dex$/
}

rule string_encryption_kit : evasion
{
    meta:
        id = "string-encryption-kit"
        version = 1
        title_zh = "字符串加密"
        title_en = "strings are encrypted"
        weight = "0.5"
        confidence = "0.7"
        reference = "https://attack.mitre.org/techniques/T1406/"
    strings:
        $s0 = "Lcom/github/megatronking/stringfog/"
        $s1 = "Lio/michaelrocks/paranoid/Deobfuscator"
    condition:
        any of them
}

rule app_virtualisation : evasion
{
    meta:
        id = "app-virtualisation"
        version = 1
        title_zh = "在虚拟容器中运行其他应用"
        title_en = "runs other apps in a container"
        weight = "1.0"
        confidence = "0.7"
        reference = "https://attack.mitre.org/techniques/T1670/"
    strings:
        $s0 = "Lcom/lody/virtual/"
        $s1 = "Lcom/bly/dkplat/"
        $s2 = "Lcom/prism/gaia/"
    condition:
        any of them
}

rule icon_hidden : evasion
{
    meta:
        id = "icon-hidden"
        version = 1
        title_zh = "隐藏桌面图标"
        title_en = "hides its icon"
        weight = "1.4"
        confidence = "0.7"
        reference = "https://attack.mitre.org/techniques/T1628/001/"
    strings:
        $s0 = "setComponentEnabledSetting"
    condition:
        $s0 and hidden_launcher and starts_at_boot
}

rule trusts_every_server : evasion
{
    meta:
        id = "trusts-every-server"
        version = 1
        title_zh = "不校验服务器证书"
        title_en = "trusts every server"
        weight = "0.3"
        confidence = "0.5"
        reference = "https://developer.android.com/privacy-and-security/risks/unsafe-trustmanager"
    strings:
        $s0 = "ALLOW_ALL_HOSTNAME_VERIFIER"
        $s1 = "checkServerTrusted"
    condition:
        all of them
}
