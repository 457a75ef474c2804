// words: tried on code, resource table and text alike.

rule parcel_refund_service : family
{
    meta:
        id = "parcel-refund-service"
        version = 1
        title_zh = "冒充电商物流客服：快递理赔、退款"
        title_en = "fake courier or shop: compensation and refund"
        weight = "2.2"
        confidence = "0.7"
        reference = "docs/apk_rules.md: wording of published cases"
        scam_type = "fake_customer_service"
    strings:
        $s0 = "备用金"
        $s1 = "双倍赔付"
        $s2 = "输入会议号"
        $s3 = "退款通道"
        $s4 = "理赔中心"
        $s5 = "快递丢失"
        $s6 = "理赔专员"
    condition:
        2 of ($s0, $s1, $s2, $s3) and 1 of ($s4, $s5, $s6) and (has_projection or has_accessibility)
}

rule flight_refund_service : family
{
    meta:
        id = "flight-refund-service"
        version = 1
        title_zh = "冒充航空客服：航班取消退改签"
        title_en = "fake airline: refund of a cancelled flight"
        weight = "2.2"
        confidence = "0.7"
        reference = "docs/apk_rules.md: wording of published cases"
        scam_type = "fake_customer_service"
    strings:
        $s0 = "共享屏幕"
        $s1 = "理赔验证码"
        $s2 = "退费专员"
        $s3 = "航班取消"
        $s4 = "改签补偿"
        $s5 = "退改签"
        $s6 = "延误险理赔"
    condition:
        1 of ($s0, $s1, $s2) and 3 of ($s3, $s4, $s5, $s6) and (has_projection or has_sms)
}
