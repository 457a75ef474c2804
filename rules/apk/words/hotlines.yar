// words: tried on code, resource table and text alike.

rule hotline_96110_blocked : capability
{
    meta:
        id = "hotline-96110-blocked"
        version = 1
        title_zh = "拦截反诈专线 96110"
        title_en = "blocks the anti-fraud hotline 96110"
        weight = "4.0"
        confidence = "0.9"
        reference = "https://www.mps.gov.cn/"
        scam_type = "fake_police"
    strings:
        $s0 = "96110"
        $s1 = "endCall"
        $s2 = "setRejectCall"
        $s3 = "setDisallowCall"
        $s4 = "abortBroadcast"
    condition:
        $s0 and any of ($s1, $s2, $s3, $s4) and (has_call_control or has_call_log or has_sms)
}

rule hotline_number_list : capability
{
    meta:
        id = "hotline-number-list"
        version = 1
        title_zh = "内置银行与报警号码名单，可用于拦截或冒充来电"
        title_en = "a list of bank and police numbers, to block or to fake their calls"
        weight = "2.0"
        confidence = "0.7"
        reference = "https://attack.mitre.org/techniques/T1616/"
    strings:
        $s0 = "96110"
        $s1 = "95588"
        $s2 = "95533"
        $s3 = "95599"
        $s4 = "95566"
        $s5 = "12381"
        $s6 = "95555"
        $s7 = "12110"
    condition:
        5 of them and (has_call_control or has_call_log)
}
