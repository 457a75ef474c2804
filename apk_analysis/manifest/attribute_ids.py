"""Android's own attributes by resource number, as far as manifests, icons and configurations use them."""

from __future__ import annotations

from types import MappingProxyType

ATTRIBUTE_NAMES = MappingProxyType({
    0x01010001: "label", 0x01010002: "icon", 0x01010003: "name", 0x01010004: "manageSpaceActivity",
    0x01010006: "permission", 0x01010007: "readPermission", 0x01010008: "writePermission",
    0x01010009: "protectionLevel", 0x0101000B: "sharedUserId", 0x0101000C: "hasCode", 0x0101000D: "persistent",
    0x0101000E: "enabled", 0x0101000F: "debuggable", 0x01010010: "exported", 0x01010011: "process",
    0x01010017: "excludeFromRecents", 0x01010018: "authorities", 0x0101001B: "grantUriPermissions",
    0x0101001C: "priority", 0x01010020: "description", 0x01010024: "value", 0x01010025: "resource",
    0x01010026: "mimeType", 0x01010027: "scheme", 0x01010028: "host", 0x01010029: "port", 0x0101002A: "path",
    0x0101002B: "pathPrefix", 0x0101002C: "pathPattern", 0x01010199: "drawable", 0x01010202: "targetActivity",
    0x0101020C: "minSdkVersion", 0x0101021B: "versionCode", 0x0101021C: "versionName", 0x0101022D: "noHistory",
    0x01010270: "targetSdkVersion", 0x01010271: "maxSdkVersion", 0x01010272: "testOnly",
    0x01010280: "allowBackup", 0x0101028E: "required", 0x010102BE: "logo", 0x01010384: "accessibilityFlags",
    0x01010385: "canRetrieveWindowContent", 0x010103F2: "banner", 0x010104EA: "extractNativeLibs",
    0x010104EC: "usesCleartextTraffic", 0x0101050D: "canPerformGestures", 0x01010527: "networkSecurityConfig",
    0x0101052C: "roundIcon", 0x0101054C: "targetSandboxVersion", 0x0101055B: "isFeatureSplit",
    0x01010576: "versionCodeMajor", 0x0101057A: "appComponentFactory", 0x01010591: "isSplitRequired",
    0x01010599: "foregroundServiceType",
})  # fmt: skip
