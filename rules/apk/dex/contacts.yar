// dex: tried on Dalvik code.

rule contacts_dumped : capability
{
    meta:
        id = "contacts-dumped"
        version = 1
        title_zh = "导出通讯录"
        title_en = "takes the contacts"
        weight = "0.8"
        confidence = "0.7"
        reference = "https://attack.mitre.org/techniques/T1636/003/"
    strings:
        $s0 = "Landroid/provider/ContactsContract$CommonDataKinds$Phone;"
        $s1 = "data1"
        $s2 = "display_name"
    condition:
        all of them and has_contacts
}

rule personal_data_sweep : capability
{
    meta:
        id = "personal-data-sweep"
        version = 1
        title_zh = "一次收集通讯录、短信与通话记录"
        title_en = "takes contacts, texts and call log together"
        weight = "2.0"
        confidence = "0.8"
        reference = "https://attack.mitre.org/techniques/T1636/"
    strings:
        $s0 = "content://sms"
        $s1 = "content://call_log/calls"
        $s2 = "com.android.contacts"
    condition:
        all of them and has_contacts and has_sms
}

rule gallery_uploaded : capability
{
    meta:
        id = "gallery-uploaded"
        version = 1
        title_zh = "遍历相册并上传"
        title_en = "goes through the pictures and uploads them"
        weight = "1.2"
        confidence = "0.65"
        reference = "https://attack.mitre.org/techniques/T1533/"
    strings:
        $s0 = "Landroid/provider/MediaStore$Images$Media;"
        $s1 = "_data"
        $s2 = "Lokhttp3/MultipartBody;"
    condition:
        all of them and has_contacts
}
