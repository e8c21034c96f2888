"""From a path or an address to text. What can't be read is a `DataError`: one sentence."""

import difflib
import gzip
import http.client
import urllib.error
import urllib.parse
import urllib.request
import zlib
from pathlib import Path

TIMEOUT = 10  # seconds that a server may stay silent
LARGEST = 500_000_000  # bytes that are fetched from an address
WEB_PAGE = "a web page, not a table; look for the address of the file itself (on GitHub: the button Raw)"
UTF_16 = "text in UTF-16: save it as UTF-8, or convert it: iconv -f utf-16 -t utf-8 OLD > NEW"
KINDS = {  # how files begin that are no table, in lower case
    b"pk\x03\x04": "an Excel file or another zip archive: save the sheet as CSV (UTF-8)",
    b"\xd0\xcf\x11\xe0": "an old Excel file: save the sheet as CSV (UTF-8)",
    b"\x1f\x8b": "a gzip archive: let its name end with .gz",
    b"par1": "a Parquet file: pandas.read_parquet(...).to_csv(..., index=False) makes a CSV file of it",
    b"sqlite format 3": "an SQLite database: export a table as CSV",
    b"%pdf": "a PDF: a table has to be exported as CSV",
    b"\x89png": "a picture, not a table",
    b"\xff\xd8\xff": "a picture, not a table",
    b"\xff\xfe": UTF_16,
    b"\xfe\xff": UTF_16,
    b"version https://git-lfs": "a pointer of Git LFS, not the file itself: fetch that with git lfs pull",
    b"<!doctype html": WEB_PAGE,
    b"<html": WEB_PAGE,
}


class DataError(ValueError):
    """The data can't be used as they are. The message says what is wrong, where, and what to do."""


def file_name(source):
    """The name of a file, or of one behind an address, without .gz."""
    name = _whole_name(source)
    return name[:-3] if is_packed(source) else name


def is_packed(source):
    return _whole_name(source).lower().endswith(".gz")


def _whole_name(source):
    return Path(urllib.parse.urlsplit(str(source)).path if is_address(source) else source).name


def is_address(source):
    return str(source).lower().startswith(("http://", "https://"))


def fetch_text(source):
    """The text of a file or an http(s) address, unpacked if its name ends with .gz, and the number of NULs left out."""
    content = _download(str(source)) if is_address(source) else _read(Path(source).expanduser())
    if is_packed(source):
        content = _unpack(source, content)
    return _decode(source, content), content.count(0)


def _read(path):
    try:
        return path.read_bytes()
    except FileNotFoundError:
        names = [near.name for near in path.parent.iterdir()] if path.parent.is_dir() else []
        near = difflib.get_close_matches(path.name, names, n=1)
        hint = f"did you mean {near[0]}?" if near else f"the current folder is {Path.cwd()}."
        raise DataError(f"{path}: there is no such file; {hint}") from None
    except (IsADirectoryError, PermissionError):
        if path.is_dir():  # for Windows it is a matter of permission
            raise DataError(f"{path}: this is a folder; give the path of a CSV file in it.") from None
        raise DataError(f"{path}: you are not allowed to read it; ask its owner, or copy it.") from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        raise DataError(f"{path}: it can't be read ({error}); copy it to another place.") from None


def _download(address):
    try:
        with urllib.request.urlopen(address, timeout=TIMEOUT) as answer:
            content, announced = answer.read(LARGEST + 1), answer.headers.get("Content-Length", "")
    except urllib.error.HTTPError as error:
        raise DataError(f"{address}: the server says {error.code} {error.reason}; look at the address.") from None
    except (OSError, ValueError, http.client.HTTPException) as error:  # no such host, no network, a broken answer
        reason = getattr(error, "reason", error)
        if isinstance(reason, TimeoutError):
            reason = f"no answer within {TIMEOUT} seconds"
        reason = " ".join(str(reason).split())
        raise DataError(f"{address}: can't be fetched ({reason}); look at the address and the network, or download "
                        "the file and give its path.") from None
    if len(content) > LARGEST:
        raise DataError(f"{address}: larger than {LARGEST // 1_000_000} MB; download the file and give its path.")
    if announced.isdigit() and len(content) < int(announced):
        raise DataError(f"{address}: only {len(content):,} of {int(announced):,} bytes came; try again.")
    return content


def _unpack(source, content):
    try:
        return gzip.decompress(content)
    except EOFError:
        raise DataError(f"{source}: the archive ends too early; download or copy it again.") from None
    except (OSError, zlib.error):
        raise DataError(f"{source}: this is no gzip archive, or a damaged one; without .gz in its name it is read as "
                        "it is.") from None


def _decode(source, content):
    begin = content.lstrip()[:100].lower()
    for start, what in KINDS.items():
        if begin.startswith(start):
            raise DataError(f"{source}: this is {what}.")
    if not begin:
        raise DataError(f"{source}: the file is empty; it needs a header line with text and label, then rows.")
    if content.count(0) > len(content) / 10:
        raise DataError(f"{source}: this is not text, every tenth byte is zero; if it is UTF-16, save it as UTF-8.")
    try:
        return content.replace(b"\0", b"").decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise DataError(f"{source}, line {line}: this is not UTF-8 text (byte {error.object[error.start]:#04x}); save "
                        "the file as UTF-8, or convert it: iconv -f latin1 -t utf-8 OLD > NEW.") from None
