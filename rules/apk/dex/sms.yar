// dex: tried on Dalvik code.

rule sms_inbox_read : capability
{
    meta:
        id = "sms-inbox-read"
        version = 1
        title_zh = "读取短信收件箱"
        title_en = "reads the inbox of texts"
        weight = "1.0"
        confidence = "0.8"
        reference = "https://attack.mitre.org/techniques/T1636/004/"
    strings:
        $s0 = "content://sms"
    condition:
        $s0 and has_sms
}

rule sms_intercept : capability
{
    meta:
        id = "sms-intercept"
        version = 1
        title_zh = "拦截新短信"
        title_en = "intercepts texts as they come"
        weight = "1.2"
        confidence = "0.8"
        reference = "https://attack.mitre.org/techniques/T1636/004/"
    strings:
        $s0 = "android.provider.Telephony.SMS_RECEIVED"
        $s1 = "createFromPdu"
        $s2 = "getMessageBody"
    condition:
        all of them and has_sms
}

rule sms_hidden : capability
{
    meta:
        id = "sms-hidden"
        version = 1
        title_zh = "拦截短信且不让本人看到"
        title_en = "keeps texts from the person"
        weight = "2.0"
        confidence = "0.8"
        reference = "https://attack.mitre.org/techniques/T1582/"
    strings:
        $s0 = "createFromPdu"
        $s1 = "abortBroadcast"
        $s2 = "getMessageBody"
    condition:
        all of them and has_sms
}

rule sms_send : capability
{
    meta:
        id = "sms-send"
        version = 1
        title_zh = "发送短信"
        title_en = "sends texts"
        weight = "0.8"
        confidence = "0.75"
        reference = "https://attack.mitre.org/techniques/T1582/"
    strings:
        $s0 = "Landroid/telephony/SmsManager;"
        $s1 = "sendTextMessage"
    condition:
        all of them and has_sms
}

rule sms_default_app : capability
{
    meta:
        id = "sms-default-app"
        version = 1
        title_zh = "请求成为默认短信应用"
        title_en = "asks to become the app of all texts"
        weight = "1.4"
        confidence = "0.75"
        reference = "https://attack.mitre.org/techniques/T1582/"
    strings:
        $s0 = "android.provider.Telephony.ACTION_CHANGE_DEFAULT"
        $s1 = "android.app.role.SMS"
    condition:
        any of them and has_sms
}

rule sms_upload : capability
{
    meta:
        id = "sms-upload"
        version = 1
        title_zh = "监听短信库并上传"
        title_en = "watches the store of texts and uploads"
        weight = "1.6"
        confidence = "0.7"
        reference = "https://attack.mitre.org/techniques/T1646/"
    strings:
        $s0 = "content://sms"
        $s1 = "registerContentObserver"
        $s2 = "Lokhttp3/MultipartBody;"
        $s3 = "Lokhttp3/RequestBody;"
    condition:
        $s0 and $s1 and any of ($s2, $s3) and has_sms
}

rule sms_code_pattern : capability
{
    meta:
        id = "sms-code-pattern"
        version = 1
        title_zh = "从短信中提取验证码"
        title_en = "takes codes out of texts"
        weight = "1.4"
        confidence = "0.7"
        reference = "https://attack.mitre.org/techniques/T1636/004/"
    strings:
        $s0 = "getMessageBody"
        $s1 = "(?<![0-9])([0-9]{4,6})(?![0-9])"
        $s2 = "\\d{6}"
        $s3 = "验证码"
    condition:
        $s0 and $s3 and any of ($s1, $s2) and has_sms
}
