"""Any of Pillow's modes -> RGB (sRGB, alpha on white), reduced on the way.

A large picture is converted and reduced band by band, so no second full-size copy of it ever exists.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator

import numpy as np
from PIL import Image, ImageCms

_BAND = 2_000_000  # pixels
_DEPTHS = (8, 10, 12, 14, 16)  # bits a sample
_SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
_LAB = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))


def to_rgb(image: Image.Image, side: int) -> Image.Image:
    """A loaded picture as RGB with a longer side of `side`, or its own where that is smaller."""
    longer = max(image.size)
    factor = max(1, longer // (2 * side))
    prepare = _preparation(image)
    if image.width * image.height <= _BAND:
        small = prepare(image)
        small = small.reduce(factor) if factor > 1 else small
    else:
        small = _reduced(image, factor, prepare)
    if longer > side:
        size = tuple(max(1, round(length * side / longer)) for length in image.size)
        small = small.resize((size[0], size[1]), Image.Resampling.BICUBIC)
    return _to_srgb(small, image.info.get("icc_profile"))


def _reduced(image: Image.Image, factor: int, prepare: Callable[[Image.Image], Image.Image]) -> Image.Image:
    target: Image.Image | None = None
    for top, band in _bands(image, factor):
        part = prepare(band)
        if target is None:
            target = Image.new(part.mode, (-(-image.width // factor), -(-image.height // factor)))
        target.paste(part.reduce(factor) if factor > 1 else part, (0, top // factor))
    return target if target is not None else prepare(image)


def _bands(image: Image.Image, factor: int = 1) -> Iterator[tuple[int, Image.Image]]:
    """(top row, band) of whole multiples of `factor` rows."""
    rows = max(1, _BAND // image.width // factor) * factor
    for top in range(0, image.height, rows):
        yield top, image.crop((0, top, image.width, min(top + rows, image.height)))


def _preparation(image: Image.Image) -> Callable[[Image.Image], Image.Image]:
    """What turns a band into a mode that can be reduced, with neither alpha nor palette."""
    mode = image.mode
    if mode in ("LA", "La", "RGBA", "RGBa", "PA") or "transparency" in image.info:
        return _on_white
    if mode in ("RGB", "L", "CMYK", "LAB"):
        return lambda band: band
    if mode in ("I", "F") or mode.startswith("I;16"):
        low, high = _range(image)
        return lambda band: _eight_bits(band, low, high)
    return lambda band: band.convert("L" if mode == "1" else "RGB")


def _on_white(band: Image.Image) -> Image.Image:
    if band.mode.startswith("I"):  # a transparent shade of a 16-bit picture: rare, and its alpha is not kept
        return _eight_bits(band, 0, 65_535)
    if band.mode in ("La", "RGBa"):
        band = band.convert({"La": "LA", "RGBa": "RGBA"}[band.mode])
    band = band.convert("RGBA")
    white = Image.new("RGB", band.size, "white")
    white.paste(band, mask=band.getchannel("A"))
    return white


def _range(image: Image.Image) -> tuple[float, float]:
    """The sample values that become black and white.

    Whole numbers from 0 up: the smallest usual bit depth that holds them (cameras and microscopes store 10 to 14 bits
    in 16). Fractions up to 1, or up to 255: that. Everything else is stretched from its least to its greatest value.
    """
    low, high = np.inf, -np.inf
    for _, band in _bands(image):
        samples = np.asarray(band)
        samples = samples[np.isfinite(samples)]
        if samples.size:
            low, high = min(low, float(samples.min())), max(high, float(samples.max()))
    if low > high:
        return 0.0, 1.0
    if low >= 0 and image.mode != "F":
        for bits in _DEPTHS:
            if high < 2**bits:
                return 0.0, 2.0**bits - 1
    if low >= 0 and image.mode == "F" and high <= 255:
        return 0.0, 1.0 if high <= 1 else 255.0
    return low, high


def _eight_bits(band: Image.Image, low: float, high: float) -> Image.Image:
    samples = np.nan_to_num(np.asarray(band).astype(np.float32), nan=low, posinf=high, neginf=low)
    scaled = (samples - low) * (255.0 / ((high - low) or 1.0))
    return Image.fromarray(np.clip(np.rint(scaled), 0, 255).astype(np.uint8))


def _to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """By the picture's colour profile where it has a usable one, else by Pillow's plain conversion."""
    try:
        if image.mode == "LAB":
            return _converted(image, _LAB)
        if profile and image.mode in ("RGB", "CMYK"):
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            if "sRGB" not in (source.profile.profile_description or ""):
                return _converted(image, source)
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        pass  # a damaged profile, or one of other colours than the picture's
    return image.convert("RGB")


def _converted(image: Image.Image, source: ImageCms.ImageCmsProfile) -> Image.Image:
    intent = ImageCms.Intent.RELATIVE_COLORIMETRIC
    converted = ImageCms.profileToProfile(image, source, _SRGB, renderingIntent=intent, outputMode="RGB")
    return converted if converted is not None else image.convert("RGB")
