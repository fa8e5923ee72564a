"""Every context, channel variable and manager event of the dialplan, once."""

from __future__ import annotations

from typing import Final

from config.settings import OPERATOR_DIGIT

# Contexts
FROM_TRUNK: Final = "from-trunk"
HOTLINE: Final = "hotline"
WAITING: Final = "waiting"
CONNECT: Final = "connect"
NET: Final = "net"
ANNOUNCE: Final = "announce"  # in [waiting]: the place is said
ANNOUNCE_AND_ASK: Final = "announce-ask"  # the same, and whether to be called back
CALLBACK: Final = "callback"  # a stand-in for a caller who hung up and keeps the place
CALLBACK_LEG: Final = "callback-leg"  # its other half: calls the caller once an operator is there
CALLBACK_ASK: Final = "callback-ask"
TRANSFER: Final = "transfer"  # where REFER looks: only what leads to somebody
TRANSFER_TO: Final = "transfer-to"  # every destination
MOVED: Final = "moved"  # the caller, in a transfer
TOLD_ON: Final = "told"  # the caller, while the notice of a transfer is said
GIVEN_ON: Final = "given-on"  # the caller, whom the first operator did not take back
GIVEN_BACK: Final = "given-back"  # the caller, whom a named operator did not take, on the way to the first one
THREE_WAY: Final = "three-way"  # the caller, with two operators
THREE_WAY_LEFT: Final = "three-way-left"  # the caller, once one of the two operators has left
THREE_WAY_LEG: Final = "three-way-leg"  # either of the two operators
CONSULT_TO: Final = "consult"  # every destination of a question to a colleague
HELD: Final = "held"  # the caller, while the operator asks a colleague by command
ASKING: Final = "asking"  # the operator's phone then, until the question is over
ASKING_LINE: Final = "asking-line"  # the half of the question that carries the operator's voice
TAKEN_BACK: Final = "taken-back"  # the caller, with the operator again
JOIN: Final = "join"  # the caller, on the way to the colleague who is asked, by command
JOINED: Final = "joined"  # the caller, after a consultation
MOVED_ON: Final = "moved-on"  # the caller, in the place of a consultation that nobody had answered
PUT_APART: Final = "put-apart"  # a caller whom an operator has joined with another caller
JOINING: Final = "joining"  # the operator, while the caller is told
TALK_ENDED: Final = "talk-ended"
PHONE_LOST: Final = "phone-lost"  # the caller, whose operator's phone has died, on the way back to the line
RATING: Final = "rating"
SILENCE_WATCH: Final = "silence-watch"  # one channel for all talks: counts packets, so that silence keeps its place
RECORDING_PAUSED: Final = "recording-paused"  # a channel of its own for each pause of a recording, until it is over

# Global variable: the controller's heartbeat, epoch seconds. Never declared in [globals]: a reload would reset it.
BEAT: Final = "BAILANYS_BEAT"

# What all files that were rendered together hold, so that it can be asked whether Asterisk took them: a global variable
# of the dialplan, and the user name of an account that no endpoint has.
EDITION: Final = "BAILANYS_EDITION"
EDITION_AUTH: Final = "edition"

# Global variables: until when no new call is taken, epoch seconds, and how many were refused. Said anew each second by
# whoever drains the hotline before a stop, so that it opens again by itself when that one dies.
CLOSED_UNTIL: Final = "BAILANYS_CLOSED_UNTIL"
REFUSED: Final = "BAILANYS_REFUSED"

# Global variable: `-63-61-`, the transfer numbers of groups where nobody is logged in; believed while the beats come.
UNSTAFFED: Final = "BAILANYS_UNSTAFFED"

