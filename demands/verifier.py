"""The program that checks a package: in each package for convenience, and apart from all of them to be believed.

Who can change a package can change the program in it. So it is published by itself, with its SHA-256 and the hotline's
public key, and the protocol says so, with the hash.
"""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

VERIFIER = Path(__file__).with_name("offline") / "verify.py"


@cache
def verifier_sha256() -> str:
    """Of the program as it is in this version, in hexadecimal. Raises OSError."""
    return hashlib.sha256(VERIFIER.read_bytes()).hexdigest()
