"""From a file or an address to its text: read the bytes, unpack them, find the encoding. `tables` reads the text.

What can't be read is a `DataError`: one sentence.
"""

import codecs
import contextlib
import difflib
import gzip
import io
import re
import zipfile
import zlib
from pathlib import Path
from urllib.parse import urlsplit

TIMEOUT = 10  # seconds that a server may stay silent
LINE = re.compile(r"[^\r\n]+(?:\r\n|\r|\n)?|\r\n|\r|\n")  # and no other character ends a line
GZIP, ZIP = b"\x1f\x8b", b"PK\x03\x04"
UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
OLDER = ["cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "koi8_r", "gb18030", "big5", "cp932",
         "euc_jp", "cp949", "mac_roman"]  # the encodings that a file may be in if it isn't UTF-8; of equals, the first
CONTROLS = re.compile("[\x80-\x84\x86-\x9f]")  # no text has them; a wrong encoding makes them
WEB_PAGE = "a web page, not a table; look for the address of the file itself (on GitHub: the button Raw)"
NOT_A_TABLE = {  # how other files begin, in lower case
    b"pk\x03\x04": "an Excel file or another archive: save it as text or CSV (UTF-8)",
    b"bzh91ay&sy": "compressed with bzip2: unpack it",
    b"\xfd7zxz": "compressed with xz: unpack it",
    b"\xd0\xcf\x11\xe0": "an old Excel file: save the sheet as CSV (UTF-8)",
    b"sqlite format 3": "an SQLite database: export a table as CSV",
    b"%pdf": "a PDF: export its table as CSV",
    b"\x89png": "a picture, not a table",
    b"\xff\xd8\xff": "a picture, not a table",
    b"version https://git-lfs": "a Git LFS pointer, not the file: fetch the file with git lfs pull",
    b"<!doctype html": WEB_PAGE,
    b"<html": WEB_PAGE,
    b"<?xml": "XML, not a table: write its texts and labels as CSV",
}


class DataError(ValueError):
    """The data can't be used as they are. The message says what is wrong, where, and what to do."""


def file_name(source):
    """The name of a file, or of one at an address, without .gz or .zip."""
    name = Path(urlsplit(str(source)).path if is_address(source) else source).name
    return re.sub(r"\.(gz|zip)$", "", name, flags=re.IGNORECASE)


def as_path(source):
    try:
        return Path(source).expanduser()
    except TypeError:
        raise ValueError(f"path is of the type {type(source).__name__}; it has to be the path of a file (a DataFrame "
                         "writes one: frame.to_csv('mine.csv', index=False)).") from None


def is_address(source):
    return str(source).lower().startswith(("http://", "https://"))


def plural(number, word):
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def lines_of(numbers):
    """ "line 7", or "lines 3, 7, 12, ..." """
    first = ", ".join(f"{number:,}" for number in numbers[:3])
    return f"line{'s' if len(numbers) > 1 else ''} {first}{', ...' if len(numbers) > 3 else ''}"


def shown(value):
    """A value as Python writes it, shortened if it is long."""
    return repr(value) if len(repr(value)) <= 40 else f"{repr(value)[:40]}..."


# Step 1: read the bytes.


def read_bytes(source):
    """The bytes of a file or of an http(s) address, unpacked if they are an archive (unless an Excel file)."""
    content = _download(str(source)) if is_address(source) else _read(as_path(source))
    try:
        if content.startswith(GZIP):
            return gzip.decompress(content)
        return _unzip(source, content) if content.startswith(ZIP) else content
    except (OSError, EOFError, zlib.error, zipfile.BadZipFile, RuntimeError) as error:
        raise DataError(f"{source}: this archive is damaged ({error}); download or copy it again.") from None


def _unzip(source, content):
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = [name for name in archive.namelist() if not re.search(r"/$|__MACOSX|(^|/)\.", name)]
        if any(name.startswith("xl/") for name in names):  # an Excel file
            return content
        if {"[Content_Types].xml", "content.xml"} & set(names):
            raise DataError(f"{source}: this is a Word, LibreOffice or similar document; save it as text or CSV "
                            "(UTF-8).")
        if len(names) != 1:
            raise DataError(f"{source}: this zip archive holds {plural(len(names), 'file')} ({', '.join(names[:5])}); "
                            "unpack it, and give the path of one, or of the folder.")
        return archive.read(names[0])


