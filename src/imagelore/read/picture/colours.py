"""The names of a picture's dominant colours: the eleven basic colour terms (Berlin and Kay, "Basic Color Terms", 1969).

A pixel gets the term of the nearest of several known colours in CIELAB (D65, CIE 1976 distance). The known colours are
named ones of the xkcd colour survey (R. Munroe, 2010; data in the public domain, CC0), each filed under its basic
term. Pixels of little chroma are black, grey or white by their lightness alone: photographs of neutral things are
never quite neutral.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

_DROPPED = 3  # low bits of a channel that the table of colours leaves out
_SHARE = 0.12  # of the picture's weighted area that a colour covers to be called dominant
_MOST = 3
_NEUTRAL = ("black", "grey", "white")
_NEUTRAL_CHROMA = 10.0  # CIELAB; below it a colour reads as a grey
_DARK, _LIGHT = 22.0, 86.0  # lightness below which a neutral is black, above which it is white
_PITCH = 28.0  # lightness plus half the chroma below which everything is black
_PALE, _VIVID = 0.35, 1.4  # how much a grey and a vivid pixel count: a red cup on a large white ground is called red
_FULL_CHROMA = 70.0  # the chroma that adds 1 to what a pixel counts

_SURVEY = {
    "red": "e50000 840000 650021 8c000f 8f1402 be0119 9a0200 ff000d d3494e bb3f3f 9e3623 ef4026 af2f0d",
    "orange": "f97306 fdaa48 c65102 c04e01 ff5b00 d8863b f0944d c9643b f8481c cd5909 e17701",
    "yellow": "ffff14 ffff84 ceb301 dbb40c fac205 fffe7a d5b60a f5bf03",
    "green": "15b01a 96f97b 89fe05 033500 6e750e 677a04 06470c 9ffeb0 02ab2e 76cd26 029386 4b5d16 87ae73 80f9ad 658b38"
    " 74a662 5fa052 82a67d 373e02 3f9b0b 6f7632",
    "blue": "0343df 95d0fc 75bbfd 00035b 001146 0504aa 00ffff 0165fc a2cffe 0203e2 0804f9 152eff 010fcc 040273 030aa7"
    " 01153e 5b7c99 5a7d9a b1d1fc 5a86ad 5e819d 3b719f 3b5b92",
    "purple": "7e1e9c bf77f6 9a0eea c79fef 35063e 580f41 cea2fd 380282 380835 825f87 805b87",
    "pink": "ff81c0 ffd1df ff028d ff796c cf6275 c20078 c0737a ffcfdc",
    "brown": "653700 341c02 ad8150 d1b26f 3d1c02 a9561e e6daa6 b9a281 9d7651 b66a50 af884a a6814c 742802",
}


def dominant_colours(tiny: NDArray[np.uint8]) -> tuple[str, ...]:
    """At most three basic colour terms that cover a picture, most area first; the more vivid, the more it counts.

    `tiny` is the picture at a few thousand pixels, `[h, w, 3]`.
    """
    red, green, blue = (tiny[..., channel].ravel() >> _DROPPED for channel in range(3))
    terms, weights = _table()
    areas = np.bincount(terms[red, green, blue], weights[red, green, blue], minlength=len(_TERMS))
    shares = areas / areas.sum()
    order = sorted(range(len(_TERMS)), key=lambda term: -shares[term])[:_MOST]
    return tuple(_TERMS[term] for term in order if shares[term] >= _SHARE)


@cache
def _table() -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """The term of each colour, and how much it counts, at five bits a channel: `[32, 32, 32]` each."""
    levels = (np.arange(0, 256, 2**_DROPPED) + 2 ** (_DROPPED - 1)) / 256
    lab = _lab(np.stack(np.meshgrid(levels, levels, levels, indexing="ij"), axis=-1).reshape(-1, 3))
    lightness, chroma = lab[:, 0], np.hypot(lab[:, 1], lab[:, 2])
    distances = (_KNOWN**2).sum(axis=1) - 2 * lab @ _KNOWN.T  # less |lab|^2, the same for all
    terms = _TERM_OF[distances.argmin(axis=1)]
    neutral = (chroma < _NEUTRAL_CHROMA) | (lightness + chroma / 2 < _PITCH)
    terms[neutral] = np.select([lightness < _DARK, lightness > _LIGHT], [0, 2], default=1)[neutral]
    weights = np.clip(_PALE + chroma / _FULL_CHROMA, _PALE, _VIVID)
    shape = 3 * (len(levels),)
    return terms.reshape(shape), weights.reshape(shape).astype(np.float64)


def _lab(rgb: NDArray[np.float64]) -> NDArray[np.float32]:
    """sRGB in [0, 1] as CIELAB (IEC 61966-2-1; CIE 15:2004, 8.2.1.1), rows of three."""
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    xyz = linear @ _TO_XYZ.T / _WHITE
    f = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz / (3 * (6 / 29) ** 2) + 4 / 29)
    lab = [116 * f[:, 1] - 16, 500 * (f[:, 0] - f[:, 1]), 200 * (f[:, 1] - f[:, 2])]
    return np.stack(lab, axis=1).astype(np.float32)


_TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
_WHITE = np.array([0.9505, 1.0, 1.089])
_TERMS = (*_NEUTRAL, *_SURVEY)
_CODES = [(term, code) for term, codes in _SURVEY.items() for code in codes.split()]
_TERM_OF = np.array([_TERMS.index(term) for term, _ in _CODES])
_KNOWN = _lab(np.array([list(bytes.fromhex(code)) for _, code in _CODES], dtype=np.float64) / 255)
