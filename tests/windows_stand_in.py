"""A stand-in for Windows, for those who have none at hand: it takes away what only POSIX has.

`environment(folder)` is for a child process, and for the processes that this one starts: the folder gets a
sitecustomize.py that imports this module before anything else.

For code of the course (helpers, tests, cells of a notebook) the modules, functions and signals are gone that Windows
lacks, `sys.platform` is win32, `os.name` is nt, and there is neither /tmp nor /proc, nor a file name with one of
<>:"|?*. PyTorch, NumPy, Optuna and the rest keep them, since they bring other code for Windows.
For all code: symbolic links are refused, processes are spawned, an open file can be neither removed nor replaced,
`csv.field_size_limit` takes 31 bits, and text is cp1252 with \\r\\n, except where the caller says otherwise.
Not stood in for: drive letters and backslashes, files that another process holds open, the wheels for Windows.
"""

import builtins
import csv
import errno
import importlib
import io
import locale
import multiprocessing
import os
import signal
import subprocess
import sys
import types
from multiprocessing import context
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MODULES = {"fcntl", "grp", "posix", "pty", "pwd", "resource", "syslog", "termios", "tty"}
OF_OS = {
    "chown", "chroot", "fchmod", "fchown", "fork", "forkpty", "getegid", "geteuid", "getgid", "getgroups", "getloadavg",
    "getpgid", "getpriority", "getsid", "getuid", "killpg", "mkfifo", "mknod", "nice", "openpty", "posix_spawn",
    "register_at_fork", "sched_getaffinity", "sched_setaffinity", "sched_yield", "sendfile", "setgid", "setpgid",
    "setpriority", "setsid", "setuid", "statvfs", "sync", "sysconf", "ttyname", "uname", "wait", "wait3", "wait4",
    "WEXITSTATUS", "WIFEXITED", "WNOHANG"}  # fmt: skip
OF_SIGNAL = {"alarm", "getitimer", "pause", "pthread_kill", "pthread_sigmask", "setitimer", "siginterrupt", "sigwait"}
SIGNALS = {"SIGABRT", "SIGFPE", "SIGILL", "SIGINT", "SIGSEGV", "SIGTERM", "SIG_DFL", "SIG_IGN"}
ABSENT = ("/etc", "/proc", "/sys", "/tmp", "/usr")

real_import, real_open, real_kill, real_stat = builtins.__import__, io.open, os.kill, os.stat


def environment(folder):
    """The environment for a process to be on "Windows"; its folder for temporary files is `folder`, too."""
    (folder / "sitecustomize.py").write_text("import tests.windows_stand_in as it\n\nit.install()\n", encoding="utf-8")
    return os.environ | {"PYTHONPATH": os.pathsep.join([str(folder), str(ROOT)]), "TMPDIR": str(folder),
                         "PYTHONIOENCODING": "cp1252", "PYTHONUTF8": "0"}  # fmt: skip


def install():
    builtins.__import__, builtins.open, io.open, os.stat = _import, _open, _open, _stat
    os.symlink, os.mkdir = _symlink, _checked(os.mkdir)
    os.remove = os.unlink = _checked(os.unlink, _refuse_held)
    os.replace = _checked(os.replace, _refuse_held)
    os.rename = _checked(os.rename, _refuse_held, _refuse_present)
    locale.getpreferredencoding = lambda do_setlocale=True: "cp1252"
    locale.getencoding = subprocess._text_encoding = lambda: "cp1252"
    csv.field_size_limit = _field_size_limit
    context._default_context._default_context = context._concrete_contexts["spawn"]
    for method in ("fork", "forkserver"):
        context._concrete_contexts.pop(method, None)
    multiprocessing.get_all_start_methods = lambda: ["spawn"]


class Doctored(types.ModuleType):
    """A module as code of the course sees it: without the names that are gone, with those that are changed."""

    def __init__(self, module, gone, **changed):
        super().__init__(module.__name__)
        self.__dict__.update(_module=module, _gone=frozenset(gone), **changed)

    def __getattr__(self, name):
        if name in self._gone:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        return getattr(self._module, name)

    def __setattr__(self, name, value):
        setattr(self._module, name, value)

    def __reduce__(self):  # on the way to a worker
        return importlib.import_module, (self.__name__,)


