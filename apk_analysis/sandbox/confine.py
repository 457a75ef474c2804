"""A process locks itself in, for good: bounded CPU and memory, no network, no new files, no other program, no rights.

Called in a fresh child before it looks at a sample. What this machine does not offer is left out, and the level that is reached is told.
"""

from __future__ import annotations

import ctypes
import errno
import os
import resource
import signal
from contextlib import suppress

try:
    import pyseccomp as seccomp
except (ImportError, OSError, RuntimeError):    # libseccomp is missing on this system
    seccomp = None

_DIE_WITH_PARENT, _NO_NEW_PRIVILEGES = 1, 38     # prctl
_NEW_NETWORK = 0x40000000   # unshare
_NOBODY = 65534
_WRITING = (os.O_WRONLY, os.O_RDWR, os.O_CREAT, os.O_TRUNC, os.O_APPEND)
_FORBIDDEN = (
    "socket", "socketpair", "connect", "bind", "listen", "accept", "accept4", "sendto", "sendmsg", "execve", "execveat", "fork", "vfork",
    "ptrace", "process_vm_readv", "process_vm_writev", "kill", "tkill", "tgkill", "mount", "umount2", "pivot_root", "chroot", "setns", "unshare",
    "creat", "mkdir", "mkdirat", "mknod", "mknodat", "rename", "renameat", "renameat2", "link", "linkat", "symlink", "symlinkat", "unlink",
    "unlinkat", "rmdir", "truncate", "ftruncate", "chmod", "fchmod", "fchmodat", "chown", "fchown", "fchownat", "lchown", "setxattr", "utimensat",
    "init_module", "finit_module", "delete_module", "bpf", "perf_event_open", "keyctl", "add_key", "request_key", "io_uring_setup", "userfaultfd",
    "memfd_create", "openat2",
)  # fmt: skip


def confine(cpu_s: int, memory_bytes: int) -> str:
    """Lock this process in; returns the level reached: `rlimits` or `seccomp`."""
    for what, most in (
        (resource.RLIMIT_CPU, cpu_s), (resource.RLIMIT_AS, memory_bytes), (resource.RLIMIT_FSIZE, 0), (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 64),
    ):  # fmt: skip
        resource.setrlimit(what, (most, most))
    libc = ctypes.CDLL(None, use_errno=True)
    with suppress(OSError):
        libc.unshare(_NEW_NETWORK)
    if os.geteuid() == 0:
        os.setgroups([])
        os.setresgid(_NOBODY, _NOBODY, _NOBODY)
        os.setresuid(_NOBODY, _NOBODY, _NOBODY)
    libc.prctl(_DIE_WITH_PARENT, signal.SIGKILL, 0, 0, 0)      # after the change of user, which would undo it
    if libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0) != 0:
        return "rlimits"
    resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
    return "seccomp" if _filter_calls() else "rlimits"


def _filter_calls() -> bool:
    """Refuse system calls that no dissection needs; False where libseccomp is missing."""
    if seccomp is None:
        return False
    rules = seccomp.SyscallFilter(defaction=seccomp.ALLOW)
    refuse = seccomp.ERRNO(errno.EPERM)
    for name in _FORBIDDEN:
        with suppress(OSError, ValueError, RuntimeError):
            rules.add_rule(refuse, name)
    for bit in _WRITING:
        rules.add_rule(refuse, "open", seccomp.Arg(1, seccomp.MASKED_EQ, bit, bit))
        rules.add_rule(refuse, "openat", seccomp.Arg(2, seccomp.MASKED_EQ, bit, bit))
    rules.load()
    return True
