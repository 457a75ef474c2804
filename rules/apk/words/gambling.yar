// words: tried on code, resource table and text alike.

rule lottery_betting : family
{
    meta:
        id = "lottery-betting"
        version = 1
        title_zh = "网络赌博：彩票投注与开奖"
        title_en = "gambling: lottery bets and draws"
        weight = "2.4"
        confidence = "0.8"
        reference = "docs/apk_rules.md: wording of published cases"
        scam_type = "illicit_web"
    strings:
        $s0 = "北京赛车"
        $s1 = "分分彩"
        $s2 = "幸运飞艇"
        $s3 = "时时彩"
        $s4 = "加拿大28"
        $s5 = "极速快三"
        $s6 = "澳洲幸运5"
        $s7 = "投注记录"
        $s8 = "开奖走势"
        $s9 = "追号"
        $s10 = "六合彩"
    condition:
        2 of ($s0, $s1, $s2, $s3, $s4, $s5, $s6) and 1 of ($s7, $s8, $s9, $s10)
}

rule casino_live_dealer : family
{
    meta:
        id = "casino-live-dealer"
        version = 1
        title_zh = "网络赌博：真人百家乐、电子游艺"
        title_en = "gambling: live dealers and slots"
        weight = "2.4"
        confidence = "0.8"
        reference = "docs/apk_rules.md: wording of published cases"
        scam_type = "illicit_web"
    strings:
        $s0 = "百家乐"
        $s1 = "真人视讯"
        $s2 = "电子游艺"
        $s3 = "龙虎斗"
        $s4 = "洗码返水"
        $s5 = "彩金"
        $s6 = "存款优惠"
        $s7 = "捕鱼达人"
    condition:
        4 of them
}

rule card_room_credits : family
{
    meta:
        id = "card-room-credits"
        version = 1
        title_zh = "网络赌博：棋牌上分下分"
        title_en = "gambling: card rooms with credits bought and cashed"
        weight = "2.4"
        confidence = "0.75"
        reference = "docs/apk_rules.md: wording of published cases"
        scam_type = "illicit_web"
    strings:
        $s0 = "抢庄牛牛"
        $s1 = "炸金花"
        $s2 = "上分"
        $s3 = "下分"
        $s4 = "代理返佣"
        $s5 = "充值客服"
        $s6 = "红黑大战"
        $s7 = "俱乐部房卡"
    condition:
        4 of them
}

rule sports_betting : family
{
    meta:
        id = "sports-betting"
        version = 1
        title_zh = "网络赌博：体育盘口投注"
        title_en = "gambling: sports odds and bets"
        weight = "2.0"
        confidence = "0.7"
        reference = "docs/apk_rules.md: wording of published cases"
        scam_type = "illicit_web"
    strings:
        $s0 = "可赢金额"
        $s1 = "注单"
        $s2 = "体育投注"
        $s3 = "返水"
        $s4 = "让球"
        $s5 = "大小球"
        $s6 = "滚球"
        $s7 = "串关"
        $s8 = "赔率"
    condition:
        3 of ($s0, $s1, $s2, $s3) and 3 of ($s4, $s5, $s6, $s7, $s8)
}
