// words: tried on code, resource table and text alike.

rule brushing_order_grab : family
{
    meta:
        id = "brushing-order-grab"
        version = 1
        title_zh = "刷单返利：抢单垫付做任务"
        title_en = "brushing: orders are grabbed and paid in advance"
        weight = "2.6"
        confidence = "0.8"
        reference = "docs/apk_rules.md: wording of published cases"
        scam_type = "brushing_rebate"
    strings:
        $s0 = "开始抢单"
        $s1 = "抢单大厅"
        $s2 = "做单"
        $s3 = "垫付"
        $s4 = "连单"
        $s5 = "佣金比例"
        $s6 = "冻结佣金"
        $s7 = "任务单"
        $s8 = "派单员"
    condition:
        4 of them
}

rule brushing_like_tasks : family
{
    meta:
        id = "brushing-like-tasks"
        version = 1
        title_zh = "刷单返利：点赞关注领红包"
        title_en = "brushing: rewards for likes, then paid tasks"
        weight = "2.2"
        confidence = "0.7"
        reference = "docs/apk_rules.md: wording of published cases"
        scam_type = "brushing_rebate"
    strings:
        $s0 = "点赞任务"
        $s1 = "关注任务"
        $s2 = "任务佣金"
        $s3 = "福利任务"
        $s4 = "组合任务"
        $s5 = "提现失败"
        $s6 = "信誉分不足"
        $s7 = "操作失误"
    condition:
        4 of them
}

rule withdrawal_blocked : family
{
    meta:
        id = "withdrawal-blocked"
        version = 1
        title_zh = "诈骗平台：以操作失误、信誉分为由不让提现"
        title_en = "scam platform: pay-out refused for \"mistakes\" or \"credit score\""
        weight = "2.4"
        confidence = "0.75"
        reference = "docs/apk_rules.md: wording of published cases"
        scam_type = "brushing_rebate"
    strings:
        $s0 = "补单"
        $s1 = "缴纳税金"
        $s2 = "联系接待员"
        $s3 = "联系导师"
        $s4 = "信誉分"
        $s5 = "提现失败"
        $s6 = "操作失误"
        $s7 = "解冻账户"
    condition:
        2 of ($s0, $s1, $s2, $s3) and 2 of ($s4, $s5, $s6, $s7)
}
