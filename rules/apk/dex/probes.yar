// dex: tried on Dalvik code.

rule emulator_probe : evasion
{
    meta:
        id = "emulator-probe"
        version = 1
        title_zh = "识别模拟器与分析环境"
        title_en = "recognises emulators"
        weight = "0.6"
        confidence = "0.65"
        reference = "https://attack.mitre.org/techniques/T1633/001/"
    strings:
        $s0 = "goldfish"
        $s1 = "ranchu"
        $s2 = "vbox86"
        $s3 = "Genymotion"
        $s4 = "/dev/qemu_pipe"
        $s5 = "/dev/socket/qemud"
        $s6 = "ro.kernel.qemu"
        $s7 = "000000000000000"
    condition:
        5 of them
}

rule hook_probe : evasion
{
    meta:
        id = "hook-probe"
        version = 1
        title_zh = "识别 Xposed 等注入框架"
        title_en = "recognises hooking frameworks"
        weight = "0.5"
        confidence = "0.65"
        reference = "https://attack.mitre.org/techniques/T1633/"
    strings:
        $s0 = "de.robv.android.xposed.XposedBridge"
        $s1 = "com.saurik.substrate"
        $s2 = "EdXposed"
        $s3 = "LSPosed"
    condition:
        2 of them
}

rule debugger_probe : evasion
{
    meta:
        id = "debugger-probe"
        version = 1
        title_zh = "识别调试器"
        title_en = "recognises a debugger"
        weight = "0.3"
        confidence = "0.5"
        reference = "https://attack.mitre.org/techniques/T1633/"
    strings:
        $s0 = "isDebuggerConnected"
        $s1 = "TracerPid"
    condition:
        all of them
}

rule proxy_probe : evasion
{
    meta:
        id = "proxy-probe"
        version = 1
        title_zh = "识别抓包代理"
        title_en = "recognises a proxy that records traffic"
        weight = "0.4"
        confidence = "0.5"
        reference = "https://attack.mitre.org/techniques/T1633/"
    strings:
        $s0 = "http.proxyHost"
        $s1 = "http.proxyPort"
        $s2 = "tun0"
    condition:
        all of them
}
