// native: tried on ELF libraries.

rule native_trace_probe : evasion
{
    meta:
        id = "native-trace-probe"
        version = 1
        title_zh = "原生代码反调试"
        title_en = "native code defends itself against tracing"
        weight = "0.5"
        confidence = "0.6"
        reference = "https://attack.mitre.org/techniques/T1633/"
    strings:
        $s0 = "TracerPid"
        $s1 = "/proc/self/status"
        $s2 = "ptrace"
    condition:
        all of them
}

rule native_frida_probe : evasion
{
    meta:
        id = "native-frida-probe"
        version = 1
        title_zh = "原生代码识别 Frida"
        title_en = "native code looks for Frida"
        weight = "0.8"
        confidence = "0.75"
        reference = "https://attack.mitre.org/techniques/T1633/"
    strings:
        $s0 = "gum-js-loop"
        $s1 = "frida-agent"
        $s2 = "LIBFRIDA"
        $s3 = "frida-gadget"
        $s4 = "linjector"
    condition:
        2 of them
}

rule native_emulator_probe : evasion
{
    meta:
        id = "native-emulator-probe"
        version = 1
        title_zh = "原生代码识别模拟器"
        title_en = "native code recognises emulators"
        weight = "0.6"
        confidence = "0.65"
        reference = "https://attack.mitre.org/techniques/T1633/001/"
    strings:
        $s0 = "/dev/qemu_pipe"
        $s1 = "/dev/socket/qemud"
        $s2 = "ro.kernel.qemu"
        $s3 = "goldfish"
        $s4 = "/system/lib/libc_malloc_debug_qemu.so"
    condition:
        4 of them
}

rule native_loads_dex : evasion
{
    meta:
        id = "native-loads-dex"
        version = 1
        title_zh = "原生代码解密并加载 DEX"
        title_en = "native code decrypts and loads Dalvik code"
        weight = "0.8"
        confidence = "0.65"
        reference = "https://attack.mitre.org/techniques/T1407/"
    strings:
        $s0 = "dalvik/system/DexPathList"
        $s1 = "dexElements"
        $s2 = "makeDexElements"
        $s3 = "openMemory"
        $s4 = "InMemoryDexClassLoader"
    condition:
        3 of them
}

rule native_substrate_hooks : evasion
{
    meta:
        id = "native-substrate-hooks"
        version = 1
        title_zh = "原生代码挂钩系统函数"
        title_en = "native code hooks system functions"
        weight = "0.5"
        confidence = "0.5"
        reference = "https://attack.mitre.org/techniques/T1617/"
    strings:
        $s0 = "MSHookFunction"
        $s1 = "shadowhook_hook_sym_name"
        $s2 = "bytehook_hook_single"
    condition:
        any of them
}
