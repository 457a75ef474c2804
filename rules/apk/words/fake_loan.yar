// words: tried on code, resource table and text alike.

rule loan_unfreeze_fee : family
{
    meta:
        id = "loan-unfreeze-fee"
        version = 1
        title_zh = "虚假贷款：放款前要求交解冻金、认证金"
        title_en = "fake loan: a fee before anything is paid out"
        weight = "2.6"
        confidence = "0.8"
        reference = "docs/apk_rules.md: wording of published cases"
        scam_type = "fake_loan"
    strings:
        $s0 = "解冻金"
        $s1 = "认证金"
        $s2 = "验证还款能力"
        $s3 = "刷流水"
        $s4 = "会员费后放款"
        $s5 = "放款中"
        $s6 = "账户已冻结"
        $s7 = "放款失败"
        $s8 = "保险费"
        $s9 = "银行卡号错误"
    condition:
        2 of ($s0, $s1, $s2, $s3, $s4) and 1 of ($s5, $s6, $s7, $s8, $s9) and (permission_count > 5)
}

rule loan_contacts_upload : family
{
    meta:
        id = "loan-contacts-upload"
        version = 1
        title_zh = "套路贷：借款应用收集通讯录、短信与通话记录"
        title_en = "predatory loan: takes contacts, texts and call log"
        weight = "1.8"
        confidence = "0.6"
        reference = "docs/apk_rules.md: wording of published cases"
        scam_type = "fake_loan"
    strings:
        $s0 = "立即借款"
        $s1 = "我要借款"
        $s2 = "借款额度"
        $s3 = "还款计划"
        $s4 = "通讯录认证"
        $s5 = "紧急联系人"
        $s6 = "运营商认证"
    condition:
        3 of them and has_contacts and has_sms and has_call_log
}

rule loan_card_agency : family
{
    meta:
        id = "loan-card-agency"
        version = 1
        title_zh = "虚假贷款：代办大额信用卡、黑户下款"
        title_en = "fake loan: card agency, loans for the blacklisted"
        weight = "2.0"
        confidence = "0.65"
        reference = "docs/apk_rules.md: wording of published cases"
        scam_type = "fake_loan"
    strings:
        $s0 = "黑户秒批"
        $s1 = "无视征信"
        $s2 = "无视黑白户"
        $s3 = "百分百下款"
        $s4 = "代办信用卡"
        $s5 = "包装流水"
        $s6 = "秒下款"
    condition:
        2 of them
}
