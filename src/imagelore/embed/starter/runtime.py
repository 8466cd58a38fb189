"""ONNX Runtime, silent: its Linux builds send usage data unless told not to before they are loaded."""

from __future__ import annotations

import os

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # calling `disable_telemetry_events` afterwards is too late

import onnxruntime

__all__ = ["onnxruntime"]
