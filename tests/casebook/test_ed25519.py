"""Signatures are checked in plain Python: what the library signs passes, whatever is changed about it does not."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from casebook.ed25519 import ORDER, signed

# RFC 8032, section 7.1, tests 1 and 2: public key, message, signature.
VECTORS = (
    ("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"),
    ("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "r",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"),
)  # fmt: skip


def test_the_examples_of_the_standard_pass() -> None:
    assert [signed(key, text, signature) for key, text, signature in VECTORS] == [True, True]


@settings(max_examples=30, deadline=None)
@given(secret=st.binary(min_size=32, max_size=32), text=st.text(), place=st.integers(0, 511))
def test_what_the_library_signs_passes_and_one_changed_bit_does_not(secret: bytes, text: str, place: int) -> None:
    private = Ed25519PrivateKey.from_private_bytes(secret)
    key, signature = private.public_key().public_bytes_raw(), private.sign(text.encode())
    assert signed(key.hex(), text, signature.hex())
    changed = bytearray(signature)
    changed[place // 8] ^= 1 << place % 8
    assert not signed(key.hex(), text, bytes(changed).hex())
    assert not signed(key.hex(), text + "0", signature.hex())
    other = bytearray(key)
    other[place // 16] ^= 1 << place % 8
    assert not signed(bytes(other).hex(), text, signature.hex())


def test_a_second_form_of_a_signature_and_what_is_none_are_refused() -> None:
    key, text, signature = VECTORS[0]
    both = bytes.fromhex(signature)
    again = (int.from_bytes(both[32:], "little") + ORDER).to_bytes(32, "little")
    assert not signed(key, text, (both[:32] + again).hex())
    for odd in ("", "zz", signature[:-2], signature + "00"):
        assert not signed(key, text, odd)
    assert not signed("ff" * 32, text, signature)
