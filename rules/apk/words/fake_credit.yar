// words: tried on code, resource table and text alike.

rule credit_record_repair : family
{
    meta:
        id = "credit-record-repair"
        version = 1
        title_zh = "虚假征信：注销校园贷、修复征信"
        title_en = "fake credit record: close a student loan, repair the record"
        weight = "2.6"
        confidence = "0.8"
        reference = "docs/apk_rules.md: wording of published cases"
        scam_type = "fake_credit_record"
    strings:
        $s0 = "清空额度"
        $s1 = "转入对公账户"
        $s2 = "消除征信"
        $s3 = "银监会专员"
        $s4 = "注销校园贷"
        $s5 = "征信修复"
        $s6 = "征信异常"
        $s7 = "银监会"
    condition:
        1 of ($s0, $s1, $s2, $s3) and 2 of ($s4, $s5, $s6, $s7)
}

rule million_guarantee : family
{
    meta:
        id = "million-guarantee"
        version = 1
        title_zh = "冒充客服：关闭“百万保障”或自动扣费"
        title_en = "fake service: switch off a \"million guarantee\" or a fee"
        weight = "2.6"
        confidence = "0.8"
        reference = "docs/apk_rules.md: wording of published cases"
        scam_type = "fake_customer_service"
    strings:
        $s0 = "取消代理"
        $s1 = "直播会员扣费"
        $s2 = "转入指定账户"
        $s3 = "银联中心"
        $s4 = "百万保障"
        $s5 = "关闭自动扣费"
        $s6 = "关闭免密支付"
        $s7 = "影响征信"
    condition:
        1 of ($s0, $s1, $s2, $s3) and 2 of ($s4, $s5, $s6, $s7) and (has_projection or has_accessibility or has_sms)
}
