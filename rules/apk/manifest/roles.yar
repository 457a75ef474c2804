// manifest: tried on AndroidManifest.xml.

rule manifest_default_sms : capability
{
    meta:
        id = "manifest-default-sms"
        version = 1
        title_zh = "声明为短信应用"
        title_en = "declares itself an app of texts"
        weight = "0.8"
        confidence = "0.75"
        reference = "https://developer.android.com/reference/android/provider/Telephony"
    strings:
        $s0 = "android.provider.Telephony.SMS_DELIVER"
        $s1 = "android.intent.action.RESPOND_VIA_MESSAGE"
    condition:
        all of them
}

rule manifest_dialler : capability
{
    meta:
        id = "manifest-dialler"
        version = 1
        title_zh = "声明为拨号应用"
        title_en = "declares itself the dialler"
        weight = "0.8"
        confidence = "0.7"
        reference = "https://developer.android.com/reference/android/telecom/InCallService"
    strings:
        $s0 = "android.intent.action.DIAL"
        $s1 = "android.telecom.InCallService"
    condition:
        all of them
}

rule manifest_call_redirection : capability
{
    meta:
        id = "manifest-call-redirection"
        version = 1
        title_zh = "声明改拨电话服务"
        title_en = "declares a service that redirects calls"
        weight = "1.6"
        confidence = "0.75"
        reference = "https://developer.android.com/reference/android/telecom/CallRedirectionService"
    strings:
        $s0 = "android.telecom.CallRedirectionService"
    condition:
        $s0
}

rule manifest_accessibility_overlay : capability
{
    meta:
        id = "manifest-accessibility-overlay"
        version = 1
        title_zh = "无障碍服务、悬浮窗与屏幕录制并存"
        title_en = "accessibility, windows over others and screen recording together"
        weight = "2.0"
        confidence = "0.8"
        reference = "https://attack.mitre.org/techniques/T1453/"
    strings:
        $s0 = "android.accessibilityservice.AccessibilityService"
    condition:
        $s0 and has_overlay and has_projection
}

rule manifest_device_admin : capability
{
    meta:
        id = "manifest-device-admin"
        version = 1
        title_zh = "声明设备管理器"
        title_en = "declares a device administrator"
        weight = "1.0"
        confidence = "0.7"
        reference = "https://attack.mitre.org/techniques/T1626/001/"
    strings:
        $s0 = "android.app.action.DEVICE_ADMIN_ENABLED"
        $s1 = "android.permission.BIND_DEVICE_ADMIN"
    condition:
        all of them
}

rule manifest_notification_listener : capability
{
    meta:
        id = "manifest-notification-listener"
        version = 1
        title_zh = "声明通知监听服务并可读短信"
        title_en = "declares a listener to notifications beside texts"
        weight = "1.0"
        confidence = "0.7"
        reference = "https://attack.mitre.org/techniques/T1517/"
    strings:
        $s0 = "android.service.notification.NotificationListenerService"
    condition:
        $s0 and has_sms
}

rule manifest_outgoing_calls : capability
{
    meta:
        id = "manifest-outgoing-calls"
        version = 1
        title_zh = "监听拨出电话"
        title_en = "listens to calls that are placed"
        weight = "0.8"
        confidence = "0.65"
        reference = "https://attack.mitre.org/techniques/T1616/"
    strings:
        $s0 = "android.intent.action.NEW_OUTGOING_CALL"
    condition:
        $s0
}
