"""Reloads a running Asterisk after its files changed."""

from __future__ import annotations

from pathlib import Path

from telephony.embedded import AsteriskInstall
from telephony.process import running_pid, rx


async def reload_asterisk(asterisk: AsteriskInstall, conf: Path) -> bool:
    """Reload what can change while calls go on; False when Asterisk is not running."""
    if running_pid(conf) is None:
        return False
    for command in ("dialplan reload", "module reload res_pjsip.so", "queue reload all", "moh reload"):
        await rx(asterisk, conf, command)
    return True
