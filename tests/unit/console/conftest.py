from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp.test_utils import TestClient, TestServer

from console import app
from console.app import api_app
from console.gate import Gate
from console.ports import Office
from console.token_file import TokenFile
from tests.unit.console.paper import Paper, PaperBooks, PaperDesk, PaperListening, PaperSupervision
from tests.unit.console.paper_demands import PaperDemands


@pytest.fixture
async def paper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Paper]:
    desk, supervision, books, demands = PaperDesk(), PaperSupervision(), PaperBooks(), PaperDemands()
    listening = PaperListening()
    tokens = TokenFile(tmp_path / "tokens.json")
    gate = Gate(tokens)
    monkeypatch.setattr(app, "SLOW_S", 0.001)
    monkeypatch.setattr(app, "STRANGERS_PER_S", 0.01)
    async with TestClient(
        TestServer(api_app(Office(desk, desk, supervision, books, demands, listening, upkeep=desk), gate))
    ) as client:
        yield Paper(desk, supervision, books, demands, listening, tokens, gate, client)
