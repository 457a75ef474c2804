"""APK dissection: intake, unpacking in a sandbox, judging, and the verdict.

The room knows nothing of the river: it never imports `fraud_guard`, and only a verdict
leaves it. Every reader takes bytes that an attacker chose: it counts while it reads, raises only
`apk_analysis.errors`, and calls what is odd by name instead of giving up.
"""
