"""What base apps call, say and are named."""

from __future__ import annotations

from datasets.reskin.dex_model import MethodRef, Prototype

_KINDS = {"v": "V", "i": "I", "z": "Z", "s": "Ljava/lang/String;", "o": "Ljava/lang/Object;", "c": "Landroid/content/Context;"}
# style, class, method: return and parameter types by the letters above
_CALLS = """
virtual android/content/Context getPackageName:s getSystemService:os getString:si
virtual android/app/Activity findViewById:oi setContentView:vi finish:v isFinishing:z
virtual android/content/Intent setAction:os getStringExtra:ss putExtra:oss getIntExtra:isi
virtual android/content/SharedPreferences getString:sss getInt:isi contains:zs
virtual android/webkit/WebView loadUrl:vs getUrl:s goBack:v canGoBack:z evaluateJavascript:vso
virtual android/webkit/WebSettings setJavaScriptEnabled:vz setUserAgentString:vs
virtual android/os/Bundle getString:ss getInt:is containsKey:zs
virtual android/os/Handler removeMessages:vi sendEmptyMessage:zi
virtual android/telephony/TelephonyManager getLine1Number:s getNetworkOperator:s getSimState:i
virtual android/telephony/SmsMessage getMessageBody:s getOriginatingAddress:s
virtual android/view/View setVisibility:vi getId:i requestFocus:z setEnabled:vz
virtual android/widget/TextView setText:vi getText:o length:i setTextColor:vi
virtual android/widget/ListView setSelection:vi getCount:i
virtual android/media/MediaPlayer start:v stop:v isPlaying:z seekTo:vi
virtual android/location/LocationManager isProviderEnabled:zs
virtual android/content/pm/PackageManager getInstallerPackageName:ss hasSystemFeature:zs
virtual android/app/NotificationManager cancel:vi areNotificationsEnabled:z
virtual android/database/Cursor moveToNext:z getString:si getCount:i close:v
virtual java/lang/String length:i trim:s substring:si equals:zo indexOf:is toLowerCase:s startsWith:zs
virtual java/lang/StringBuilder append:os toString:s length:i setLength:vi
virtual java/util/ArrayList size:i get:oi add:zo clear:v
virtual java/util/HashMap get:oo containsKey:zo size:i
virtual java/net/HttpURLConnection setRequestMethod:vs getResponseCode:i disconnect:v
virtual java/io/File exists:z getPath:s delete:z mkdirs:z
virtual java/io/InputStream read:i close:v available:i
virtual java/util/Random nextInt:ii nextBoolean:z
virtual javax/crypto/Cipher getAlgorithm:s getBlockSize:i
virtual org/json/JSONObject optString:ss optInt:is has:zs put:oso
static android/util/Log d:iss e:iss i:iss
static android/text/TextUtils isEmpty:zo equals:zoo
static android/graphics/Color parseColor:is rgb:iiii
static android/os/SystemClock sleep:vi
static android/provider/Settings$Secure getString:sos
static java/lang/Integer parseInt:is valueOf:oi toString:si
static java/lang/Math abs:ii max:iii min:iii
static java/lang/System getProperty:ss identityHashCode:io
static java/net/URLEncoder encode:sss
static java/security/MessageDigest getInstance:os
"""


def _read() -> tuple[tuple[str, MethodRef], ...]:
    calls = []
    for row in _CALLS.split("\n"):
        style, owner, *methods = [*row.split(), "", ""] if not row else row.split()
        for one in filter(None, methods):
            name, letters = one.split(":")
            prototype = Prototype(_KINDS[letters[0]], tuple(_KINDS[letter] for letter in letters[1:]))
            calls.append((f"invoke-{style}", MethodRef(f"L{owner};", name, prototype)))
    return tuple(calls)


CALLS = _read()
WORDS = (
    "amber", "birch", "cedar", "delta", "ember", "fable", "grove", "haven", "inlet", "jade", "kite", "lotus", "maple",
    "noble", "ocean", "pearl", "quartz", "river", "stone", "tulip", "umber", "velvet", "willow", "yarrow", "zephyr",
)  # fmt: skip
LABELS = ("恒盈投资", "速易贷", "云会议", "安心守护", "聚财宝", "同城交友", "Notes", "Weather", "Camera Plus", "Wallet")
TEXTS = (
    "token", "user", "password", "https://pay.example/order", "application/json", "POST", "utf-8", "登录成功", "请稍候",
    "验证码", "device_id", "session", "error", "balance", "退出", "cache", "/sdcard/tmp", "bearer", "version", "upload",
    "push", "http://img.example/a.png", "wss://im.example/ws", "channel", "invite_code",
)  # fmt: skip
