// words: tried on code, resource table and text alike.

rule nude_chat_contacts : family
{
    meta:
        id = "nude-chat-contacts"
        version = 1
        title_zh = "裸聊敲诈：色情直播应用窃取通讯录"
        title_en = "nude-chat extortion: a live show that takes the contacts"
        weight = "3.2"
        confidence = "0.85"
        reference = "docs/apk_rules.md: wording of published cases"
        scam_type = "nude_chat_extortion"
    strings:
        $s0 = "裸聊"
        $s1 = "一对一激情"
        $s2 = "福利直播"
        $s3 = "看片"
        $s4 = "激情视频"
        $s5 = "邀请码进入"
        $s6 = "私密直播"
    condition:
        2 of them and has_contacts
}

rule live_show_sms_thief : family
{
    meta:
        id = "live-show-sms-thief"
        version = 1
        title_zh = "裸聊敲诈：直播交友应用窃取短信与通讯录"
        title_en = "nude-chat extortion: a live-chat app that takes texts and contacts"
        weight = "2.6"
        confidence = "0.75"
        reference = "docs/apk_rules.md: wording of published cases"
        scam_type = "nude_chat_extortion"
    strings:
        $s0 = "content://sms"
        $s1 = "直播间"
        $s2 = "邀请码"
        $s3 = "ContactsContract$CommonDataKinds$Phone"
    condition:
        all of them and has_contacts and has_sms
}

rule album_extortion : family
{
    meta:
        id = "album-extortion"
        version = 1
        title_zh = "敲诈：以相册、通讯录相威胁"
        title_en = "extortion: threatens with pictures and contacts"
        weight = "2.4"
        confidence = "0.7"
        reference = "docs/apk_rules.md: wording of published cases"
        scam_type = "nude_chat_extortion"
    strings:
        $s0 = "群发通讯录"
        $s1 = "通讯录已读取"
        $s2 = "发给你的亲友"
        $s3 = "删除视频"
        $s4 = "私了"
        $s5 = "你的通讯录"
    condition:
        2 of them and has_contacts
}
