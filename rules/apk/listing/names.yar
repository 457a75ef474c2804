// listing: tried on the names of all members.

rule names_that_mislead : evasion
{
    meta:
        id = "names-that-mislead"
        version = 1
        title_zh = "目录名冒充关键文件"
        title_en = "directories named like key files"
        weight = "1.6"
        confidence = "0.8"
        reference = "https://attack.mitre.org/techniques/T1406/"
    strings:
        $s0 = "\nAndroidManifest.xml/"
        $s1 = "\nclasses.dex/"
        $s2 = "\nresources.arsc/"
    condition:
        any of them
}

rule names_that_climb : evasion
{
    meta:
        id = "names-that-climb"
        version = 1
        title_zh = "文件名企图写到解压目录之外"
        title_en = "names climb out of the folder"
        weight = "2.0"
        confidence = "0.8"
        reference = "https://attack.mitre.org/techniques/T1406/"
    strings:
        $s0 = "/../../"
        $s1 = "\n../../"
    condition:
        any of them
}

rule nested_apk_named : capability
{
    meta:
        id = "nested-apk-named"
        version = 1
        title_zh = "应用内含另一个安装包"
        title_en = "holds another APK"
        weight = "0.8"
        confidence = "0.7"
        reference = "https://attack.mitre.org/techniques/T1407/"
    strings:
        $s0 = /\nassets\/[ -~]{1,60}\.apk\n/
    condition:
        $s0
}

rule made_with_uni_app : capability
{
    meta:
        id = "made-with-uni-app"
        version = 1
        title_zh = "用 uni-app 生成，真正的程序是网页脚本"
        title_en = "made with uni-app: the program is a script"
        weight = "0.2"
        confidence = "0.9"
        reference = "https://uniapp.dcloud.net.cn/"
    strings:
        $s0 = "\nassets/apps/__UNI__"
        $s1 = "\nassets/data/dcloud_control.xml\n"
    condition:
        all of them
}

rule made_with_apicloud : capability
{
    meta:
        id = "made-with-apicloud"
        version = 1
        title_zh = "用 APICloud 生成，真正的程序是网页脚本"
        title_en = "made with APICloud: the program is a script"
        weight = "0.2"
        confidence = "0.85"
        reference = "https://www.apicloud.com/"
    strings:
        $s0 = "\nassets/widget/config.xml\n"
        $s1 = "\nassets/uzmap/"
    condition:
        any of them
}

rule remote_desk_library : capability
{
    meta:
        id = "remote-desk-library"
        version = 1
        title_zh = "内含远程桌面动态库"
        title_en = "holds the library of a remote desktop"
        weight = "2.0"
        confidence = "0.8"
        reference = "https://attack.mitre.org/techniques/T1663/"
    strings:
        $s0 = "/librustdesk.so\n"
        $s1 = "/libsunlogin"
        $s2 = "/libtodesk"
    condition:
        any of them
}

rule screen_share_library : capability
{
    meta:
        id = "screen-share-library"
        version = 1
        title_zh = "内含屏幕共享动态库"
        title_en = "holds a library for sharing the screen"
        weight = "0.6"
        confidence = "0.75"
        reference = "https://attack.mitre.org/techniques/T1513/"
    strings:
        $s0 = "/libagora_screen_capture_extension.so\n"
    condition:
        $s0
}
