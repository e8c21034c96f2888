"""A page to print for a class study: the line with which a laptop joins, for three systems, and the leader board."""

import re

from helpers.classroom.server import address_of, how_to_join
from helpers.html import fill
from helpers.study import StudyError
from helpers.teaching.handing_in import write


def join_card(path, study, host, port, page_port, direction="maximize"):
    """Writes the card as HTML. The options are those of the server. Returns a sentence.

    Raises StudyError if no other machine can reach the host, SystemExit if the file can't be written.
    """
    address = address_of(host)
    if address.is_loopback:
        raise StudyError(f"no other machine can reach {host}; add --host 0.0.0.0, as for the server")
    words = how_to_join(study, address, port, page_port, direction)
    posix, windows = re.findall(r"^  (.+ -m helpers worker .+)$", words, re.MULTILINE)
    lines = {"Linux": posix, "macOS": posix, "Windows": windows}
    write(path, fill("join_card.html", study=study, lines=lines, board=re.search(r"http://\S+", words)[0]))
    return f"{path}: open it in a browser, print it, or project it"
