"""Actors on one database, interleaved as a test says: each stops before a transaction, each statement and each commit.

Whoever waits for another's lock is left waiting there, as the database would leave them, and goes on once it is free.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from sqlalchemy import Connection, Engine, event

from storage.engine import open_engine

BLOCKED_S = 0.03
"""Who has not come to the next stop after so long waits for a lock."""
PATIENCE_S = 20.0

Deed = Callable[[Engine], None]


@dataclass
class Actor:
    """One program with an engine of its own, in a thread of its own."""

    deed: Deed
    engine: Engine
    go: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    stopped: threading.Event = field(default_factory=threading.Event)
    ended: bool = False
    error: BaseException | None = None

    def live(self) -> None:
        try:
            self.stop()
            self.deed(self.engine)
        except BaseException as error:  # told by whoever let us run
            self.error = error
        finally:
            self.ended = True
            self.stopped.set()

    def stop(self) -> None:
        self.stopped.set()
        self.go.acquire()


def interleave(url: str, deeds: Sequence[Deed], turns: Iterable[int]) -> None:
    """Let the deeds happen, one step of one actor after the other as `turns` says; raises what a deed raises."""
    with _engines(url, len(deeds)) as engines:
        actors = [Actor(deed, engine) for deed, engine in zip(deeds, engines, strict=True)]
        for actor in actors:
            _stop_at_each_step(actor)
        threads = [threading.Thread(target=actor.live, daemon=True) for actor in actors]
        for thread in threads:
            thread.start()
        for actor in actors:
            assert actor.stopped.wait(PATIENCE_S)
        _run(actors, iter(turns))
        for thread in threads:
            thread.join(PATIENCE_S)
        for actor in actors:
            if actor.error is not None:
                raise actor.error


def _run(actors: Sequence[Actor], turns: Iterator[int]) -> None:
    end_s = time.monotonic() + PATIENCE_S
    while any(not actor.ended for actor in actors):
        assert time.monotonic() < end_s, "nobody can go on"
        ready = [actor for actor in actors if actor.stopped.is_set() and not actor.ended]
        if not ready:
            time.sleep(0.001)
            continue
        actor = ready[next(turns, 0) % len(ready)]
        actor.stopped.clear()
        actor.go.release()
        actor.stopped.wait(BLOCKED_S)


@contextmanager
def _engines(url: str, count: int) -> Iterator[list[Engine]]:
    engines = [open_engine(url) for _ in range(count)]
    try:
        yield engines
    finally:
        for engine in engines:
            engine.dispose()


def _stop_at_each_step(actor: Actor) -> None:
    def on_step(*_: object) -> None:
        if threading.current_thread() is not threading.main_thread():
            actor.stop()

    def on_transaction(connection: Connection) -> None:
        on_step(connection)

    event.listen(actor.engine, "begin", on_transaction, insert=True)
    event.listen(actor.engine, "commit", on_transaction)
    event.listen(actor.engine, "before_cursor_execute", on_step)
