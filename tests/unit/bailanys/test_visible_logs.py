"""What came from outside has no power over a line of the log, nor over the terminal that shows it."""

from __future__ import annotations

import json
import subprocess
import sys

from config.visible_text import is_plain

HOSTILE = "Айгүл\x1b[2J\r\n\u202e\x9b31m\x08\u2028 end"
TELLS = """
import logging, sys, structlog
from bailanys.logging import set_up_logging
set_up_logging()
hostile = sys.argv[1].encode().decode("unicode_escape")
log = structlog.get_logger()
log.warning(hostile, name=hostile, **{hostile: [hostile]})
logging.getLogger("library").warning("said %s", hostile)
try:
    raise ValueError(hostile)
except ValueError:
    log.exception("a fault")
    logging.getLogger("library").exception("a fault of %s", hostile)
"""


def test_hostile_text_stays_in_its_line_and_is_shown() -> None:
    told = HOSTILE.encode("unicode_escape").decode()
    said = subprocess.run([sys.executable, "-c", TELLS, told], capture_output=True, check=True, timeout=60)
    lines = said.stderr.decode().removesuffix("\n").split("\n")
    assert [line for line in lines if not is_plain(line)] == []
    ours, theirs, our_fault, their_fault, *traceback = lines
    event = json.loads(ours)
    assert (event["event"], event["name"], event[HOSTILE]) == (HOSTILE, HOSTILE, [HOSTILE])
    assert theirs == "WARNING library said Айгүл\\x1b[2J\\r\\n\\u202e\\x9b31m\\x08\\u2028 end"
    assert HOSTILE in json.loads(our_fault)["exception"]
    assert their_fault.startswith("ERROR library a fault of Айгүл\\x1b[2J\\r\\n")
    assert traceback[0] == "Traceback (most recent call last):"
