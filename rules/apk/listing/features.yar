// listing: tried on the names of all members.

rule label_police : family
{
    meta:
        id = "label-police"
        version = 1
        title_zh = "自称公安、检察、反诈类应用，却要短信、通讯录或无障碍权限"
        title_en = "is named after police, court or anti-fraud, and asks for texts, contacts or accessibility"
        weight = "2.6"
        confidence = "0.75"
        reference = "docs/apk_rules.md: wording of published cases"
        scam_type = "fake_police"
    condition:
        (label contains "公安" or label contains "检察" or label contains "法院" or label contains "国家反诈" or label contains "反诈中心" or label contains "国家安全") and package != "com.hicorenational.antifraud" and ((has_sms and has_contacts) or has_accessibility or has_projection)
}

rule label_bank_control : family
{
    meta:
        id = "label-bank-control"
        version = 1
        title_zh = "名称像银行或银联，却要无障碍与悬浮窗权限"
        title_en = "is named like a bank, and asks for accessibility and windows over others"
        weight = "2.4"
        confidence = "0.7"
        reference = "docs/apk_rules.md: wording of published cases"
        scam_type = "bank_impersonation"
    condition:
        (label contains "银行" or label contains "银联" or label contains "云闪付") and has_accessibility and has_overlay
}

rule label_service_control : family
{
    meta:
        id = "label-service-control"
        version = 1
        title_zh = "名称像客服、理赔，却能共享屏幕并代替操作"
        title_en = "is named like a help desk, and can share the screen and act for the person"
        weight = "2.4"
        confidence = "0.7"
        reference = "docs/apk_rules.md: wording of published cases"
        scam_type = "fake_customer_service"
    condition:
        (label contains "客服" or label contains "理赔" or label contains "退款" or label contains "取消会员") and (has_projection or has_overlay) and has_accessibility
}

rule label_meeting_control : family
{
    meta:
        id = "label-meeting-control"
        version = 1
        title_zh = "名称像会议应用，却能代替操作并拦截来电"
        title_en = "is named like a meeting app, and can act for the person and stop calls"
        weight = "2.6"
        confidence = "0.75"
        reference = "docs/apk_rules.md: wording of published cases"
        scam_type = "fake_police"
    condition:
        (label contains "会议" or label contains "Meeting") and has_accessibility and (has_call_control or has_sms)
}

rule label_live_show : family
{
    meta:
        id = "label-live-show"
        version = 1
        title_zh = "名称像直播交友，却要短信与通讯录"
        title_en = "is named like a live show, and asks for texts and contacts"
        weight = "2.2"
        confidence = "0.7"
        reference = "docs/apk_rules.md: wording of published cases"
        scam_type = "nude_chat_extortion"
    condition:
        (label contains "直播" or label contains "约会" or label contains "私密") and has_sms and has_contacts
}

rule system_name_borrowed : evasion
{
    meta:
        id = "system-name-borrowed"
        version = 1
        title_zh = "包名冒充系统组件"
        title_en = "its package poses as part of the system"
        weight = "1.4"
        confidence = "0.7"
        reference = "https://attack.mitre.org/techniques/T1655/"
    condition:
        (package startswith "com.android." or package startswith "com.google.android.") and has_sms and (has_accessibility or hidden_launcher)
}

rule old_target_many_rights : evasion
{
    meta:
        id = "old-target-many-rights"
        version = 1
        title_zh = "声明面向旧系统，安装即获全部权限"
        title_en = "targets an old Android, so that it gets all rights at once"
        weight = "1.2"
        confidence = "0.7"
        reference = "https://developer.android.com/guide/topics/manifest/uses-sdk-element"
    condition:
        target_sdk < 23 and target_sdk > 1 and permission_count > 12 and (has_sms or has_contacts)
}

rule rights_of_everything : capability
{
    meta:
        id = "rights-of-everything"
        version = 1
        title_zh = "索取几乎全部敏感权限"
        title_en = "asks for nearly every sensitive right"
        weight = "1.8"
        confidence = "0.75"
        reference = "https://attack.mitre.org/techniques/T1636/"
    condition:
        permission_count > 30 and has_sms and has_contacts and has_call_log and has_overlay and has_microphone
}

rule several_archive_tricks : evasion
{
    meta:
        id = "several-archive-tricks"
        version = 1
        title_zh = "多种压缩包手法阻碍分析"
        title_en = "several archive tricks hinder analysis"
        weight = "1.4"
        confidence = "0.75"
        reference = "https://attack.mitre.org/techniques/T1406/"
    condition:
        archive_tricks > 3
}

rule hidden_sms_app : capability
{
    meta:
        id = "hidden-sms-app"
        version = 1
        title_zh = "无桌面图标、开机自启并可读短信"
        title_en = "no icon, starts with the phone and reads texts"
        weight = "2.2"
        confidence = "0.75"
        reference = "https://attack.mitre.org/techniques/T1628/001/"
    condition:
        hidden_launcher and starts_at_boot and has_sms
}

rule debug_key_many_rights : evasion
{
    meta:
        id = "debug-key-many-rights"
        version = 1
        title_zh = "用调试证书签名且索取短信权限"
        title_en = "signed with a debug key, and asks for texts"
        weight = "1.2"
        confidence = "0.65"
        reference = "https://developer.android.com/studio/publish/app-signing"
    condition:
        debug_certificate and has_sms and has_contacts
}

rule tiny_shell_with_rights : evasion
{
    meta:
        id = "tiny-shell-with-rights"
        version = 1
        title_zh = "代码极少却索取敏感权限，真正的程序藏在别处"
        title_en = "hardly any code but sensitive rights: the program hides elsewhere"
        weight = "1.4"
        confidence = "0.65"
        reference = "https://attack.mitre.org/techniques/T1406/002/"
    condition:
        shell_only and (has_sms or has_accessibility) and permission_count > 10
}
