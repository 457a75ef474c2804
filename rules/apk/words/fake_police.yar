// words: tried on code, resource table and text alike.

rule police_safe_account : family
{
    meta:
        id = "police-safe-account"
        version = 1
        title_zh = "冒充公检法：要求把资金转入“安全账户”清查"
        title_en = "fake police: money is to be moved to a \"safe account\" for inspection"
        weight = "3.0"
        confidence = "0.85"
        reference = "docs/apk_rules.md: wording of published cases"
        scam_type = "fake_police"
    strings:
        $s0 = "资金清查"
        $s1 = "刑事拘捕"
        $s2 = "资产冻结令"
        $s3 = "保密协议"
        $s4 = "清查账户"
        $s5 = "安全账户"
        $s6 = "配合调查"
        $s7 = "涉嫌洗钱"
        $s8 = "逮捕令"
    condition:
        2 of ($s0, $s1, $s2, $s3, $s4) and 2 of ($s5, $s6, $s7, $s8) and (has_sms or has_contacts or has_accessibility or has_projection) and package != "com.hicorenational.antifraud"
}

rule police_case_query : family
{
    meta:
        id = "police-case-query"
        version = 1
        title_zh = "冒充公检法：应用内“案件查询”出示通缉令"
        title_en = "fake police: a case look-up in the app shows a warrant"
        weight = "2.8"
        confidence = "0.8"
        reference = "docs/apk_rules.md: wording of published cases"
        scam_type = "fake_police"
    strings:
        $s0 = "清查账户"
        $s1 = "承办检察官"
        $s2 = "输入案号领取通缉令"
        $s3 = "资金清查"
        $s4 = "案件查询"
        $s5 = "案件编号"
        $s6 = "通缉令"
        $s7 = "逮捕令"
        $s8 = "检察院"
    condition:
        1 of ($s0, $s1, $s2, $s3) and 3 of ($s4, $s5, $s6, $s7, $s8) and (has_sms or has_contacts or has_accessibility or has_projection) and package != "com.hicorenational.antifraud"
}

rule police_online_statement : family
{
    meta:
        id = "police-online-statement"
        version = 1
        title_zh = "冒充公检法：在线笔录并共享屏幕"
        title_en = "fake police: statement taken online with the screen shared"
        weight = "2.4"
        confidence = "0.75"
        reference = "docs/apk_rules.md: wording of published cases"
        scam_type = "fake_police"
    strings:
        $s0 = "在线笔录"
        $s1 = "电子笔录"
        $s2 = "共享屏幕"
        $s3 = "保密义务"
        $s4 = "公安局"
        $s5 = "视频笔录"
        $s6 = "不得告知家人"
    condition:
        3 of them and has_projection
}

rule certificate_of_funds : family
{
    meta:
        id = "certificate-of-funds"
        version = 1
        title_zh = "冒充公检法：资金核验、保证金与取保"
        title_en = "fake police: verification of funds and bail"
        weight = "2.4"
        confidence = "0.75"
        reference = "docs/apk_rules.md: wording of published cases"
        scam_type = "fake_police"
    strings:
        $s0 = "国家安全账户"
        $s1 = "清白证明"
        $s2 = "资金比对"
        $s3 = "资金核验"
        $s4 = "取保候审"
        $s5 = "保证金"
        $s6 = "资产公证"
    condition:
        2 of ($s0, $s1, $s2, $s3) and 1 of ($s4, $s5, $s6) and (has_sms or has_contacts or has_accessibility or has_projection) and package != "com.hicorenational.antifraud"
}
