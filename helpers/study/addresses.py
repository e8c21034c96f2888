"""Addresses of storages: a path, a database's URL or grpc://host:port, with advice for misspelt ones."""

import os
import re
from pathlib import Path

from helpers.study.errors import StudyError
from helpers.study.journal import START, no_journal

SQLITE = b"SQLite format 3\0"  # how its files begin
OF_DATABASES = (".db", ".db3", ".sqlite", ".sqlite3")
SQLITE_URL = re.compile(r"sqlite(\+\w+)?:///")
WINDOWS_PATH = re.compile(r"(sqlite:///)?([A-Za-z]:[\\/]|\\\\)")
# How an address is misspelt, and the message; the first pattern that fits all of it counts.
MISSPELT = (
    (r"\s*", "the storage is empty; name a file for the study, like study.journal"),
    (r"(?!grpc://)(?i:https?|tcp|grpc):.*",
     "{text} is not the address of a study; write grpc://host:port, like grpc://127.0.0.1:13000, or the path of a file "
     "on this machine, like study.journal"),
    (r"(?i:sqlite)(\+\w+)?:/*(:memory:)?",
     "{text} is the memory of this process; name a file, or leave the storage out"),
    (rf"(?!{SQLITE_URL.pattern})(?i:sqlite)(\+\w+)?:/*(?P<file>.*)",
     "{text}: the address of an SQLite file begins with three slashes; write sqlite:///{file}"),
    (r"(?i:postgres)(\+\w+)?:.*|(?i:postgresql|mysql|mariadb)(\+\w+)?:(?!//).*",
     "no database's address begins like this; write postgresql+psycopg://user@host/name"),
    (r"[\w+]+://[^@/]+:[^/]*@[^/]*@.*",
     "there are two @ in the address of this database; write %40 for the one in the password"),
    (r"[\w.-]{2,}:\d{1,5}",
     "{text} is a host and a port; write grpc://{text} to join the study there (./{text} would be a file)"),
    (r"\d+(\.\d+){3}",
     "{text} is the address of a machine; to join a study there, write grpc://{text}:13000, with its port"),
)


def address_of(storage):
    """The absolute path of a journal file, or a URL, with an absolute path for SQLite. Creates no file.

    If it is misspelt, or names another kind of file, raises StudyError with what was probably meant.
    """
    text = _checked(storage)
    if SQLITE_URL.match(text):
        return _sqlite_url(text)
    return text if _is_url(text) else _journal_path(text)


def database_of(storage):
    """Like `address_of`, but for a database: a path names an SQLite file."""
    text = _checked(storage)
    if SQLITE_URL.match(text) or _is_url(text):
        return address_of(text)
    path = _absolute(text)
    if path.suffix == ".journal" or _beginning(path).startswith(START):
        raise StudyError(f"{text} is the name of a journal, and this needs a database; name an SQLite file, like "
                         f"{path.with_suffix('.db').name}")
    return _sqlite_url(f"sqlite:///{path}")


def looks_like_storage(text):
    """Whether a text is more likely the address of a storage than the name of a study."""
    return "://" in str(text) or str(text).endswith((".journal", *OF_DATABASES))


def how_to_write(path):
    """The address of a file that may exist, with sqlite:/// if it is an SQLite file or named like one."""
    if re.match(r"[\w+]{2,}:", str(path)):  # a URL
        return str(path)
    beginning = _beginning(_absolute(path))
    is_sqlite = beginning == SQLITE or (not beginning and str(path).lower().endswith(OF_DATABASES))
    return f"sqlite:///{path}" if is_sqlite else str(path)


def hide_password(url):
    """The URL of a database without its password, or the path of a file."""
    return re.sub("password=[^&]*", "password=***", re.sub("(://[^:/]*:).*@", r"\1***@", str(url)))


def _is_url(text):
    return "://" in text and not WINDOWS_PATH.match(text)


def _checked(storage):
    """The storage as a string. If it is misspelt, raises StudyError with what was probably meant."""
    if not isinstance(storage, (str, os.PathLike)):
        raise StudyError(f"the storage is a {type(storage).__name__}; give the path of a file, like study.journal, "
                         "a database's URL, or an Optuna storage")
    text = str(storage)
    if WINDOWS_PATH.match(text) and os.name != "nt":
        raise StudyError(f"{text} is a Windows path, and this is not Windows; write a path of this machine, like "
                         "study.journal")
    for spelling, sentence in MISSPELT:
        if found := re.fullmatch(spelling, text):
            raise StudyError(sentence.format(text=text, **found.groupdict()))
    return text


def _absolute(text):
    return Path(os.path.expanduser(text)).absolute()


def _beginning(path):
    """The first bytes of a file; none if it is empty, missing, or not a file."""
    try:
        with path.open("rb") as file:
            return file.read(len(SQLITE))
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return b""
    except OSError as error:
        raise StudyError(f"{path} can't be read ({error.strerror}); check its permissions") from error


def _refuse_directory(path, like):
    if os.path.isdir(path):
        raise StudyError(f"{path} is a directory; name a file in it for the study, like {like}")


def _journal_path(text):
    path = _absolute(text)
    _refuse_directory(path, path / "study.journal")
    beginning = _beginning(path)
    if beginning == SQLITE:
        raise StudyError(f"{text} is an SQLite database; write sqlite:///{text}")
    if not beginning.startswith(START[: len(beginning)]):
        raise StudyError(no_journal(path))
    if not beginning and path.suffix.lower() in OF_DATABASES:
        raise StudyError(f"{text} is the name of an SQLite database; write sqlite:///{text}, or, for a journal file, "
                         f"{path.with_suffix('.journal').name}")
    return path


def _sqlite_url(text):
    """The URL of an SQLite file, absolute, so that workers in other folders open the same one."""
    start, _, name = text.partition("///")
    path = _absolute(name)
    if re.search(r"\?|%[0-9a-fA-F]{2}", str(path)):
        raise StudyError(f"{text}: in the address of an SQLite file, ? and % have another meaning; rename the file or "
                         "its folder without them, or use a journal file, like study.journal")
    _refuse_directory(path, f"sqlite:///{path / 'study.db'}")
    if not os.path.isdir(path.parent):
        raise StudyError(f"{text} can't be opened: there is no folder {path.parent}; create it, or name another file "
                         "(an absolute path has four slashes: sqlite:////home/ada/study.db)")
    beginning = _beginning(path)
    if beginning.startswith(START):
        raise StudyError(f"{path} is a journal file, not an SQLite database; write its name without sqlite:///")
    if beginning and beginning != SQLITE:
        raise StudyError(f"{path} is not an SQLite database, and was left as it is; name another file for the study")
    escaped = str(path).replace("{", "{{").replace("}", "}}")  # Optuna formats it
    return f"{start}///{escaped}"