def _read(path):
    try:
        return path.read_bytes()
    except FileNotFoundError:
        names = [near.name for near in path.parent.iterdir()] if path.parent.is_dir() else []
        near = difflib.get_close_matches(path.name, names, n=1)
        hint = f"did you mean {near[0]}?" if near else f"the current folder is {Path.cwd()}."
        raise DataError(f"{path}: there is no such file; {hint}") from None
    except (OSError, ValueError) as error:  # no permission, a NUL in the path ...
        raise DataError(f"{path}: it can't be read ({getattr(error, 'strerror', None) or error}); copy it to another "
                        "place, or ask its owner.") from None


def _download(address):
    import requests  # here, since most data are files
    import urllib3

    try:
        answer = requests.get(address, timeout=TIMEOUT)
        answer.raise_for_status()
    except (requests.RequestException, urllib3.exceptions.HTTPError) as error:  # no such host, no network, no answer
        reason = getattr(error.args[0], "reason", error) if error.args else error
        raise DataError(f"{address}: can't be fetched ({' '.join(str(reason).split())}); check the address and the "
                        "network, or download the file and give its path.") from None
    return answer.content


# Step 2: decode them.


def decode(source, content, encoding=None):
    """The text of a file without its NUL characters, the name of its encoding, and notes."""
    begin = content[:1_000].lstrip().lower()
    for start, what in NOT_A_TABLE.items():
        if begin.startswith(start):
            raise DataError(f"{source}: this is {what}.")
    name = encoding or ("utf-16" if content.startswith(UTF_16) else "utf-8-sig")
    if name == "utf-8-sig" and content.count(0) > len(content) / 10:
        raise DataError(f"{source}: this is not text: over 10 % zero bytes; unpack it or export it as CSV (UTF-8), "
                        "or say encoding='utf-16-le' if it is UTF-16.")
    try:
        text = content.decode(name)
    except UnicodeDecodeError as error:
        if name != "utf-8-sig":
            raise DataError(f"{source}{_where(error)}; say another encoding=..., or save the file as UTF-8.") from None
        text, name = _decode_older(source, content, error)
    except LookupError:
        raise ValueError(f"encoding is {encoding!r}; Python doesn't know it; try utf-8, cp1252, gb18030 ...") \
            from None
    notes = []
    if n_nul := text.count("\0"):
        notes.append(f"{plural(n_nul, 'NUL character')} left out; was the file cut off while being written?")
    if n_controls := len(CONTROLS.findall(text)):
        notes.append(f"{plural(n_controls, 'control character')} in the texts: {name} may be the wrong encoding")
    return text.replace("\0", "").removeprefix("\ufeff"), name.removesuffix("-sig"), notes


def _where(error):
    line = error.object[: error.start].count(b"\n") + 1
    return f", line {line}: this is not {error.encoding.upper()} text (byte {error.object[error.start]:#04x})"


def _decode_older(source, content, error):
    """The text of a file that isn't UTF-8, and its encoding. Raises DataError if it is UTF-8 with faults, or none fits.

    error: what Python says to UTF-8.
    """
    import charset_normalizer

    if error.reason == "unexpected end of data" and not content[: error.start].isascii():  # what came before was UTF-8
        raise DataError(f"{source}: the file ends in the middle of a character; it was cut off, so download or copy it "
                        "again.") from None
    foreign = b"\n".join([words for words in content.splitlines() if not words.isascii()][:200])
    lenient = foreign.decode("utf-8", errors="replace")
    if sum(not letter.isascii() for letter in lenient) > 2 * lenient.count("\ufffd"):
        raise DataError(f"{source}{_where(error)}, though the rest is: that line is damaged; fix it, or say "
                        "encoding='cp1252' to read the file that way.") from None
    matches = charset_normalizer.from_bytes(foreign, cp_isolation=OLDER)
    score = {name: (match.chaos, -match.coherence) for match in matches for name in match.could_be_from_charset}
    few = len({byte for byte in foreign if byte > 127}) < 4  # too few to recognise a language by them
    for name in sorted(score, key=lambda name: ((0, 0) if few else score[name], OLDER.index(name))):
        with contextlib.suppress(UnicodeDecodeError):
            return content.decode(name), name
    raise DataError(f"{source}{_where(error)}, nor any other known encoding; say encoding=..., or save the file as "
                    "UTF-8 in the program that wrote it.") from None
