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
        $s0 = "注销校园贷"
        $s1 = "征信修复"
        $s2 = "消除征信"
        $s3 = "征信异常"
        $s4 = "银监会"
        $s5 = "清空额度"
        $s6 = "转入对公账户"
    condition:
        3 of them
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
        $s0 = "百万保障"
        $s1 = "关闭自动扣费"
        $s2 = "取消代理"
        $s3 = "直播会员"
        $s4 = "银联中心"
        $s5 = "关闭免密支付"
        $s6 = "影响征信"
    condition:
        3 of them and (has_projection or has_accessibility or has_sms)
}
