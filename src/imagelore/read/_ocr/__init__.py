"""Text in pictures, read on this machine by RapidOCR's bundled PP-OCR models (extra `ocr`); nothing is downloaded.

`wanted` says whether a picture is to be read under the setting `ocr`; `read` reads it, in bounded time and memory.
Lines must be level, as a picture is held; its EXIF orientation was applied when it was decoded.
"""

from imagelore.read._ocr.engine import installed
from imagelore.read._ocr.likely import GLANCE, likely, wanted
from imagelore.read._ocr.reading import SIDE, Found, read, with_text

__all__ = ["GLANCE", "SIDE", "Found", "installed", "likely", "read", "wanted", "with_text"]
