// dex: tried on Dalvik code.

rule screen_projection : capability
{
    meta:
        id = "screen-projection"
        version = 1
        title_zh = "可录制或共享屏幕"
        title_en = "can record or share the screen"
        weight = "0.6"
        confidence = "0.8"
        reference = "https://attack.mitre.org/techniques/T1513/"
    strings:
        $s0 = "Landroid/media/projection/MediaProjection;"
        $s1 = "createScreenCaptureIntent"
        $s2 = "createVirtualDisplay"
    condition:
        all of them
}

rule screen_and_gestures : capability
{
    meta:
        id = "screen-and-gestures"
        version = 1
        title_zh = "共享屏幕并代替本人操作"
        title_en = "shares the screen and acts for the person"
        weight = "2.2"
        confidence = "0.85"
        reference = "https://attack.mitre.org/techniques/T1516/"
    strings:
        $s0 = "Landroid/media/projection/MediaProjection;"
        $s1 = "createVirtualDisplay"
        $s2 = "Landroid/accessibilityservice/AccessibilityService;"
        $s3 = "dispatchGesture"
    condition:
        all of them
}

rule screen_by_accessibility : capability
{
    meta:
        id = "screen-by-accessibility"
        version = 1
        title_zh = "用无障碍服务截屏"
        title_en = "takes pictures of the screen by accessibility"
        weight = "1.4"
        confidence = "0.8"
        reference = "https://attack.mitre.org/techniques/T1513/"
    strings:
        $s0 = "Landroid/accessibilityservice/AccessibilityService;"
        $s1 = "takeScreenshot"
        $s2 = "Landroid/accessibilityservice/AccessibilityService$TakeScreenshotCallback;"
    condition:
        all of them
}

rule lock_screen_recorded : capability
{
    meta:
        id = "lock-screen-recorded"
        version = 1
        title_zh = "记录锁屏密码"
        title_en = "records how the screen is unlocked"
        weight = "2.2"
        confidence = "0.7"
        reference = "https://attack.mitre.org/techniques/T1417/"
    strings:
        $s0 = "Landroid/accessibilityservice/AccessibilityService;"
        $s1 = "com.android.systemui:id/lockPatternView"
        $s2 = "com.android.systemui:id/pinEntry"
        $s3 = "com.android.systemui:id/passwordEntry"
    condition:
        $s0 and any of ($s1, $s2, $s3)
}
