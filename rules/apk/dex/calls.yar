// dex: tried on Dalvik code.

rule calls_ended_by_reflection : capability
{
    meta:
        id = "calls-ended-by-reflection"
        version = 1
        title_zh = "反射调用系统接口挂断来电"
        title_en = "ends calls through a hidden interface"
        weight = "1.6"
        confidence = "0.8"
        reference = "https://attack.mitre.org/techniques/T1616/"
    strings:
        $s0 = "com.android.internal.telephony.ITelephony"
        $s1 = "endCall"
        $s2 = "getITelephony"
    condition:
        $s1 and any of ($s0, $s2)
}

rule calls_screened : capability
{
    meta:
        id = "calls-screened"
        version = 1
        title_zh = "过滤并拒接来电"
        title_en = "screens and rejects calls"
        weight = "1.0"
        confidence = "0.7"
        reference = "https://developer.android.com/reference/android/telecom/CallScreeningService"
    strings:
        $s0 = "Landroid/telecom/CallScreeningService;"
        $s1 = "setDisallowCall"
        $s2 = "setRejectCall"
    condition:
        all of them
}

rule calls_redirected : capability
{
    meta:
        id = "calls-redirected"
        version = 1
        title_zh = "改拨呼出电话"
        title_en = "redirects calls that are placed"
        weight = "2.0"
        confidence = "0.8"
        reference = "https://developer.android.com/reference/android/telecom/CallRedirectionService"
    strings:
        $s0 = "Landroid/telecom/CallRedirectionService;"
        $s1 = "redirectCall"
    condition:
        all of them
}

rule outgoing_calls_rewritten : capability
{
    meta:
        id = "outgoing-calls-rewritten"
        version = 1
        title_zh = "改写拨出的号码"
        title_en = "rewrites the number that is dialled"
        weight = "2.0"
        confidence = "0.75"
        reference = "https://attack.mitre.org/techniques/T1616/"
    strings:
        $s0 = "android.intent.action.NEW_OUTGOING_CALL"
        $s1 = "setResultData"
    condition:
        all of them and has_call_control
}

rule fake_call_screen : capability
{
    meta:
        id = "fake-call-screen"
        version = 1
        title_zh = "伪造通话界面"
        title_en = "shows a call screen of its own"
        weight = "1.4"
        confidence = "0.65"
        reference = "https://attack.mitre.org/techniques/T1616/"
    strings:
        $s0 = "Landroid/telecom/InCallService;"
        $s1 = "android.intent.action.NEW_OUTGOING_CALL"
    condition:
        all of them and has_overlay
}

rule call_log_rewritten : capability
{
    meta:
        id = "call-log-rewritten"
        version = 1
        title_zh = "读取并删改通话记录"
        title_en = "reads and rewrites the call log"
        weight = "1.6"
        confidence = "0.7"
        reference = "https://attack.mitre.org/techniques/T1636/002/"
    strings:
        $s0 = "Landroid/provider/CallLog$Calls;"
        $s1 = "content://call_log/calls"
        $s2 = "bulkInsert"
    condition:
        any of ($s0, $s1) and $s2 and has_call_log
}

rule call_log_read : capability
{
    meta:
        id = "call-log-read"
        version = 1
        title_zh = "读取通话记录"
        title_en = "reads the call log"
        weight = "0.8"
        confidence = "0.75"
        reference = "https://attack.mitre.org/techniques/T1636/002/"
    strings:
        $s0 = "Landroid/provider/CallLog$Calls;"
        $s1 = "content://call_log/calls"
    condition:
        any of them and has_call_log
}

rule calls_recorded : capability
{
    meta:
        id = "calls-recorded"
        version = 1
        title_zh = "录制通话"
        title_en = "records calls"
        weight = "1.4"
        confidence = "0.7"
        reference = "https://attack.mitre.org/techniques/T1429/"
    strings:
        $s0 = "Landroid/media/MediaRecorder;"
        $s1 = "setAudioSource"
        $s2 = "android.intent.action.PHONE_STATE"
    condition:
        all of them and has_microphone
}
