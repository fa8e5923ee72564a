"""Every context, channel variable and manager event of the dialplan, once."""

from __future__ import annotations

from typing import Final

# Contexts
FROM_TRUNK: Final = "from-trunk"
HOTLINE: Final = "hotline"
WAITING: Final = "waiting"
CONNECT: Final = "connect"
NET: Final = "net"
ANNOUNCE: Final = "announce"
CALLBACK: Final = "callback"  # a stand-in for a caller who hung up and keeps the place
CALLBACK_LEG: Final = "callback-leg"  # its other half: calls the caller once an operator is there
CALLBACK_ASK: Final = "callback-ask"
TRANSFER: Final = "transfer"
RATING: Final = "rating"

# Global variable: the controller's heartbeat, epoch seconds. Never declared in [globals]: a reload would reset it.
BEAT: Final = "BAILANYS_BEAT"

# Channel variables of a caller: what a restarted controller rebuilds its truth from.
ARRIVED: Final = "BLN_ARRIVED"  # epoch ms, at the INVITE
RANK: Final = "BLN_RANK"  # epoch ms that orders callers
LANGUAGE: Final = "BLN_LANGUAGE"
LANGUAGE_BY: Final = "BLN_LANGUAGE_BY"  # key | known | default
GROUP: Final = "BLN_GROUP"
SEQ: Final = "BLN_SEQ"  # number of the segment
OFFER: Final = "BLN_OFFER"  # number of offers begun
SAY: Final = "BLN_SAY"  # files of the next announcement
TOLD: Final = "BLN_TOLD"  # what the last one said: place:low:high

ASK: Final = "BLN_ASK"  # 1: the announcement offers a callback
CALLBACK_TO: Final = "BLN_CALLBACK"  # the number to call, digits only
CALLBACK_OF: Final = "BLN_CALLBACK_OF"  # the call that asked for it

CALLER_VARIABLES: Final = (ARRIVED, RANK, LANGUAGE, GROUP, SEQ, OFFER, TOLD, CALLBACK_OF)

# Events sent by the dialplan to the controller
WAITING_EVENT: Final = "BailanysWaiting"
CALLBACK_EVENT: Final = "BailanysCallback"
CALLBACK_TRIED_EVENT: Final = "BailanysCallbackTried"
PRESENCE_EVENT: Final = "BailanysPresence"

# AstDB: what an operator said last, kept over any restart
PRESENCE_FAMILY: Final = "bailanys/presence"

ACCOUNT_PREFIX: Final = "op"


def account(operator: str) -> str:
    """The SIP account of an operator's number."""
    return f"{ACCOUNT_PREFIX}{operator}"
