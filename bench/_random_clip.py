"""A CLIP model of ViT-B/32's real size with random weights, for a speed that no download is needed for.

`python -m bench._random_clip FOLDER` writes 0.6 GB as transformers exports it, and the picture half also in float16 and
in 8 bits; it wants torch, transformers and onnx beside imagelore's own requirements.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

from tests.embed.clip_reference import FOLDER as TINY
from tests.embed.clip_reference import export, module


def main(folder: Path) -> None:
    """The folder that `--folder` of `bench.encoders` takes."""
    import onnx
    import torch
    from onnxruntime.quantization import QuantType, quantize_dynamic
    from onnxruntime.transformers.float16 import convert_float_to_float16
    from transformers import CLIPConfig, CLIPModel
    from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

    torch.manual_seed(1)
    model = CLIPModel(
        CLIPConfig(vision_config={}, text_config={})
    ).eval()  # the defaults are openai/clip-vit-base-patch32
    pixels, ids = torch.zeros(1, 3, 224, 224), torch.full((1, 77), 49407)
    seen = module(lambda pixels: model.get_image_features(pixels).pooler_output, model)
    export(seen, folder / "onnx" / "vision_model.onnx", {"pixel_values": pixels}, "image_embeds")
    said = module(lambda ids: model.get_text_features(ids).pooler_output, model)
    export(said, folder / "onnx" / "text_model.onnx", {"input_ids": ids}, "text_embeds")
    whole = onnx.load(folder / "onnx" / "vision_model.onnx")
    onnx.save(convert_float_to_float16(whole, keep_io_types=True), folder / "onnx" / "vision_model_fp16.onnx")
    quantize_dynamic(
        folder / "onnx" / "vision_model.onnx", folder / "onnx" / "vision_model_quantized.onnx",
        weight_type=QuantType.QUInt8,
    )  # fmt: skip
    files = {
        "config.json": {"model_type": "clip", "projection_dim": 512, "text_config": {"max_position_embeddings": 77}},
        "preprocessor_config.json": CLIPImageProcessorPil().to_dict(),
    }
    for name, value in files.items():
        (folder / name).write_text(json.dumps(value) + "\n", encoding="utf-8")
    shutil.copy(TINY / "clip" / "tokenizer.json", folder)  # as good as any for random weights


if __name__ == "__main__":
    main(Path(sys.argv[1]))
