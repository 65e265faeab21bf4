"""Checks an Ed25519 signature with nothing but Python (RFC 8032, section 5.1.7): `audit_verify.py` loads this file from beside it.

It reads what is public and keeps no secret, so it need not take the same time for every key. Signing is done elsewhere.
"""

import hashlib

P, ORDER = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
Point = tuple[int, int, int, int]
"""A point of the curve in extended coordinates: X, Y, Z and T, where x = X/Z, y = Y/Z and xy = T/Z."""


def decoded(data: bytes) -> Point:
    """The point that 32 bytes name. Raises ValueError when they name none."""
    number = int.from_bytes(data, "little")
    y, odd = number & (2**255 - 1), number >> 255
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if len(data) != 32 or y >= P or (x * x - square) % P or (odd and not x):
        raise ValueError("these bytes name no point of the curve")
    x = x if x & 1 == odd else P - x
    return x, y, 1, x * y % P


def added(p: Point, q: Point) -> Point:
    """The sum of two points."""
    a, b = (p[1] - p[0]) * (q[1] - q[0]) % P, (p[1] + p[0]) * (q[1] + q[0]) % P
    c, d = 2 * p[3] * q[3] * D % P, 2 * p[2] * q[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(number: int, p: Point) -> Point:
    """A point added to itself so many times."""
    total: Point = (0, 1, 1, 0)
    while number:
        total = added(total, p) if number & 1 else total
        p, number = added(p, p), number >> 1
    return total


BASE = decoded((4 * pow(5, -1, P) % P).to_bytes(32, "little"))


def signed(key: str, text: str, signature: str) -> bool:
    """Whether the owner of a public key signed a text; key and signature in hex."""
    try:
        a, both = bytes.fromhex(key), bytes.fromhex(signature)
        r, s = both[:32], int.from_bytes(both[32:], "little")
        challenge = int.from_bytes(hashlib.sha512(r + a + text.encode()).digest(), "little") % ORDER
        left, right = times(s, BASE), added(decoded(r), times(challenge, decoded(a)))
    except ValueError:
        return False
    same = all((left[n] * right[2] - right[n] * left[2]) % P == 0 for n in (0, 1))
    return len(both) == 64 and s < ORDER and same
