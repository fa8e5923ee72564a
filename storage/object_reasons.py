"""Why object storage did not do what it was asked to, in a person's words; nothing of a secret or a caller in them."""

from __future__ import annotations

import re

_BY_CODE = {
    "NoSuchBucket": "there is no such bucket",
    "InvalidAccessKeyId": "it does not know the access key",
    "SignatureDoesNotMatch": "the secret key is wrong",
    "AccessDenied": "the access key may not do that there",
    "AuthorizationHeaderMalformed": "the region is another one",
    "PermanentRedirect": "the bucket is in another region, or at another endpoint",
    "RequestTimeTooSkewed": "this machine's clock is wrong",
    "SlowDown": "it asks us to be slower",
}
_BY_SIGN = (
    ("dns error", "the endpoint's name is not known"),
    ("ConnectionRefused", "nothing listens there"),
    ("InvalidCertificate", "its certificate is not one to be trusted"),
    ("InvalidContentType", "it does not speak TLS: is the endpoint http, not https?"),
    ("TimedOut", "it does not answer in time"),
    ("kind: Timeout", "it does not answer in time"),
)
_CODE = re.compile(r"<Code>(\w{1,60})</Code>")
_STATUS = re.compile(r"status code: (\d{3})")


def reason(said: str) -> str:
    """The reason in obstore's long message, which quotes the server's answer."""
    if code := _CODE.search(said):
        return _BY_CODE.get(code[1], f"it answers {code[1]}")
    for sign, words in _BY_SIGN:
        if sign in said:
            return words
    status = _STATUS.search(said)
    return f"it answers with HTTP status {status[1]}" if status else "it does not answer"
