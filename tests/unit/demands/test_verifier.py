"""The program that checks packages is to be had apart from them, with its hash and the hotline's key."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

from demands.offline import verify
from demands.verifier import verifier_sha256

ROOT = Path(__file__).resolve().parents[3]


def test_the_command_gives_program_hash_and_key(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    words = [sys.executable, "-m", "bailanys", "demands", "verifier", "--to", str(tmp_path / "out"), "--json"]
    env = {"BAILANYS_STORAGE__STATE_DIR": str(tmp_path / "state"), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(words, cwd=ROOT, env=env, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    (told,) = json.loads(done.stdout)
    program = (tmp_path / "out" / "verify.py").read_bytes()
    assert program == Path(verify.__file__).read_bytes()
    assert told["sha256"] == hashlib.sha256(program).hexdigest() == verifier_sha256()
    assert len(told["public_key"]) == 64
