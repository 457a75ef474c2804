// words: tried on code, resource table and text alike.

rule dating_paid_meeting : family
{
    meta:
        id = "dating-paid-meeting"
        version = 1
        title_zh = "虚假交友：充值见面、做任务开通"
        title_en = "false dating: pay or do tasks to meet"
        weight = "2.2"
        confidence = "0.7"
        reference = "docs/apk_rules.md: wording of published cases"
        scam_type = "pig_butchering"
    strings:
        $s0 = "同城约会"
        $s1 = "开通见面"
        $s2 = "空降"
        $s3 = "选妃"
        $s4 = "任务解锁"
        $s5 = "诚意金"
        $s6 = "会员验证"
        $s7 = "安排妹妹"
    condition:
        3 of them
}

rule romance_and_trade : family
{
    meta:
        id = "romance-and-trade"
        version = 1
        title_zh = "杀猪盘：聊天应用内带投资入口"
        title_en = "romance scam: a chat app with an investment inside"
        weight = "2.2"
        confidence = "0.65"
        reference = "docs/apk_rules.md: wording of published cases"
        scam_type = "pig_butchering"
    strings:
        $s0 = "数据漏洞"
        $s1 = "内部名额"
        $s2 = "收益翻倍"
        $s3 = "跟我操作"
        $s4 = "附近的人"
        $s5 = "心动匹配"
        $s6 = "投资理财"
        $s7 = "充值账户"
    condition:
        2 of ($s0, $s1, $s2, $s3) and 2 of ($s4, $s5, $s6, $s7)
}
