"""The verifier's own Ed25519 against RFC 8032 and against the library that signs: right, and strict in every way."""

from __future__ import annotations

import hashlib
import random

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from demands.offline.verify import ORDER, P, added, is_signed, point, times

RFC_8032 = [  # section 7.1: public key, message, signature
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe"
        "24655141438e7a100b",
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302a"
        "eeb00d291612bb0c00",
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed2"
        "8dc027beceea1ec40a",
    ),
]
BASE_Y = 46316835694926478169428394003475163141307993866256225615783033603165251855960  # 4/5, RFC 8032, section 5.1
BASE_X = 15112221349535400772501151409588531511454012693041857206046113283949847762202
IDENTITY = (0, 1)


def plane(extended: tuple[int, int, int, int] | None) -> tuple[int, int]:
    """The x and y of a point, whose fourth coordinate must be their product's."""
    assert extended is not None
    x, y, z, t = extended
    assert (x * y - z * t) % P == 0
    return x * pow(z, P - 2, P) % P, y * pow(z, P - 2, P) % P


def written(y: int, odd_x: int = 0) -> bytes:
    return (y | odd_x << 255).to_bytes(32, "little")


@pytest.mark.parametrize(("key", "message", "signature"), RFC_8032)
def test_the_examples_of_the_rfc_hold_and_no_other(key: str, message: str, signature: str) -> None:
    told = bytes.fromhex(key), bytes.fromhex(message), bytes.fromhex(signature)
    assert is_signed(*told) is True
    for place in range(3):
        for at in range(0, len(told[place]), 5):
            changed = bytearray(told[place])
            changed[at] ^= 1
            assert not is_signed(*told[:place], bytes(changed), *told[place + 1 :]), (place, at)


def test_what_the_library_signs_holds_whatever_the_key_and_the_length() -> None:
    chance = random.Random(8032)
    for length in range(0, 200, 20):
        private, message = Ed25519PrivateKey.from_private_bytes(chance.randbytes(32)), chance.randbytes(length)
        key = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        assert is_signed(key, message, private.sign(message))
        assert not is_signed(key, message + b"\0", private.sign(message))


def test_a_signature_is_of_one_length_and_one_spelling_only() -> None:
    """RFC 8032, section 5.1.7: or somebody could make another signature of a good one."""
    key, message, signature = (bytes.fromhex(one) for one in RFC_8032[2])
    response = int.from_bytes(signature[32:], "little")
    assert not is_signed(key, message, signature[:32] + (response + ORDER).to_bytes(32, "little"))
    assert not is_signed(key, message, signature + b"\0")
    assert not is_signed(key, message, signature[:-1])  # its last byte is no zero
    signed_so = bytes.fromhex(RFC_8032[0][2])  # of nothing, by its key
    assert is_signed(bytes.fromhex(RFC_8032[0][0]), b"", signed_so)
    seed = bytes(32)
    private = Ed25519PrivateKey.from_private_bytes(seed)
    longer = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw) + b"\0"
    assert is_signed(longer[:32], b"\0word", private.sign(b"\0word"))
    assert not is_signed(longer, b"word", private.sign(b"\0word"))  # the same bytes are hashed


def test_a_point_that_shares_only_one_coordinate_with_the_right_one_is_another() -> None:
    """Signatures made so that both sides of the equation have the same y, or the same x, and are not the same."""
    base, secret, chosen, message = point(written(BASE_Y)), 7, 11, b"word"
    assert base is not None
    x, y = plane(times(secret, base))
    key = written(y, x & 1)
    for commitment in (times(chosen, base), added(times(chosen, base), (0, P - 1, 1, 0))):
        x, y = plane(commitment)
        shown = written(y, x & 1)
        hashed = int.from_bytes(hashlib.sha512(shown + key + message).digest(), "little")
        right = (chosen + hashed * secret) % ORDER
        holds = plane(commitment) == plane(times(chosen, base))
        assert is_signed(key, message, shown + right.to_bytes(32, "little")) is holds
        assert is_signed(key, message, shown + (ORDER - right).to_bytes(32, "little")) is False


def test_no_key_or_commitment_that_is_no_point_is_taken() -> None:
    key, message, signature = (bytes.fromhex(one) for one in RFC_8032[1])
    nothing = written(2)  # no x belongs to this y
    assert point(nothing) is None
    assert is_signed(nothing, message, signature) is False
    assert is_signed(key, message, nothing + signature[32:]) is False


def test_a_point_has_one_spelling_only() -> None:
    assert plane(point(written(1))) == IDENTITY
    assert point(written(1, odd_x=1)) is None  # minus nothing
    assert point(written(P + 1)) is None  # one again
    assert point(written(P)) is None  # nought again; nought itself is a point
    assert plane(point(written(0)))[1] == 0
    assert plane(point(written(P - 1))) == (0, P - 1)
    assert plane(point(written(BASE_Y))) == (BASE_X, BASE_Y)
    assert plane(point(written(BASE_Y, odd_x=1))) == (P - BASE_X, BASE_Y)


def test_sums_and_multiples_are_those_of_the_curve() -> None:
    base = point(written(BASE_Y))
    assert base is not None
    assert plane(times(0, base)) == IDENTITY
    assert plane(times(1, base)) == plane(added(base, times(0, base))) == (BASE_X, BASE_Y)
    assert plane(times(ORDER, base)) == IDENTITY
    assert plane(times(ORDER - 1, base)) == (P - BASE_X, BASE_Y)
    assert plane(times(5, base)) == plane(added(times(2, base), added(added(base, base), base)))
    for number in range(5):  # a public key is a multiple of the base: section 5.1.5
        seed = bytes([number]) * 32
        digest = bytearray(hashlib.sha512(seed).digest()[:32])
        digest[0] &= 248
        digest[31] = digest[31] & 127 | 64
        public = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        assert plane(times(int.from_bytes(digest, "little"), base)) == plane(point(public))