# Channel variables of a caller: what a restarted controller rebuilds its truth from.
ARRIVED: Final = "BLN_ARRIVED"  # epoch ms, at the INVITE
ID: Final = "BLN_ID"  # the channel's own id: another's when a caller stands in another channel's place
OPERATORS: Final = "operator"  # that id on an operator's channel which is nobody's place
PAPERS: Final = "BLN_PAPERS_"  # with the channel's id behind it: what a caller carries out of a talk into such a place
RANK: Final = "BLN_RANK"  # epoch ms that orders callers
PRIORITY: Final = "BLN_PRIORITY"  # seconds of waiting that a supervisor added; empty: none
LANGUAGE: Final = "BLN_LANGUAGE"
LANGUAGE_BY: Final = "BLN_LANGUAGE_BY"  # key | known | default
GROUP: Final = "BLN_GROUP"
SEQ: Final = "BLN_SEQ"  # number of the segment
OFFER: Final = "BLN_OFFER"  # number of offers begun
WANTED: Final = "BLN_WANTED"  # operator to be offered to first: a transfer by name
GIVER: Final = "BLN_GIVER"  # operator who transferred by name, until that has come to something
TALKED: Final = "BLN_TALKED"  # operator who talks, or talked last
TALKED_OFFER: Final = "BLN_TALKED_OFFER"  # the offer that this talk came of
LOST: Final = "BLN_LOST"  # operator whose phone died in the talk with this caller
WITH: Final = "BLN_WITH"  # the colleague in a talk of three
ME: Final = "BLN_ME"  # the operator's number, on the channels that are the operator's
LINE: Final = "BLN_LINE"  # the phone's channel of an operator who asks by command
CONSULT: Final = "BLN_CONSULT"  # 1: an operator's channel that asks a colleague
SAY: Final = "BLN_SAY"  # files of the next announcement
PAUSED: Final = "BLN_PAUSED"  # epoch ms: since when the recording is mute; empty: it goes on
RESUMED_BY: Final = "BLN_RESUMED_BY"  # who has it go on before its time
PAUSE_OF: Final = "BLN_OF"  # of the pause's own channel: the caller's channel, by its id
PAUSED_BY: Final = "BLN_BY"  # of the pause's own channel: who asked for it
PAUSE_REASON: Final = "BLN_WHY"  # of the same: why, in a person's words, URL-encoded
TOLD: Final = "BLN_TOLD"  # what the last one said: place:low:high

CALLBACK_TO: Final = "BLN_CALLBACK"  # the number to call, digits only
CALLBACK_LATER: Final = "BLN_LATER"  # 1: asked outside the hours in which people are called
CALLBACK_OF: Final = "BLN_CALLBACK_OF"  # the call that asked for it
CALLBACK_UNTIL: Final = "BLN_CALLBACK_UNTIL"  # epoch seconds: from then on nobody is called

CALLER_VARIABLES: Final = (
    ARRIVED, RANK, PRIORITY, LANGUAGE, GROUP, SEQ, OFFER, WANTED, GIVER,
    TALKED, TALKED_OFFER, WITH, ME, ID, CONSULT, TOLD, CALLBACK_OF, PAUSED,
)  # fmt: skip

EARLIEST_MS: Final = 1_577_836_800_000  # 2020: an instant before it is none of a call of ours

# Events sent by the dialplan to the controller
WAITING_EVENT: Final = "BailanysWaiting"
CALLBACK_EVENT: Final = "BailanysCallback"
CALLBACK_TRIED_EVENT: Final = "BailanysCallbackTried"
PRESENCE_EVENT: Final = "BailanysPresence"
GIVEN_BACK_EVENT: Final = "BailanysGivenBack"  # the caller is told of it, and this operator is kept free
STAYS_EVENT: Final = "BailanysStays"  # of a talk of three this operator goes on with the caller
WRAP_UP_EVENT: Final = "BailanysWrapUp"

# AstDB: what an operator said last, kept over any restart
PRESENCE_FAMILY: Final = "bailanys/presence"
# AstDB: `FROM:ENDS`, epoch ms: when an operator's last talk ended, and when the wrap-up after it ends
WRAP_UP_FAMILY: Final = "bailanys/wrap-up"

# Codes that an operator dials
READY_CODE: Final = "*1"
BREAK_CODE: Final = "*2"  # with a digit after it: a reason
LONGER_CODE: Final = "*3"  # the wrap-up

# Codes that an operator presses during a talk
THREE_WAY_CODE: Final = "*4"  # in a consultation: all three together
DROP_CODE: Final = "*5"  # in a talk of three, by who began it: without the colleague
PAUSE_CODE: Final = "*7"  # the recording pauses, for what must not be recorded
RESUME_CODE: Final = "*8"  # it goes on


# AstDB: what supervisors changed, over the configuration and over any restart
SKILLS_FAMILY: Final = "bailanys/skills"  # operator -> `portal=2,-ict;+en,-kk`
GROUP_PRIORITY_FAMILY: Final = "bailanys/group-priority"  # group -> seconds

# Whom Asterisk refuses unread (sorcery.conf): AstDB, and the memory that is filled from it
GUESSERS_FAMILY: Final = "bailanys/guessers"
GUESSERS_CACHE: Final = "guessers"
GUESSERS_MARK: Final = "@kept"  # of each entry: the memory takes none without a field that can be read back
GUESSERS_KEPT_S: Final = 90  # and forgets it after so long, unless it is said again

# The manager's user as whom the dialplan mutes a recording
PAUSER: Final = "pause"

ACCOUNT_PREFIX: Final = "op"
TAKES_OVER: Final = "takes-over"  # who sends an INVITE with Replaces: refused


def account(operator: str) -> str:
    """The SIP account of an operator's number."""
    return f"{ACCOUNT_PREFIX}{operator}"


def transfer_number(operator: str) -> str:
    """What is dialled to transfer a call to an operator by name (rule 11)."""
    return f"{OPERATOR_DIGIT}{operator}"
