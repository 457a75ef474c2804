// text: tried on scripts, pages and JSON.

rule script_reads_texts : capability
{
    meta:
        id = "script-reads-texts"
        version = 1
        title_zh = "网页脚本读取短信"
        title_en = "a script reads the texts"
        weight = "2.4"
        confidence = "0.85"
        reference = "https://attack.mitre.org/techniques/T1636/004/"
        scam_type = "nude_chat_extortion"
    strings:
        $s0 = "plus.android"
        $s1 = "content://sms"
    condition:
        all of them
}

rule script_takes_contacts : capability
{
    meta:
        id = "script-takes-contacts"
        version = 1
        title_zh = "网页脚本读取并上传通讯录"
        title_en = "a script takes and uploads the contacts"
        weight = "1.8"
        confidence = "0.75"
        reference = "https://attack.mitre.org/techniques/T1636/003/"
    strings:
        $s0 = "plus.contacts.getAddressBook"
        $s1 = "uni.request"
        $s2 = "uploadFile"
        $s3 = ".ajax("
    condition:
        $s0 and any of ($s1, $s2, $s3) and has_contacts
}

rule script_takes_album : capability
{
    meta:
        id = "script-takes-album"
        version = 1
        title_zh = "网页脚本遍历相册并上传"
        title_en = "a script goes through the pictures and uploads them"
        weight = "1.4"
        confidence = "0.65"
        reference = "https://attack.mitre.org/techniques/T1533/"
    strings:
        $s0 = "android.provider.MediaStore"
        $s1 = "plus.uploader.createUpload"
        $s2 = "plus.android.importClass"
    condition:
        all of them
}

rule script_takes_call_log : capability
{
    meta:
        id = "script-takes-call-log"
        version = 1
        title_zh = "网页脚本读取通话记录"
        title_en = "a script reads the call log"
        weight = "1.8"
        confidence = "0.75"
        reference = "https://attack.mitre.org/techniques/T1636/002/"
    strings:
        $s0 = "plus.android"
        $s1 = "content://call_log"
    condition:
        all of them
}

rule page_at_bare_address : evasion
{
    meta:
        id = "page-at-bare-address"
        version = 1
        title_zh = "启动页指向裸 IP 地址"
        title_en = "the start page lies at a bare IP address"
        weight = "1.2"
        confidence = "0.65"
        reference = "https://attack.mitre.org/techniques/T1481/"
    strings:
        $s0 = /\"(launch_path|url|baseUrl|host)\":[ ]?\"https?:\/\/[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}[:\/\"]/
    condition:
        $s0
}

rule script_fetches_apk : capability
{
    meta:
        id = "script-fetches-apk"
        version = 1
        title_zh = "网页脚本下载并安装另一应用"
        title_en = "a script fetches and installs another app"
        weight = "1.0"
        confidence = "0.6"
        reference = "https://attack.mitre.org/techniques/T1407/"
    strings:
        $s0 = "plus.runtime.install"
        $s1 = "plus.downloader.createDownload"
    condition:
        all of them and has_installer
}

rule payload_in_base64 : evasion
{
    meta:
        id = "payload-in-base64"
        version = 1
        title_zh = "以 Base64 藏有代码或安装包"
        title_en = "code or an APK hidden in Base64"
        weight = "1.6"
        confidence = "0.75"
        reference = "https://attack.mitre.org/techniques/T1406/"
    strings:
        $s0 = "ZGV4CjAzN"
        $s1 = "UEsDBBQAAAAIA"
        $s2 = "UEsDBAoAAAAAA"
    condition:
        any of them
}

rule chat_service_hosts : capability
{
    meta:
        id = "chat-service-hosts"
        version = 1
        title_zh = "内嵌网页客服系统"
        title_en = "holds a web help desk"
        weight = "0.3"
        confidence = "0.5"
        reference = "docs/apk_rules.md: wording of published cases"
    strings:
        $s0 = "meiqia.com/dist/meiqia.js"
        $s1 = "salesmartly.com"
        $s2 = "livechatinc.com/tracking.js"
        $s3 = "embed.tawk.to"
    condition:
        any of them
}
