"""ONNX Runtime, silent and one thread a call: its Linux builds send usage data unless told not to before they load."""

from __future__ import annotations

import os

os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # calling `disable_telemetry_events` afterwards is too late

import onnxruntime

__all__ = ["onnxruntime", "session_options"]


def session_options() -> onnxruntime.SessionOptions:
    """One thread a call: several calls side by side use the cores better than one call with several threads."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return options
