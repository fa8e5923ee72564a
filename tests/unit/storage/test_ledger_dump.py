"""What another account of the machine sees of a dump: never the database's password."""

from __future__ import annotations

import pytest

from storage.dump import without_password


@pytest.mark.parametrize(
    ("url", "plain", "password"),
    [
        (
            "postgresql://ours:s3cret@db/bailanys?sslmode=require",
            "postgresql://ours@db/bailanys?sslmode=require",
            "s3cret",
        ),
        (
            "postgresql://ours@/bailanys?host=%2Frun&password=s3cret",
            "postgresql://ours@/bailanys?host=%2Frun",
            "s3cret",
        ),
        ("postgresql://ours:s%40t@db/bailanys", "postgresql://ours@db/bailanys", "s@t"),
        ("postgresql:///bailanys", "postgresql:///bailanys", ""),
    ],
)
def test_the_password_is_apart_wherever_it_stood(url: str, plain: str, password: str) -> None:
    assert without_password(url) == (plain, password)
