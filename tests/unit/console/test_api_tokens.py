import json
import threading
from pathlib import Path

import pytest

from console.scopes import Scope
from console.token_file import TokenFile
from console.tokens import LONGEST, PREFIX, Token, TokenError, digest, matching, new_token


def added(file: TokenFile, name: str, *scopes: str) -> str:
    secret, token = new_token(name, scopes or ("calls:read",), 1000)
    file.add(token)
    return secret


def test_a_token_is_random_and_kept_only_as_its_digest(tmp_path: Path) -> None:
    file = TokenFile(tmp_path / "tokens.json")
    one, other = added(file, "wallboard"), added(file, "crm", "calls:read", "calls:transfer")
    assert one.startswith(PREFIX)
    assert len({one, other}) == 2
    text = (tmp_path / "tokens.json").read_text()
    assert one not in text
    assert one.removeprefix(PREFIX) not in text
    assert json.loads(text)["tokens"][1] == {
        "name": "crm",
        "sha256": digest(other),
        "scopes": ["calls:read", "calls:transfer"],
        "created_ms": 1000,
        "used_ms": None,
    }


def test_the_file_is_ours_alone_whatever_lies_there(tmp_path: Path) -> None:
    (tmp_path / "tokens.new").write_text("left by a crash")
    (tmp_path / "tokens.new").chmod(0o666)
    added(TokenFile(tmp_path / "tokens.json"), "wallboard")
    assert (tmp_path / "tokens.json").stat().st_mode & 0o777 == 0o600
    assert not (tmp_path / "tokens.new").exists()


@pytest.mark.parametrize(
    ("name", "scopes", "said"),
    [
        ("", ["calls:read"], "no name"),
        ("Wall board", ["calls:read"], "no name"),
        ("x" * 33, ["calls:read"], "no name"),
        ("a\nb", ["calls:read"], "no name"),
        ("crm", [], "at least one scope of: calls:read, calls:transfer, callbacks:read"),
        ("crm", ["calls:write"], "no scope 'calls:write'; there are: calls:read"),
    ],
)
def test_bad_names_and_scopes_are_refused(name: str, scopes: list[str], said: str) -> None:
    with pytest.raises(TokenError, match=said):
        new_token(name, scopes, 0)


def test_only_the_whole_token_opens() -> None:
    secret, token = new_token("crm", ["stats:read"], 0)
    others = [new_token(f"t{n}", ["stats:read"], 0)[1] for n in range(3)]
    assert matching(secret, [*others, token]) is token
    assert matching(secret, others) is None
    for wrong in ("", secret[:-1], secret + "x", secret.upper(), token.sha256, "\udcff", "x" * (LONGEST + 1)):
        assert matching(wrong, [token, *others]) is None


def test_what_the_command_line_changes_holds_at_the_next_look(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    ours, theirs = TokenFile(path), TokenFile(path)
    assert ours.current() == ()
    added(theirs, "crm")
    assert [token.name for token in ours.current()] == ["crm"]
    theirs.revoke("crm")
    assert ours.current() == ()
    with pytest.raises(TokenError, match="no token 'crm'"):
        ours.revoke("crm")


def test_a_name_is_given_once(tmp_path: Path) -> None:
    file = TokenFile(tmp_path / "tokens.json")
    added(file, "crm")
    with pytest.raises(TokenError, match="already"):
        added(file, "crm")


def test_a_use_that_is_noted_late_brings_no_revoked_token_back(tmp_path: Path) -> None:
    ours, theirs = TokenFile(tmp_path / "tokens.json"), TokenFile(tmp_path / "tokens.json")
    kept, gone = (digest(added(theirs, name)) for name in ("kept", "gone"))
    ours.current()
    theirs.revoke("gone")
    ours.note_uses({kept: 77, gone: 77})
    assert [(token.name, token.used_ms) for token in theirs.current()] == [("kept", 77)]


def test_changes_from_both_sides_at_once_are_all_kept(tmp_path: Path) -> None:
    def add(side: int) -> None:
        file = TokenFile(tmp_path / "tokens.json")
        for n in range(10):
            file.add(Token(f"{side}-{n}", f"{side}{n}", frozenset({Scope.CALLS_READ}), 0))

    threads = [threading.Thread(target=add, args=(side,)) for side in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(TokenFile(tmp_path / "tokens.json").current()) == 30


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", "null", '{"tokens": [{}]}', '{"tokens": [{"name": 1', "\0", '{"tokens": 5}']
)
def test_a_damaged_file_opens_nothing_and_says_so(tmp_path: Path, text: str) -> None:
    path = tmp_path / "tokens.json"
    path.write_text(text)
    file = TokenFile(path)
    for _ in range(2):  # also when the damage has been seen
        with pytest.raises(TokenError, match="damaged"):
            file.current()
    with pytest.raises(TokenError, match="damaged"):
        added(file, "crm")
    assert path.read_text() == text


def test_tokens_that_are_away_are_not_taken_for_none(tmp_path: Path) -> None:
    """Else the file put back later loses whatever was made meanwhile."""
    file, away = tmp_path / "tokens.json", tmp_path / "away"
    assert TokenFile(file).current() == ()
    kept = new_token("wallboard", ["stats:read"], 1)[1]
    TokenFile(file).add(kept)
    file.rename(away)
    for deed in (lambda: TokenFile(file).current(), lambda: TokenFile(file).add(new_token("b", ["stats:read"], 1)[1])):
        with pytest.raises(TokenError, match=r"not there, though tokens were made.*tokens\.made"):
            deed()
    assert not file.exists()
    away.rename(file)
    assert TokenFile(file).current() == (kept,)
