// words: tried on code, resource table and text alike.

rule telegram_bot_exfiltration : capability
{
    meta:
        id = "telegram-bot-exfiltration"
        version = 1
        title_zh = "通过 Telegram 机器人外传数据"
        title_en = "sends data out through a Telegram bot"
        weight = "1.6"
        confidence = "0.8"
        reference = "https://attack.mitre.org/techniques/T1481/"
    strings:
        $s0 = "api.telegram.org/bot"
        $s1 = "/sendMessage"
    condition:
        all of them and (has_sms or has_notification_listener or has_contacts)
}

rule webhook_exfiltration : capability
{
    meta:
        id = "webhook-exfiltration"
        version = 1
        title_zh = "通过 Discord 网络钩子外传数据"
        title_en = "sends data out through a Discord webhook"
        weight = "1.4"
        confidence = "0.75"
        reference = "https://attack.mitre.org/techniques/T1481/"
    strings:
        $s0 = "discord.com/api/webhooks/"
        $s1 = "discordapp.com/api/webhooks/"
    condition:
        any of them and (has_sms or has_notification_listener or has_contacts)
}

rule mail_exfiltration : capability
{
    meta:
        id = "mail-exfiltration"
        version = 1
        title_zh = "通过邮箱外传短信"
        title_en = "sends texts out by mail"
        weight = "1.6"
        confidence = "0.75"
        reference = "https://attack.mitre.org/techniques/T1639/"
    strings:
        $s0 = "smtp.163.com"
        $s1 = "smtp.qq.com"
        $s2 = "smtp.126.com"
        $s3 = "smtp.gmail.com"
        $s4 = "smtp.sina.com"
    condition:
        any of them and has_sms
}

rule hosts_from_bucket : evasion
{
    meta:
        id = "hosts-from-bucket"
        version = 1
        title_zh = "从对象存储读取服务器地址，便于更换域名"
        title_en = "reads its hosts from a storage bucket, so that domains can change"
        weight = "0.8"
        confidence = "0.5"
        reference = "https://attack.mitre.org/techniques/T1481/001/"
    strings:
        $s0 = /[a-z0-9-]{3,40}\.oss-[a-z]{2,12}-[a-z]{4,12}\.aliyuncs\.com\/[a-z0-9_]{1,20}\.(json|txt)/
        $s1 = /[a-z0-9-]{3,40}\.cos\.[a-z]{2,4}-[a-z]{4,12}\.myqcloud\.com\/[a-z0-9_]{1,20}\.(json|txt)/
    condition:
        any of them
}
