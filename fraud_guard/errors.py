"""One tree of errors; the type tells the caller what to do.

FraudGuardError
├── ConfigurationError   stop and tell the operator (exit code 3)
├── DependencyError      retry later, then stop (exit code 4)
├── IntegrityError       stop at once: data on disk contradicts itself (exit code 7)
│   └── FencedError      another worker owns this shard now; this one must stand down
├── RuleError            a rule file is wrong; names file, line and remedy
└── RejectedTag          a record cannot be a tag: dead-letter it and go on
"""

from __future__ import annotations


class FraudGuardError(Exception):
    """Base of every error raised on purpose by this package."""


class ConfigurationError(FraudGuardError):
    """A setting, file or table is unusable; the message names it and the remedy."""


class DependencyError(FraudGuardError):
    """A service that is needed cannot be reached."""


class IntegrityError(FraudGuardError):
    """Stored data contradict each other or fail their check sum."""


class FencedError(IntegrityError):
    """A newer epoch owns the store; writes of this worker are refused."""


class RuleError(FraudGuardError):
    """A rule or policy file is wrong.

    `file` and `line` (1-based, 0 = whole file) say where, `remedy` says how to mend it.
    """

    def __init__(self, message: str, *, file: str = "", line: int = 0, remedy: str = "") -> None:
        place = f"{file}:{line}: " if file else ""
        super().__init__(f"{place}{message}" + (f" — {remedy}" if remedy else ""))
        self.file, self.line, self.remedy = file, line, remedy


class RejectedTag(FraudGuardError):
    """A record that cannot become a tag.

    `reason` is a code of `tags.reasons.Reason`; `detail` never quotes the record.
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason, self.detail = reason, detail
