// words: tried on code, resource table and text alike.

rule second_contracts : family
{
    meta:
        id = "second-contracts"
        version = 1
        title_zh = "虚假投资：秒合约看涨看跌"
        title_en = "fake investment: bets on seconds of a price"
        weight = "2.6"
        confidence = "0.8"
        reference = "docs/apk_rules.md: wording of published cases"
        scam_type = "fake_investment"
    strings:
        $s0 = "秒合约"
        $s1 = "盈利率"
        $s2 = "控盘"
        $s3 = "看涨"
        $s4 = "看跌"
        $s5 = "充币"
        $s6 = "提币"
        $s7 = "交割时间"
        $s8 = "法币充值"
    condition:
        1 of ($s0, $s1, $s2) and 4 of ($s3, $s4, $s5, $s6, $s7, $s8)
}

rule fake_stock_platform : family
{
    meta:
        id = "fake-stock-platform"
        version = 1
        title_zh = "虚假投资：假证券平台打新、大宗交易"
        title_en = "fake investment: a false broker with allotments and block trades"
        weight = "2.4"
        confidence = "0.7"
        reference = "docs/apk_rules.md: wording of published cases"
        scam_type = "fake_investment"
    strings:
        $s0 = "内部通道"
        $s1 = "联系客服充值"
        $s2 = "主力席位"
        $s3 = "保证中签"
        $s4 = "机构席位"
        $s5 = "配资"
        $s6 = "大宗交易"
        $s7 = "新股申购"
        $s8 = "银证转入"
        $s9 = "中签缴款"
    condition:
        2 of ($s0, $s1, $s2, $s3, $s4, $s5) and 2 of ($s6, $s7, $s8, $s9)
}

rule teacher_signals : family
{
    meta:
        id = "teacher-signals"
        version = 1
        title_zh = "虚假投资：导师带单、内幕消息"
        title_en = "fake investment: a teacher's signals and inside news"
        weight = "2.2"
        confidence = "0.7"
        reference = "docs/apk_rules.md: wording of published cases"
        scam_type = "fake_investment"
    strings:
        $s0 = "导师带单"
        $s1 = "跟单社区"
        $s2 = "老师喊单"
        $s3 = "带单老师"
        $s4 = "内幕消息"
        $s5 = "稳赚不赔"
        $s6 = "保本保息"
        $s7 = "高额回报"
    condition:
        2 of ($s0, $s1, $s2, $s3) and 1 of ($s4, $s5, $s6, $s7)
}

rule mining_staking : family
{
    meta:
        id = "mining-staking"
        version = 1
        title_zh = "虚假投资：云矿机、质押挖矿"
        title_en = "fake investment: rented miners and staking"
        weight = "2.0"
        confidence = "0.65"
        reference = "docs/apk_rules.md: wording of published cases"
        scam_type = "fake_investment"
    strings:
        $s0 = "云矿机"
        $s1 = "质押挖矿"
        $s2 = "每日收益"
        $s3 = "推广奖励"
        $s4 = "团队收益"
        $s5 = "矿机租赁"
        $s6 = "静态收益"
        $s7 = "动态收益"
    condition:
        4 of them
}

rule national_assets : family
{
    meta:
        id = "national-assets"
        version = 1
        title_zh = "虚假投资：民族资产解冻、扶贫补贴"
        title_en = "fake investment: \"frozen national assets\" and subsidies"
        weight = "2.6"
        confidence = "0.8"
        reference = "docs/apk_rules.md: wording of published cases"
        scam_type = "fake_investment"
    strings:
        $s0 = "善款发放"
        $s1 = "数字人民币补贴"
        $s2 = "国家批文"
        $s3 = "红头文件"
        $s4 = "民族资产"
        $s5 = "资产解冻"
        $s6 = "扶贫款"
        $s7 = "乡村振兴补贴"
    condition:
        2 of ($s0, $s1, $s2, $s3) and 1 of ($s4, $s5, $s6, $s7)
}

rule wallet_approval : family
{
    meta:
        id = "wallet-approval"
        version = 1
        title_zh = "虚假投资：诱导钱包授权 USDT"
        title_en = "fake investment: a wallet is made to approve USDT"
        weight = "2.4"
        confidence = "0.75"
        reference = "docs/apk_rules.md: wording of published cases"
        scam_type = "fake_investment"
    strings:
        $s0 = "approve"
        $s1 = "increaseAllowance"
        $s2 = "USDT"
        $s3 = "空投领取"
        $s4 = "质押领取"
        $s5 = "授权成功"
        $s6 = "imtoken"
    condition:
        5 of them
}
