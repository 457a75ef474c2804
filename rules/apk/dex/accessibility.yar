// dex: tried on Dalvik code.

rule accessibility_gestures : capability
{
    meta:
        id = "accessibility-gestures"
        version = 1
        title_zh = "用无障碍服务模拟点击与滑动"
        title_en = "taps and swipes by accessibility"
        weight = "1.4"
        confidence = "0.8"
        reference = "https://attack.mitre.org/techniques/T1516/"
    strings:
        $s0 = "Landroid/accessibilityservice/AccessibilityService;"
        $s1 = "dispatchGesture"
        $s2 = "Landroid/accessibilityservice/GestureDescription$Builder;"
    condition:
        all of them
}

rule accessibility_reads_screen : capability
{
    meta:
        id = "accessibility-reads-screen"
        version = 1
        title_zh = "用无障碍服务读取其他应用的界面"
        title_en = "reads other apps' screens by accessibility"
        weight = "1.0"
        confidence = "0.75"
        reference = "https://attack.mitre.org/techniques/T1453/"
    strings:
        $s0 = "Landroid/accessibilityservice/AccessibilityService;"
        $s1 = "getRootInActiveWindow"
        $s2 = "findAccessibilityNodeInfosByViewId"
    condition:
        all of them
}

rule accessibility_grants_itself : capability
{
    meta:
        id = "accessibility-grants-itself"
        version = 1
        title_zh = "用无障碍服务自动授予权限"
        title_en = "grants itself permissions by accessibility"
        weight = "2.4"
        confidence = "0.85"
        reference = "https://attack.mitre.org/techniques/T1453/"
    strings:
        $s0 = "Landroid/accessibilityservice/AccessibilityService;"
        $s1 = "com.android.permissioncontroller:id/permission_allow_button"
        $s2 = "com.android.packageinstaller:id/permission_allow_button"
    condition:
        $s0 and any of ($s1, $s2)
}

rule accessibility_installs : capability
{
    meta:
        id = "accessibility-installs"
        version = 1
        title_zh = "用无障碍服务自动安装应用"
        title_en = "installs apps by accessibility"
        weight = "2.2"
        confidence = "0.8"
        reference = "https://attack.mitre.org/techniques/T1453/"
    strings:
        $s0 = "Landroid/accessibilityservice/AccessibilityService;"
        $s1 = "com.android.packageinstaller:id/ok_button"
        $s2 = "com.miui.packageinstaller"
    condition:
        $s0 and any of ($s1, $s2)
}

rule accessibility_prevents_removal : capability
{
    meta:
        id = "accessibility-prevents-removal"
        version = 1
        title_zh = "用无障碍服务阻止卸载"
        title_en = "prevents its removal by accessibility"
        weight = "2.2"
        confidence = "0.75"
        reference = "https://attack.mitre.org/techniques/T1629/001/"
    strings:
        $s0 = "Landroid/accessibilityservice/AccessibilityService;"
        $s1 = "performGlobalAction"
        $s2 = "com.android.settings"
        $s3 = "卸载"
        $s4 = "uninstall"
    condition:
        $s0 and $s1 and $s2 and any of ($s3, $s4)
}

rule accessibility_watches_payment : capability
{
    meta:
        id = "accessibility-watches-payment"
        version = 1
        title_zh = "用无障碍服务监视支付与聊天应用"
        title_en = "watches payment and chat apps by accessibility"
        weight = "1.6"
        confidence = "0.7"
        reference = "https://attack.mitre.org/techniques/T1453/"
    strings:
        $s0 = "Landroid/accessibilityservice/AccessibilityService;"
        $s1 = "getRootInActiveWindow"
        $s2 = "com.eg.android.AlipayGphone"
        $s3 = "com.tencent.mm"
    condition:
        all of them
}

rule accessibility_sets_text : capability
{
    meta:
        id = "accessibility-sets-text"
        version = 1
        title_zh = "用无障碍服务填写输入框"
        title_en = "types into other apps by accessibility"
        weight = "1.6"
        confidence = "0.75"
        reference = "https://attack.mitre.org/techniques/T1516/"
    strings:
        $s0 = "Landroid/accessibilityservice/AccessibilityService;"
        $s1 = "ACTION_ARGUMENT_SET_TEXT_CHARSEQUENCE"
        $s2 = "performAction"
    condition:
        all of them
}
