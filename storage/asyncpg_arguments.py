"""A PostgreSQL URL, which is written for libpq, in the words of asyncpg, which knows other parameters."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import URL

CONNECT_S = 5
_SAME = ("user", "password", "passfile", "target_session_attrs", "krbsrvname")
_TLS = (
    "sslmode", "sslcert", "sslkey", "sslrootcert", "sslcrl", "sslpassword", "sslnegotiation",
    "ssl_min_protocol_version", "ssl_max_protocol_version",
)  # fmt: skip
_OF_THE_SOCKET = (
    "connect_timeout", "keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count", "tcp_user_timeout",
    "client_encoding", "sslcompression", "sslsni",
)  # fmt: skip
"""Change nothing of what is read: times are ours, as in `storage.engine`, and asyncpg's text is always UTF-8."""
_NEEDLESS = {"gssencmode": ("disable", "prefer"), "channel_binding": ("disable", "prefer")}


class OnlyInThreadsError(Exception):
    """The URL asks for what no asyncio driver can; the text names it, never its value."""


def asyncpg_arguments(url: URL, settings: Mapping[str, str]) -> dict[str, Any]:
    """The arguments of `asyncpg.connect` for the server that psycopg would connect to by this URL.

    `settings`: of the session. Raises OnlyInThreadsError.
    """
    _, asked = url.get_dialect()().create_connect_args(url)
    left = {key: str(value) for key, value in asked.items()}
    if os.environ.get("PGSERVICE") or os.environ.get("PGHOSTADDR"):
        raise OnlyInThreadsError("the environment's PGSERVICE or PGHOSTADDR")
    arguments: dict[str, Any] = {"timeout": CONNECT_S}
    arguments |= {key: left.pop(key) for key in _SAME if key in left}
    if "dbname" in left:
        arguments["database"] = left.pop("dbname")
    if hosts := left.pop("host", ""):
        arguments["host"] = hosts.split(",")
    if "port" in left:
        ports = [int(port) for port in left.pop("port").split(",")]
        arguments["port"] = ports[0] if len(ports) == 1 else ports
    if tls := {key: left.pop(key) for key in _TLS if key in left}:
        if tls.get("sslrootcert") == "system":
            raise OnlyInThreadsError("sslrootcert=system")
        arguments["dsn"] = f"postgresql://?{urlencode(tls)}"
    name = left.pop("application_name", left.pop("fallback_application_name", ""))
    options = [left.pop("options", ""), *(f"-c {key}={value}" for key, value in settings.items())]
    arguments["server_settings"] = {"options": " ".join(options).strip()} | ({"application_name": name} if name else {})
    for key in _OF_THE_SOCKET:
        left.pop(key, None)
    for key, value in left.items():
        if value not in _NEEDLESS.get(key, ()):
            raise OnlyInThreadsError(f"{key} of database_url")
    return arguments
