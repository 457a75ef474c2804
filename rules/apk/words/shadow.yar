// words: tried on code, resource table and text alike.

rule money_mule_points : family
{
    meta:
        id = "money-mule-points"
        version = 1
        title_zh = "跑分：出借收款码洗钱"
        title_en = "money mules: payment codes are lent"
        weight = "2.6"
        confidence = "0.8"
        reference = "docs/apk_rules.md: wording of published cases"
        scam_type = "illicit_web"
    strings:
        $s0 = "跑分"
        $s1 = "码商"
        $s2 = "代收代付"
        $s3 = "收款码轮询"
        $s4 = "抢单额度"
        $s5 = "跑分收益"
        $s6 = "上传收款码"
    condition:
        3 of them
}

rule phone_relay : family
{
    meta:
        id = "phone-relay"
        version = 1
        title_zh = "手机口：用两部手机转接诈骗电话"
        title_en = "phone relay: two phones pass on scam calls"
        weight = "2.8"
        confidence = "0.8"
        reference = "docs/apk_rules.md: wording of published cases"
        scam_type = "illicit_web"
    strings:
        $s0 = "手机口"
        $s1 = "一拖二"
        $s2 = "GOIP"
        $s3 = "对录"
        $s4 = "音频线"
        $s5 = "挂机时长"
        $s6 = "语音中转"
    condition:
        3 of them
}

rule sim_rental : family
{
    meta:
        id = "sim-rental"
        version = 1
        title_zh = "出租手机卡、代收验证码"
        title_en = "phone numbers and codes for hire"
        weight = "2.0"
        confidence = "0.65"
        reference = "docs/apk_rules.md: wording of published cases"
        scam_type = "illicit_web"
    strings:
        $s0 = "接码平台"
        $s1 = "代收验证码"
        $s2 = "挂机接码"
        $s3 = "短信转发收益"
        $s4 = "卡商"
        $s5 = "号码出租"
    condition:
        2 of them and has_sms
}
