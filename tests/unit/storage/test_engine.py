"""A look-up on PostgreSQL is one trip to the server: no transaction is begun around it."""

from __future__ import annotations

import psycopg
from psycopg.pq import TransactionStatus
from sqlalchemy import text

from storage.engine import open_engine, reading
from tests.unit.storage.postgres import Server


def test_a_look_up_begins_no_transaction_on_the_server(postgres: Server) -> None:
    engine = open_engine(postgres.url("postgres"))
    try:
        with reading(engine).begin() as connection:
            connection.execute(text("SELECT 1"))
            driver = connection.connection.dbapi_connection
            assert isinstance(driver, psycopg.Connection)
            assert driver.info.transaction_status is TransactionStatus.IDLE
        with engine.begin() as connection:
            connection.execute(text("SELECT 1"))
            assert driver.info.transaction_status is TransactionStatus.INTRANS
    finally:
        engine.dispose()