def _kill(process, number):
    """On Windows each signal but two of the console's ends the process."""
    real_kill(process, signal.SIGKILL)


DOCTORED = {
    "os": Doctored(os, OF_OS, name="nt", kill=_kill),
    "sys": Doctored(sys, (), platform="win32"),
    "signal": Doctored(
        signal, OF_SIGNAL | {name for name in dir(signal) if name.startswith("SIG") and name not in SIGNALS}),
}  # fmt: skip


def _import(name, names=None, local_names=None, fromlist=(), level=0):
    if level == 0 and names and _is_ours(names):
        top = name.partition(".")[0]
        if top in MODULES:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        module = real_import(name, names, local_names, fromlist, level)
        return DOCTORED.get(name if fromlist else top, module)
    return real_import(name, names, local_names, fromlist, level)


def _is_ours(names):
    top = str(names.get("__name__")).partition(".")[0]
    if top == "__main__":  # a cell, a snippet, or the main module of a library
        return not str(names.get("__file__", "")).startswith((sys.prefix, sys.base_prefix))
    return top in ("conftest", "helpers", "tests") and names is not globals()


def _called_by_us():
    """Whether the first caller that is no module of Python's own is code of the course."""
    frame = sys._getframe(2)
    while frame is not None:
        names = frame.f_globals
        if names is not globals() and str(names.get("__name__")).partition(".")[0] not in sys.stdlib_module_names:
            return _is_ours(names)
        frame = frame.f_back
    return False


def _check(path):
    """Raises the error of a file name that Windows refuses, or that is not there."""
    if isinstance(path, int):
        return
    name = os.fsdecode(path)
    illegal = not set('<>:"|?*').isdisjoint(name)
    absolute = os.path.abspath(name)
    home = (str(ROOT), os.environ.get("TMPDIR", str(ROOT)), sys.prefix, sys.base_prefix)
    absent = absolute.startswith(tuple(f"{folder}/" for folder in ABSENT)) or absolute in ABSENT
    if (illegal or (absent and not absolute.startswith(home))) and _called_by_us():
        number = errno.EINVAL if illegal else errno.ENOENT
        raise OSError(number, os.strerror(number), name)


def _open(file, mode="r", buffering=-1, encoding=None, errors=None, newline=None, closefd=True, opener=None):
    _check(file)
    if "b" not in mode:
        encoding = "cp1252" if encoding in (None, "locale") else encoding
        if newline is None and not {"r", "+"} & set(mode):
            newline = "\r\n"
    return real_open(file, mode, buffering, encoding, errors, newline, closefd, opener)


def _stat(path, **options):
    _check(path)
    return real_stat(path, **options)


def _symlink(*arguments, **options):
    raise OSError(errno.EINVAL, "A required privilege is not held by the client")


def _checked(function, *checks):
    def checked(path, *arguments, **options):
        _check(path)
        for check in checks:
            check(path, *[argument for argument in arguments if isinstance(argument, (str, bytes, os.PathLike))])
        return function(path, *arguments, **options)

    return checked


def _refuse_held(*paths):
    if str(paths[0]).startswith("/dev/"):  # shared memory, which is no file on Windows
        return
    for number in os.listdir("/proc/self/fd"):
        for path in paths:
            if os.path.realpath(f"/proc/self/fd/{number}") == os.path.realpath(path):
                raise PermissionError(errno.EACCES, "The process cannot access the file because it is being used", path)


def _refuse_present(path, target):
    if os.path.lexists(target):
        raise FileExistsError(errno.EEXIST, "Cannot create a file when that file already exists", target)


real_field_size_limit = csv.field_size_limit


def _field_size_limit(*limit):
    if limit and limit[0] > 2**31 - 1:
        raise OverflowError("Python int too large to convert to C long")
    return real_field_size_limit(*limit)
