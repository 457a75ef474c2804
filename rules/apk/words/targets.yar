// words: tried on code, resource table and text alike.

rule bank_package_list : capability
{
    meta:
        id = "bank-package-list"
        version = 1
        title_zh = "内置多家银行应用名单"
        title_en = "a list of banking apps"
        weight = "1.4"
        confidence = "0.7"
        reference = "https://attack.mitre.org/techniques/T1418/"
    strings:
        $s0 = "com.icbc"
        $s1 = "com.chinamworld.main"
        $s2 = "com.android.bankabc"
        $s3 = "com.chinamworld.bocmbci"
        $s4 = "cmb.pb"
        $s5 = "com.bankcomm.Bankcomm"
        $s6 = "com.yitong.mbank.psbc"
        $s7 = "com.ecitic.bank.mobile"
        $s8 = "cn.com.spdb.mobilebank.per"
    condition:
        4 of them and (has_accessibility or has_overlay)
}

rule security_app_list : evasion
{
    meta:
        id = "security-app-list"
        version = 1
        title_zh = "内置手机安全软件名单，可用于躲避或卸载"
        title_en = "a list of security apps, to evade or remove them"
        weight = "1.2"
        confidence = "0.6"
        reference = "https://attack.mitre.org/techniques/T1418/001/"
    strings:
        $s0 = "com.qihoo360.mobilesafe"
        $s1 = "com.tencent.qqpimsecure"
        $s2 = "com.hicorenational.antifraud"
        $s3 = "com.cleanmaster.mguard_cn"
        $s4 = "com.kms.free"
        $s5 = "com.lbe.security"
    condition:
        3 of them and (has_accessibility or has_device_admin)
}

rule antifraud_app_watched : capability
{
    meta:
        id = "antifraud-app-watched"
        version = 1
        title_zh = "识别国家反诈中心应用"
        title_en = "looks for the national anti-fraud app"
        weight = "2.0"
        confidence = "0.7"
        reference = "https://attack.mitre.org/techniques/T1418/001/"
    strings:
        $s0 = "com.hicorenational.antifraud"
    condition:
        $s0 and package != "com.hicorenational.antifraud" and (has_accessibility or has_overlay or has_sms or has_call_control)
}

rule call_forwarding_codes : capability
{
    meta:
        id = "call-forwarding-codes"
        version = 1
        title_zh = "设置呼叫转移"
        title_en = "sets call forwarding"
        weight = "2.0"
        confidence = "0.75"
        reference = "https://attack.mitre.org/techniques/T1616/"
    strings:
        $s0 = "**21*"
        $s1 = "**62*"
        $s2 = "**67*"
        $s3 = "**61*"
        $s4 = "##002#"
        $s5 = "tel:%23%23002%23"
    condition:
        any of them and has_call_control
}
