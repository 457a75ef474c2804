// words: tried on code, resource table and text alike.

rule covering_while_stealing : family
{
    meta:
        id = "covering-while-stealing"
        version = 1
        title_zh = "以“系统升级”黑屏掩盖转账"
        title_en = "a false \"system update\" covers the screen while money is moved"
        weight = "3.0"
        confidence = "0.8"
        reference = "docs/apk_rules.md: wording of published cases"
        scam_type = "fake_police"
    strings:
        $s0 = "请勿操作手机"
        $s1 = "请勿触摸屏幕"
        $s2 = "资金保护中"
        $s3 = "系统升级中"
        $s4 = "正在更新系统"
        $s5 = "请勿关闭手机"
    condition:
        1 of ($s0, $s1, $s2) and 1 of ($s3, $s4, $s5) and (has_overlay or has_accessibility)
}

rule meeting_app_controls : family
{
    meta:
        id = "meeting-app-controls"
        version = 1
        title_zh = "虚假会议：会议应用带远程控制与来电拦截"
        title_en = "false meeting: with remote control and call blocking"
        weight = "3.0"
        confidence = "0.8"
        reference = "docs/apk_rules.md: wording of published cases"
        scam_type = "fake_police"
    strings:
        $s0 = "会议室"
        $s1 = "屏幕共享"
        $s2 = "endCall"
        $s3 = "dispatchGesture"
        $s4 = "Landroid/accessibilityservice/AccessibilityService;"
    condition:
        all of them and has_accessibility and has_call_control
}
