"""Long answers are written in portions, and are the same JSON."""

from __future__ import annotations

import json

import pytest

from console.answers import Answer
from console.app import LONG, written


class Row(Answer):
    number: int
    name: str | None


class Rows(Answer):
    rows: tuple[Row, ...]


class More(Answer):
    counted: int
    rows: tuple[Row, ...]
    last: str


@pytest.mark.parametrize("count", [0, 1, LONG, LONG + 1, 1000])
async def test_rows_are_all_there(count: int) -> None:
    rows = tuple(Row(number=number, name="Айгүл" if number % 2 else None) for number in range(count))
    for said in (Rows(rows=rows), More(counted=count, rows=rows, last="“”")):
        assert json.loads(await written(said)) == json.loads(said.model_dump_json())
