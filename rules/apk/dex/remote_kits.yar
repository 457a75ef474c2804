// dex: tried on Dalvik code.

rule remote_desk_kit : capability
{
    meta:
        id = "remote-desk-kit"
        version = 1
        title_zh = "内含远程桌面程序"
        title_en = "holds a remote-desktop program"
        weight = "2.0"
        confidence = "0.8"
        reference = "https://attack.mitre.org/techniques/T1663/"
    strings:
        $s0 = "Lcom/carriez/flutter_hbb/"
        $s1 = "Lcom/oray/sunlogin/"
        $s2 = "Lcom/teamviewer/sdk/"
        $s3 = "Lcom/anydesk/"
    condition:
        any of them
}

rule vnc_server : capability
{
    meta:
        id = "vnc-server"
        version = 1
        title_zh = "内含 VNC 远程控制服务"
        title_en = "holds a VNC server"
        weight = "2.0"
        confidence = "0.75"
        reference = "https://attack.mitre.org/techniques/T1663/"
    strings:
        $s0 = "RFB 003.008\n"
        $s1 = "Landroid/media/projection/MediaProjection;"
    condition:
        all of them
}

rule screen_share_kit : capability
{
    meta:
        id = "screen-share-kit"
        version = 1
        title_zh = "含实时屏幕共享组件"
        title_en = "holds a kit for sharing the screen live"
        weight = "0.8"
        confidence = "0.7"
        reference = "https://docs.agora.io/"
    strings:
        $s0 = "Lio/agora/rtc2/ScreenCaptureParameters;"
        $s1 = "Lcom/tencent/trtc/TRTCCloud;"
        $s2 = "Lim/zego/zegoexpress/ZegoExpressEngine;"
        $s3 = "startScreenCapture"
        $s4 = "Landroid/media/projection/MediaProjection;"
    condition:
        any of ($s0, $s1, $s2) and any of ($s3, $s4)
}
