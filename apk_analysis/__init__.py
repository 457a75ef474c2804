"""APK dissection: intake, unpacking in a sandbox, judging, and the verdict.

The room knows nothing of the river: it never imports `fraud_guard`, and only a verdict
leaves it. Nothing is here yet; the room is kept so that its import rules hold from the start.
"""
