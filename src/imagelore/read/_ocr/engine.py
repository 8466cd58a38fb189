"""RapidOCR, loaded once for all threads: its models as they lie in its wheel, its log kept to itself."""

from __future__ import annotations

import importlib.util
import logging
import os
import threading
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from imagelore.errors import MissingExtraError

Pixels = NDArray[np.uint8]
"""`[height, width, 3]`, blue first, as OpenCV has them."""
Corners = NDArray[np.float32]
"""`[4, 2]`: x and y in pixels of top left, top right, bottom right, bottom left."""

MISSING = 'reading the text in pictures needs RapidOCR: pip install "imagelore[ocr]"'
_DAMAGED = "RapidOCR's models are missing or damaged ({}): pip install --force-reinstall rapidocr"
_SURE = 0.5  # score of a box, 0 to 1; whether it holds text, reading it tells better
_LARGEST = 2048  # pixels: a longer side than any picture that is handed in
_LONGEST = 80  # times its height: the width to which a longer line is squeezed


def installed() -> bool:
    """Whether the extra `ocr` is there; cheap: nothing is imported."""
    return all(importlib.util.find_spec(name) for name in ("rapidocr", "onnxruntime"))


def engine() -> Engine:
    """The one engine of this process, loaded when it is first asked for.

    Raises:
        MissingExtraError: the extra or a model of it is missing, or damaged.
    """
    with _LOADING:
        return _loaded()


class Engine:
    """Finds text and reads it, one thread a call. It holds no state between calls, so that threads share it.

    `models` is the folder of the models; without it, the one in RapidOCR's wheel.
    """

    def __init__(self, models: Path | None = None) -> None:
        os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # before onnxruntime is imported
        # RapidOCR gives its log a handler that writes to stderr, unless it has one, and a level of its own choice.
        log = logging.getLogger("RapidOCR")
        log.addHandler(logging.NullHandler())
        try:
            import rapidocr
            from rapidocr import RapidOCR
            from rapidocr.main import RapidOCRError
        except ImportError as error:
            raise MissingExtraError(f"{MISSING} ({error})") from error
        self._nothing = RapidOCRError  # what it raises where there is no text
        self._rapid: Any = RapidOCR(params=_params(models or Path(rapidocr.__file__).parent / "models"))
        try:  # it loads each model when it is first used
            self.boxes(np.full((64, 64, 3), 255, np.uint8))
            self.text(np.full((48, 96, 3), 255, np.uint8))
        except Exception as error:  # whatever onnxruntime raises for a file that is no model
            said = " ".join(str(error).split())
            raise MissingExtraError(_DAMAGED.format(said[-120:])) from error

    def boxes(self, pixels: Pixels) -> list[Corners]:
        """Where text seems to stand in a picture of at most 2,048 px, largest first.

        RapidOCR tells scores too, but sorts the boxes and not their scores.
        """
        try:
            _, found = self._rapid.detect_and_crop(pixels, {})
        except self._nothing:
            return []
        return sorted((np.asarray(box, np.float32) for box in found.boxes), key=_area, reverse=True)

    def crop(self, pixels: Pixels, box: Corners) -> Pixels:
        """The text in a box, set upright."""
        (crop,) = self._rapid.crop_text_regions(pixels, [box])
        height, width = crop.shape[:2]
        if width > _LONGEST * height:
            squeezed = Image.fromarray(np.ascontiguousarray(crop)).resize((_LONGEST * height, height))
            return np.asarray(squeezed)
        return np.asarray(crop)

    def text(self, crop: Pixels) -> tuple[str, float]:
        """What stands in a crop, and how sure that is, 0 to 1.

        One line a call: together they would all be padded to the longest, which takes longer on a CPU.
        """
        read = self._rapid.recognize_txt([crop])
        return str(read.txts[0]).strip(), float(read.scores[0])


_LOADING = threading.Lock()


@cache
def _loaded() -> Engine:
    return Engine()


def _params(models: Path) -> dict[str, Any]:
    return {
        "Global.log_level": "critical",
        "Global.use_vertical_padding": False,
        "EngineConfig.onnxruntime.intra_op_num_threads": 1,  # pictures are read side by side, a thread each
        "EngineConfig.onnxruntime.inter_op_num_threads": 1,
        # A model that is named by its path is never downloaded.
        "Det.model_path": str(_model(models, "det")),
        "Rec.model_path": str(_model(models, "rec")),
        "Det.limit_type": "max",  # never larger than what is handed in
        "Det.limit_side_len": _LARGEST,
        "Det.box_thresh": _SURE,
    }


def _area(box: Corners) -> float:
    return float(np.linalg.norm(box[0] - box[3]) * np.linalg.norm(box[0] - box[1]))


def _model(folder: Path, kind: str) -> Path:
    files = sorted(folder.glob(f"*_{kind}_*.onnx"), key=lambda file: file.stat().st_size)
    if not files:
        raise MissingExtraError(_DAMAGED.format(f"no `{kind}` in {folder}"))
    return files[0]
