// words: tried on code, resource table and text alike.

rule card_details_form : family
{
    meta:
        id = "card-details-form"
        version = 1
        title_zh = "钓鱼：索取卡号、密码、有效期与验证码"
        title_en = "phishing: asks for card number, PIN, expiry and code"
        weight = "2.4"
        confidence = "0.75"
        reference = "docs/apk_rules.md: wording of published cases"
        scam_type = "phishing"
    strings:
        $s0 = "取款密码"
        $s1 = "交易密码"
        $s2 = "卡片有效期"
        $s3 = "安全码CVV"
        $s4 = "信用卡额度"
        $s5 = "身份证正面"
        $s6 = "预留手机号"
        $s7 = "短信验证码"
    condition:
        6 of them and has_sms
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
        $s0 = "ETC认证"
        $s1 = "ETC已停用"
        $s2 = "医保卡停用"
        $s3 = "重新认证"
        $s4 = "电子凭证失效"
        $s5 = "卡内余额"
        $s6 = "输入银行卡"
    condition:
        3 of them and has_sms
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
        $s0 = "恭喜您中奖"
        $s1 = "领奖"
        $s2 = "公证费"
        $s3 = "个人所得税"
        $s4 = "手续费"
        $s5 = "抽奖验证码"
    condition:
        4 of them
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
        $s0 = "追回被骗资金"
        $s1 = "网警接单"
        $s2 = "资金追讨"
        $s3 = "黑客追款"
        $s4 = "追款成功"
        $s5 = "被骗金额"
        $s6 = "资金返还"
    condition:
        3 of them
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
        $s0 = "账号交易"
        $s1 = "中介担保"
        $s2 = "解冻资金"
        $s3 = "账户冻结"
        $s4 = "卖家保证金"
        $s5 = "激活费"
        $s6 = "游戏账号"
    condition:
        5 of them
}
