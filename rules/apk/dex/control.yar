// dex: tried on Dalvik code.

rule overlay_window : capability
{
    meta:
        id = "overlay-window"
        version = 1
        title_zh = "在其他应用上显示窗口"
        title_en = "draws over other apps"
        weight = "0.8"
        confidence = "0.7"
        reference = "https://attack.mitre.org/techniques/T1417/002/"
    strings:
        $s0 = "canDrawOverlays"
        $s1 = "Landroid/view/WindowManager$LayoutParams;"
        $s2 = "addView"
    condition:
        all of them and has_overlay
}

rule overlay_on_foreground_app : capability
{
    meta:
        id = "overlay-on-foreground-app"
        version = 1
        title_zh = "按前台应用弹出覆盖窗口"
        title_en = "covers the app that is in front"
        weight = "1.8"
        confidence = "0.7"
        reference = "https://attack.mitre.org/techniques/T1417/002/"
    strings:
        $s0 = "Landroid/app/usage/UsageStatsManager;"
        $s1 = "queryEvents"
        $s2 = "canDrawOverlays"
    condition:
        all of them and has_overlay
}

rule install_session : capability
{
    meta:
        id = "install-session"
        version = 1
        title_zh = "自行安装其他应用"
        title_en = "installs other apps"
        weight = "1.0"
        confidence = "0.7"
        reference = "https://attack.mitre.org/techniques/T1407/"
    strings:
        $s0 = "Landroid/content/pm/PackageInstaller$Session;"
        $s1 = "openWrite"
        $s2 = "commit"
    condition:
        all of them and has_installer
}

rule shell_install : capability
{
    meta:
        id = "shell-install"
        version = 1
        title_zh = "用命令静默安装应用"
        title_en = "installs apps silently by a shell command"
        weight = "2.0"
        confidence = "0.8"
        reference = "https://attack.mitre.org/techniques/T1623/"
    strings:
        $s0 = "pm install -r"
        $s1 = "pm install -g"
        $s2 = "pm install -t"
    condition:
        any of them
}

rule shell_grants : capability
{
    meta:
        id = "shell-grants"
        version = 1
        title_zh = "用命令授予权限"
        title_en = "grants permissions by a shell command"
        weight = "1.6"
        confidence = "0.75"
        reference = "https://attack.mitre.org/techniques/T1623/"
    strings:
        $s0 = "pm grant "
        $s1 = "settings put secure enabled_accessibility_services"
        $s2 = "appops set "
    condition:
        any of them
}

rule root_commands : capability
{
    meta:
        id = "root-commands"
        version = 1
        title_zh = "以 root 身份执行命令"
        title_en = "runs commands as root"
        weight = "1.0"
        confidence = "0.6"
        reference = "https://attack.mitre.org/techniques/T1404/"
    strings:
        $s0 = "su -c "
        $s1 = "/system/xbin/su"
    condition:
        all of them
}

rule device_admin : capability
{
    meta:
        id = "device-admin"
        version = 1
        title_zh = "设备管理器：锁屏或清空手机"
        title_en = "administers the device: locks or wipes the phone"
        weight = "1.4"
        confidence = "0.75"
        reference = "https://attack.mitre.org/techniques/T1626/001/"
    strings:
        $s0 = "Landroid/app/admin/DevicePolicyManager;"
        $s1 = "lockNow"
        $s2 = "resetPassword"
        $s3 = "wipeData"
    condition:
        $s0 and any of ($s1, $s2, $s3) and has_device_admin
}

rule notifications_read : capability
{
    meta:
        id = "notifications-read"
        version = 1
        title_zh = "读取并清除其他应用的通知"
        title_en = "reads and removes other apps' notifications"
        weight = "1.2"
        confidence = "0.75"
        reference = "https://attack.mitre.org/techniques/T1517/"
    strings:
        $s0 = "Landroid/service/notification/NotificationListenerService;"
        $s1 = "cancelNotification"
        $s2 = "getActiveNotifications"
    condition:
        all of them and has_notification_listener
}

rule clipboard_watch : capability
{
    meta:
        id = "clipboard-watch"
        version = 1
        title_zh = "监视剪贴板中的钱包地址"
        title_en = "watches the clipboard for wallets"
        weight = "1.6"
        confidence = "0.65"
        reference = "https://attack.mitre.org/techniques/T1414/"
    strings:
        $s0 = "addPrimaryClipChangedListener"
        $s1 = "0x[a-fA-F0-9]{40}"
        $s2 = "T[A-Za-z1-9]{33}"
    condition:
        $s0 and any of ($s1, $s2)
}

rule autostart_guides : capability
{
    meta:
        id = "autostart-guides"
        version = 1
        title_zh = "引导打开各品牌手机的自启动权限"
        title_en = "leads to the autostart settings of phone makers"
        weight = "0.8"
        confidence = "0.65"
        reference = "https://attack.mitre.org/techniques/T1398/"
    strings:
        $s0 = "com.miui.permcenter.autostart.AutoStartManagementActivity"
        $s1 = "com.huawei.systemmanager"
        $s2 = "com.coloros.safecenter"
        $s3 = "com.vivo.permissionmanager"
        $s4 = "com.oppo.safe"
    condition:
        4 of them
}

rule nfc_card_relay : capability
{
    meta:
        id = "nfc-card-relay"
        version = 1
        title_zh = "读取银行卡并模拟刷卡"
        title_en = "reads a bank card and acts as one"
        weight = "1.8"
        confidence = "0.75"
        reference = "https://attack.mitre.org/techniques/T1604/"
    strings:
        $s0 = "Landroid/nfc/tech/IsoDep;"
        $s1 = "Landroid/nfc/cardemulation/HostApduService;"
        $s2 = "transceive"
    condition:
        all of them
}

rule vpn_filter : capability
{
    meta:
        id = "vpn-filter"
        version = 1
        title_zh = "接管网络流量"
        title_en = "takes over the network traffic"
        weight = "0.8"
        confidence = "0.6"
        reference = "https://attack.mitre.org/techniques/T1638/"
    strings:
        $s0 = "Landroid/net/VpnService$Builder;"
        $s1 = "addAllowedApplication"
        $s2 = "establish"
    condition:
        all of them
}

rule keeps_alive : capability
{
    meta:
        id = "keeps-alive"
        version = 1
        title_zh = "守护进程互相拉起，难以关闭"
        title_en = "processes revive each other"
        weight = "0.8"
        confidence = "0.6"
        reference = "https://attack.mitre.org/techniques/T1541/"
    strings:
        $s0 = "Lcom/marswin89/marsdaemon/"
        $s1 = "Lcom/fanjun/keeplive/"
        $s2 = "Lcom/xdandroid/hellodaemon/"
    condition:
        any of them
}
