"""Touches: who met a host or an app, and what an APK's verdict says about it later."""
