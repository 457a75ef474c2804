"""One tree of errors of the APK analysis; a sample can cause no other.

ApkError
├── UnreadableArchive    no entry can be found: there is nothing to dissect
├── UnreadableEntry      one member is missing or cannot be unpacked; the others can
├── UnreadableMember     the bytes of a member are not what they should be (AXML, ARSC, DEX …)
├── LimitExceeded        a limit was reached; what was read before it stands
├── StoreDamaged         a stored sample is gone or no longer has its own check sum
├── SandboxMissing       the sandbox is weaker than demanded: nothing is dissected
├── RuleFault            a YARA rule of ours cannot be used; never caused by a sample
└── FontMissing          no font with Chinese is found, so no PDF and no picture can be drawn
"""

from __future__ import annotations


class ApkError(Exception):
    """Base of every error raised on purpose by this package."""


class UnreadableArchive(ApkError):
    """No directory and no local header: not an archive, or nothing left of it."""


class UnreadableEntry(ApkError):
    """A member cannot be given; the message names it."""


class UnreadableMember(ApkError):
    """The content of a member cannot be understood; the message names the place."""


class LimitExceeded(ApkError):
    """A limit was reached. `limit` is its name in the settings or in `Limits`."""

    def __init__(self, limit: str, detail: str = "") -> None:
        super().__init__(f"{limit}: {detail}" if detail else limit)
        self.limit = limit


class StoreDamaged(ApkError):
    """A stored sample is gone or was changed; the message names the file and the remedy."""


class RuleFault(ApkError):
    """A rule file cannot be used: `file` below the rules folder, `line` (1-based, 0 = the whole file), and the remedy."""

    def __init__(self, message: str, *, file: str, line: int = 0, remedy: str) -> None:
        super().__init__(f"{file}:{line}: {message} — {remedy}")
        self.message, self.file, self.line, self.remedy = message, file, line, remedy


class SandboxMissing(ApkError):
    """The sandbox cannot be had as strong as the settings demand; nothing is dissected without it."""


class FontMissing(ApkError):
    """No font with Chinese characters was found; the message names the places and a package that brings one."""
