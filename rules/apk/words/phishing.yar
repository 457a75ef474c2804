// words: tried on code, resource table and text alike.

rule card_details_form : capability
{
    meta:
        id = "card-details-form"
        version = 1
        title_zh = "钓鱼：索取卡号、密码、有效期与验证码"
        title_en = "phishing: asks for card number, PIN, expiry and code"
        weight = "1.0"
        confidence = "0.5"
        reference = "docs/apk_rules.md: wording of published cases"
        scam_type = "phishing"
    strings:
        $s0 = "取款密码"
        $s1 = "安全码CVV"
        $s2 = "输入卡号和密码"
        $s3 = "交易密码"
        $s4 = "卡片有效期"
        $s5 = "信用卡额度"
        $s6 = "身份证正面"
        $s7 = "预留手机号"
        $s8 = "短信验证码"
    condition:
        2 of ($s0, $s1, $s2) and 3 of ($s3, $s4, $s5, $s6, $s7, $s8) and has_sms
}

rule etc_medical_card : family
{
    meta:
        id = "etc-medical-card"
        version = 1
        title_zh = "钓鱼：ETC、医保卡停用重新认证"
        title_en = "phishing: toll or medical card has to be renewed"
        weight = "2.4"
        confidence = "0.75"
        reference = "docs/apk_rules.md: wording of published cases"
        scam_type = "phishing"
    strings:
        $s0 = "ETC已停用"
        $s1 = "医保卡停用"
        $s2 = "电子凭证失效"
        $s3 = "ETC认证"
        $s4 = "重新认证"
        $s5 = "卡内余额"
        $s6 = "输入银行卡"
    condition:
        1 of ($s0, $s1, $s2) and 2 of ($s3, $s4, $s5, $s6) and has_sms
}

rule prize_and_tax : family
{
    meta:
        id = "prize-and-tax"
        version = 1
        title_zh = "中奖诈骗：领奖先交个人所得税"
        title_en = "prize scam: tax before the prize"
        weight = "2.2"
        confidence = "0.7"
        reference = "docs/apk_rules.md: wording of published cases"
        scam_type = "prize_winning"
    strings:
        $s0 = "公证费"
        $s1 = "领奖保证金"
        $s2 = "兑奖手续费"
        $s3 = "恭喜您中奖"
        $s4 = "领奖"
        $s5 = "个人所得税"
        $s6 = "抽奖验证码"
    condition:
        1 of ($s0, $s1, $s2) and 3 of ($s3, $s4, $s5, $s6)
}

rule money_back_helper : family
{
    meta:
        id = "money-back-helper"
        version = 1
        title_zh = "二次诈骗：声称追回被骗资金"
        title_en = "second scam: claims to recover lost money"
        weight = "2.4"
        confidence = "0.75"
        reference = "docs/apk_rules.md: wording of published cases"
        scam_type = "re_victimisation"
    strings:
        $s0 = "网警接单"
        $s1 = "黑客追款"
        $s2 = "追款成功"
        $s3 = "先行垫付服务费"
        $s4 = "追回被骗资金"
        $s5 = "资金追讨"
        $s6 = "被骗金额"
        $s7 = "资金返还"
    condition:
        1 of ($s0, $s1, $s2, $s3) and 2 of ($s4, $s5, $s6, $s7)
}

rule game_goods_escrow : family
{
    meta:
        id = "game-goods-escrow"
        version = 1
        title_zh = "虚假游戏交易：中介担保、解冻资金"
        title_en = "fake sale of game goods: escrow and unfreezing"
        weight = "2.2"
        confidence = "0.7"
        reference = "docs/apk_rules.md: wording of published cases"
        scam_type = "game_goods"
    strings:
        $s0 = "解冻资金"
        $s1 = "激活费"
        $s2 = "冻结款"
        $s3 = "账号交易"
        $s4 = "中介担保"
        $s5 = "账户冻结"
        $s6 = "卖家保证金"
        $s7 = "游戏账号"
    condition:
        1 of ($s0, $s1, $s2) and 3 of ($s3, $s4, $s5, $s6, $s7)
}
