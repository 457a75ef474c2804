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
        $s0 = "理赔中心"
        $s1 = "快递丢失"
        $s2 = "双倍赔付"
        $s3 = "退款通道"
        $s4 = "备用金"
        $s5 = "理赔专员"
        $s6 = "会议号"
    condition:
        3 of them and (has_projection or has_accessibility)
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
        $s0 = "航班取消"
        $s1 = "改签补偿"
        $s2 = "退改签"
        $s3 = "延误险理赔"
        $s4 = "理赔验证码"
        $s5 = "共享屏幕"
    condition:
        4 of them and (has_projection or has_sms)
}
