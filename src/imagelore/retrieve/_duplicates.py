"""Which pictures look the same, by their perceptual hashes.

The hash (made by `imagelore.read`) is hex: 32 digits of a difference hash (128 bits of shape), then 24 digits of coarse
colour (R, G, B bytes of four quarters).
"""

from __future__ import annotations

_SHAPE, _LENGTH = 32, 56  # hex digits
# Over the 104 sample pictures: copies (rescaled, re-encoded, brighter or darker by 15 %, more contrast or saturation)
# differ in 11 bits at most, and different pictures in 15 at least, those in 20 that share their colours.
_BITS = 12
# Colour is compared after its brightness is taken off; the same product in another colour differs by 40 and more.
_TINT = 16


def near_duplicate(a: str, b: str) -> bool:
    """Whether two hashes are of nearly the same picture; never where one is "" (too flat to tell)."""
    if len(a) != _LENGTH or len(b) != _LENGTH:
        return False
    if (int(a[:_SHAPE], 16) ^ int(b[:_SHAPE], 16)).bit_count() > _BITS:
        return False
    return all(abs(x - y) <= _TINT for x, y in zip(_tints(a), _tints(b), strict=True))


def _tints(hash: str) -> list[float]:
    """Each quarter's R, G and B less their mean: what stays when a picture is brightened."""
    colour = bytes.fromhex(hash[_SHAPE:])
    means = [sum(colour[at : at + 3]) / 3 for at in range(0, 12, 3)]
    return [value - means[at // 3] for at, value in enumerate(colour)]
