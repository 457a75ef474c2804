// listing: tried on the names of all members.

rule packer_bangcle : evasion
{
    meta:
        id = "packer-bangcle"
        version = 1
        title_zh = "梆梆加固"
        title_en = "packed with Bangcle"
        weight = "0.5"
        confidence = "0.85"
        reference = "https://attack.mitre.org/techniques/T1406/002/"
    strings:
        $s0 = "/libSecShell.so\n"
        $s1 = "/libsecexe.so\n"
        $s2 = "/libsecmain.so\n"
        $s3 = "\nassets/secData0.jar\n"
        $s4 = "\nassets/bangcleclasses.jar\n"
        $s5 = "/libDexHelper"
    condition:
        any of them
}

rule packer_ijiami : evasion
{
    meta:
        id = "packer-ijiami"
        version = 1
        title_zh = "爱加密加固"
        title_en = "packed with Ijiami"
        weight = "0.5"
        confidence = "0.85"
        reference = "https://attack.mitre.org/techniques/T1406/002/"
    strings:
        $s0 = "\nassets/ijiami.dat\n"
        $s1 = "\nassets/ijiami.ajm\n"
        $s2 = "\nassets/ijiami3.ajm\n"
        $s3 = "\nassets/ijm_lib/"
        $s4 = "/libexecmain.so\n"
        $s5 = "\nassets/IJMDal.Data\n"
    condition:
        any of them
}

rule packer_qihoo : evasion
{
    meta:
        id = "packer-qihoo"
        version = 1
        title_zh = "360 加固"
        title_en = "packed with 360 Jiagu"
        weight = "0.5"
        confidence = "0.85"
        reference = "https://attack.mitre.org/techniques/T1406/002/"
    strings:
        $s0 = "/libjiagu"
        $s1 = "/libjgdtc"
        $s2 = "/libprotectClass.so\n"
        $s3 = "\nassets/.appkey\n"
    condition:
        any of them
}

rule packer_legu : evasion
{
    meta:
        id = "packer-legu"
        version = 1
        title_zh = "腾讯乐固、御安全"
        title_en = "packed with Tencent Legu"
        weight = "0.5"
        confidence = "0.85"
        reference = "https://attack.mitre.org/techniques/T1406/002/"
    strings:
        $s0 = "/libshella-"
        $s1 = "/libshellx-"
        $s2 = "/libshell-super.20"
        $s3 = "/libtosprotection."
        $s4 = "/libtup.so\n"
        $s5 = "\ntencent_stub\n"
    condition:
        any of them
}

rule packer_tencent_vmp : evasion
{
    meta:
        id = "packer-tencent-vmp"
        version = 1
        title_zh = "腾讯云加固（虚拟机保护）"
        title_en = "packed with Tencent's virtual machine"
        weight = "0.5"
        confidence = "0.85"
        reference = "https://attack.mitre.org/techniques/T1406/002/"
    strings:
        $s0 = "\nassets/0OO00l111l1l\n"
        $s1 = "\nassets/o0oooOO0ooOo.dat\n"
        $s2 = "/libBugly-yaq.so\n"
        $s3 = "/libxgVipSecurity.so\n"
    condition:
        any of them
}

rule packer_naga : evasion
{
    meta:
        id = "packer-naga"
        version = 1
        title_zh = "娜迦加固"
        title_en = "packed with Naga"
        weight = "0.5"
        confidence = "0.85"
        reference = "https://attack.mitre.org/techniques/T1406/002/"
    strings:
        $s0 = "/libchaosvmp.so\n"
        $s1 = "/libddog.so\n"
        $s2 = "/libfdog.so\n"
        $s3 = "/libedog.so\n"
        $s4 = "/libhdog.so\n"
        $s5 = "/libvdog.so\n"
    condition:
        any of them
}

rule packer_netease : evasion
{
    meta:
        id = "packer-netease"
        version = 1
        title_zh = "网易易盾加固"
        title_en = "packed with NetEase Yidun"
        weight = "0.5"
        confidence = "0.85"
        reference = "https://attack.mitre.org/techniques/T1406/002/"
    strings:
        $s0 = "/libnesec.so\n"
        $s1 = "\nassets/nedata.db\n"
    condition:
        any of them
}

rule packer_baidu : evasion
{
    meta:
        id = "packer-baidu"
        version = 1
        title_zh = "百度加固"
        title_en = "packed with Baidu"
        weight = "0.5"
        confidence = "0.85"
        reference = "https://attack.mitre.org/techniques/T1406/002/"
    strings:
        $s0 = "/libbaiduprotect.so\n"
        $s1 = "\nassets/baiduprotect1.jar\n"
    condition:
        any of them
}

rule packer_ali : evasion
{
    meta:
        id = "packer-ali"
        version = 1
        title_zh = "阿里聚安全加固"
        title_en = "packed with Alibaba"
        weight = "0.5"
        confidence = "0.85"
        reference = "https://attack.mitre.org/techniques/T1406/002/"
    strings:
        $s0 = "/libmobisec.so\n"
        $s1 = "\nassets/aliprotect.dat\n"
        $s2 = "/libzuma.so\n"
        $s3 = "/libdemolish.so\n"
    condition:
        any of them
}

rule packer_kiwi : evasion
{
    meta:
        id = "packer-kiwi"
        version = 1
        title_zh = "几维安全加固"
        title_en = "packed with Kiwi"
        weight = "0.5"
        confidence = "0.85"
        reference = "https://attack.mitre.org/techniques/T1406/002/"
    strings:
        $s0 = "/libkwscmm.so\n"
        $s1 = "/libkwscr.so\n"
        $s2 = "/libkwslinker.so\n"
    condition:
        any of them
}

rule packer_egis : evasion
{
    meta:
        id = "packer-egis"
        version = 1
        title_zh = "通付盾加固"
        title_en = "packed with PayEgis"
        weight = "0.5"
        confidence = "0.85"
        reference = "https://attack.mitre.org/techniques/T1406/002/"
    strings:
        $s0 = "/libegis.so\n"
        $s1 = "/libNSaferOnly.so\n"
    condition:
        any of them
}

rule packer_dingxiang : evasion
{
    meta:
        id = "packer-dingxiang"
        version = 1
        title_zh = "顶像加固"
        title_en = "packed with Dingxiang"
        weight = "0.5"
        confidence = "0.7"
        reference = "https://attack.mitre.org/techniques/T1406/002/"
    strings:
        $s0 = "/libx3g.so\n"
    condition:
        $s0
}

rule packer_mobile : evasion
{
    meta:
        id = "packer-mobile"
        version = 1
        title_zh = "移动、海云安、启明等加固"
        title_en = "packed with a carrier's or other Chinese shell"
        weight = "0.5"
        confidence = "0.75"
        reference = "https://attack.mitre.org/techniques/T1406/002/"
    strings:
        $s0 = "/libmogosec"
        $s1 = "/libitsec.so\n"
        $s2 = "/libsecenh"
        $s3 = "/libvenSec.so\n"
    condition:
        any of them
}

rule packer_dpt : evasion
{
    meta:
        id = "packer-dpt"
        version = 1
        title_zh = "开源 dpt 加固"
        title_en = "packed with dpt-shell"
        weight = "0.5"
        confidence = "0.75"
        reference = "https://attack.mitre.org/techniques/T1406/002/"
    strings:
        $s0 = "/libdpt.so\n"
        $s1 = "\nassets/vwwwwwvwww/"
    condition:
        any of them
}
