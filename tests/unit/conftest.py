"""What the unit tests of several parts need."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.unit.storage.databases import (  # noqa: F401 (fixtures)
    engine,
    journal,
    ledger,
    look_ups,
    postgres,
    projector,
    pytest_generate_tests,
    reader_in_loop,
    register,
    sqlite_template,
    url,
    way,
)
from tests.unit.storage.object_server import ObjectServer, object_server


@pytest.fixture(scope="session")
def objects() -> Iterator[ObjectServer]:
    """A real S3-speaking server that stays up."""
    with object_server() as server:
        yield server


@pytest.fixture
def mortal_objects() -> Iterator[ObjectServer]:
    """One of the test's own, to be killed."""
    with object_server() as server:
        yield server
