"""What signatures give away, in words."""

from __future__ import annotations

from types import MappingProxyType

NOTES = MappingProxyType({
    "channel_marker": ("签名块内带有渠道标识", "the signing block carries a channel marker"),
    "debug_key": ("使用调试证书签名", "signed with a debug certificate"),
    "expired": ("签名证书有效期异常", "the certificate's period of validity makes no sense"),
    "public_test_key": ("使用公开的安卓测试密钥签名，任何人都可以签", "signed with a public test key, which anybody can use"),
    "rotated": ("签名密钥曾经更换，新旧密钥为同一主体", "the key was changed; old and new are one signer"),
    "signature_invalid": ("签名无效", "a signature does not hold"),
    "signature_stripped": ("新版签名被剥离", "a newer signature was stripped"),
    "signers_differ": ("新旧两种签名出自不同证书", "old and new signatures are by different certificates"),
    "signing_block_damaged": ("签名块损坏", "the signing block is damaged"),
    "unknown_pair": ("签名块内藏有未知数据", "the signing block holds data of an unknown kind"),
    "unsigned": ("没有签名", "there is no signature"),
    "v1_only": ("只有旧式 JAR 签名", "only the old JAR signature is there"),
    "weak_digest": ("签名算法过弱", "the signature uses a weak digest"),
})  # fmt: skip
