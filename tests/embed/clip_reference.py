"""Tiny dual encoders with random weights, and what their own libraries make of these pictures and texts.

`python -m tests.embed.clip_reference` writes `clip_reference/` anew; it wants torch, torchvision, transformers,
open_clip_torch and onnx beside imagelore's own requirements, and none of them is wanted by the tests.

    clip       transformers' CLIPModel, as `text_model.onnx` and `vision_model.onnx`, this also in float16 and 8 bits
    siglip     transformers' SiglipModel with a lower-casing tokenizer, as one `model.onnx`
    open_clip  open_clip's CustomTextCLIP without a causal mask, pre-processed as MobileCLIP2: padding counts
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

FOLDER = Path(__file__).with_name("clip_reference")
SIZES = ((64, 48), (33, 47), (24, 24), (31, 200), (7, 5), (301, 90))
TEXTS = ("a red ball on a green meadow", "Boats!", "", "two dogs and a cat " * 20)
SIDE, CONTEXT, WIDTH = 24, 16, 16


def pictures() -> list[Image.Image]:
    """Pictures of odd sizes: smooth colours with some noise."""
    made = []
    for seed, (width, height) in enumerate(SIZES):
        random = np.random.default_rng(seed)
        coarse = Image.fromarray(random.integers(0, 256, (6, 8, 3), np.uint8))
        smooth = np.asarray(coarse.resize((width, height), Image.Resampling.BILINEAR), np.int16)
        noisy = smooth + random.integers(-20, 21, smooth.shape, np.int16)
        made.append(Image.fromarray(noisy.clip(0, 255).astype(np.uint8)))
    return made


def kept(name: str) -> dict[str, np.ndarray[Any, Any]]:
    """The library's `squares` `[n, side, side, 3]`, its vectors of `pictures` and of `texts`."""
    with np.load(FOLDER / name / "expected.npz") as file:
        return dict(file)


def _tokenizer(end: str, pad: str, start: str | None = None) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE(unk_token=end))
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFC(), normalizers.Lowercase()])
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    special = [pad, *([start] if start else []), end] if pad != end else [*([start] if start else []), end]
    trainer = trainers.BpeTrainer(
        vocab_size=280, special_tokens=special, initial_alphabet=pre_tokenizers.ByteLevel.alphabet()
    )
    tokenizer.train_from_iterator([*TEXTS, "a boat in the harbour, a dog on the beach"], trainer)
    marks = [(token, tokenizer.token_to_id(token)) for token in (start, end) if token]
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{start or ''} $A {end}".strip(), special_tokens=marks
    )
    return tokenizer


def _write(name: str, tokenizer: Tokenizer, files: dict[str, Any], expected: dict[str, Any]) -> None:
    folder = FOLDER / name
    tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    for file, value in files.items():
        (folder / file).write_text(json.dumps(value) + "\n", encoding="utf-8")
    arrays = {key: np.asarray(value, np.uint8 if key == "squares" else np.float32) for key, value in expected.items()}
    np.savez_compressed(folder / "expected.npz", allow_pickle=False, **arrays)


def export(model: Any, path: Path, arguments: dict[str, Any], output: str, free: tuple[str, ...] = ("batch",)) -> None:
    """Writes a model as ONNX. The first dimensions of its inputs and its output may have any size: those in `free`."""
    import torch

    path.parent.mkdir(parents=True, exist_ok=True)
    axes = {name: dict(enumerate(free)) for name in (*arguments, output)}
    torch.onnx.export(
        model, tuple(arguments.values()), str(path), input_names=list(arguments), output_names=[output],
        dynamic_axes=axes, dynamo=False, opset_version=17,
    )  # fmt: skip
    _shrink(path)


def _shrink(path: Path) -> None:
    """Folds constants and takes away the names that only a reader of the graph wants."""
    import onnx
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.optimized_model_filepath = str(path)
    onnxruntime.InferenceSession(path.read_bytes(), options, providers=["CPUExecutionProvider"])
    model = onnx.load(path)
    outside = {value.name for value in (*model.graph.input, *model.graph.output)}
    short: dict[str, str] = {}
    for node in model.graph.node:
        node.name = node.doc_string = ""
        for names in (node.input, node.output):
            for i, name in enumerate(names):
                if name and name not in outside:
                    names[i] = short.setdefault(name, f"v{len(short)}")
    for weights in model.graph.initializer:
        weights.name = short.get(weights.name, weights.name)
    del model.graph.value_info[:]
    onnx.save(model, path)


def module(forward: Callable[..., Any], owner: Any) -> Any:
    """A torch module of a function of `owner`, for export."""
    import torch

    class Half(torch.nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.owner = owner

        def forward(self, *arguments: Any) -> Any:
            return forward(*arguments)

    return Half().eval()


def _squares(pixels: Any, mean: Any, std: Any) -> Any:
    """Normalised `[n, 3, s, s]` back to the bytes that they were made of."""
    rows = np.asarray(pixels, np.float64).transpose(0, 2, 3, 1) * np.array(std) + np.array(mean)
    return np.rint(rows * 255).astype(np.uint8)


def _vectors(value: Any) -> Any:
    value = getattr(value, "pooler_output", value)
    return (value / value.norm(dim=-1, keepdim=True)).detach().numpy()


def clip() -> None:
    """CLIP of transformers."""
    import onnx
    import torch
    from onnxruntime.quantization import quantize_dynamic
    from onnxruntime.transformers.float16 import convert_float_to_float16
    from transformers import CLIPConfig, CLIPModel, PreTrainedTokenizerFast
    from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

    tokenizer = _tokenizer("<|endoftext|>", "<|endoftext|>", "<|startoftext|>")
    end, start = tokenizer.token_to_id("<|endoftext|>"), tokenizer.token_to_id("<|startoftext|>")
    half = {"hidden_size": WIDTH, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
    text = {"vocab_size": tokenizer.get_vocab_size(), "max_position_embeddings": CONTEXT, "eos_token_id": end}
    vision = {"image_size": SIDE, "patch_size": 8}
    config = CLIPConfig(
        text_config={**half, **text, "bos_token_id": start, "pad_token_id": end},
        vision_config={**half, **vision}, projection_dim=24, initializer_factor=4.0,
    )  # fmt: skip
    torch.manual_seed(1)
    model = CLIPModel(config).eval()
    processor = CLIPImageProcessorPil(size={"shortest_edge": SIDE}, crop_size={"height": SIDE, "width": SIDE})
    words = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<|endoftext|>", eos_token="<|endoftext|>", model_max_length=CONTEXT
    )
    pixels = processor(pictures(), return_tensors="pt")["pixel_values"]
    read = words(list(TEXTS), padding="max_length", truncation=True, return_tensors="pt")
    onnx_folder = FOLDER / "clip" / "onnx"
    seen = module(lambda pixels: _pooled(model.get_image_features(pixels)), model)
    export(seen, onnx_folder / "vision_model.onnx", {"pixel_values": pixels}, "image_embeds")
    said = module(lambda ids, mask: _pooled(model.get_text_features(ids, attention_mask=mask)), model)
    given = {"input_ids": read["input_ids"], "attention_mask": read["attention_mask"]}
    export(said, onnx_folder / "text_model.onnx", given, "text_embeds")
    small = convert_float_to_float16(onnx.load(onnx_folder / "vision_model.onnx"), keep_io_types=False)
    onnx.save(small, onnx_folder / "vision_model_fp16.onnx")
    quantize_dynamic(onnx_folder / "vision_model.onnx", onnx_folder / "vision_model_quantized.onnx")
    files = {
        "config.json": {"model_type": "clip", "projection_dim": 24, "text_config": text, "vision_config": vision},
        "preprocessor_config.json": processor.to_dict(),
        "tokenizer_config.json": {"pad_token": "<|endoftext|>", "model_max_length": CONTEXT},
    }
    _write("clip", tokenizer, files, {
        "squares": _squares(pixels, processor.image_mean, processor.image_std),
        "pictures": _vectors(model.get_image_features(pixels)), "texts": _vectors(model.get_text_features(**read)),
    })  # fmt: skip


def _pooled(value: Any) -> Any:
    return getattr(value, "pooler_output", value)


def siglip() -> None:
    """SigLIP of transformers; the tokenizer's file keeps capitals, as SigLIP 2's does; its class does not."""
    import torch
    from transformers import PreTrainedTokenizerFast, SiglipConfig, SiglipModel
    from transformers.models.siglip.image_processing_pil_siglip import SiglipImageProcessorPil

    tokenizer = _tokenizer("<eos>", "<pad>")
    half = {"hidden_size": WIDTH, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
    text = {"vocab_size": tokenizer.get_vocab_size(), "max_position_embeddings": CONTEXT}
    vision = {"image_size": SIDE, "patch_size": 8, "hidden_size": WIDTH}
    torch.manual_seed(2)
    model = SiglipModel(SiglipConfig(text_config={**half, **text}, vision_config={**half, **vision})).eval()
    for weights in model.parameters():
        torch.nn.init.normal_(weights, std=0.3)
    processor = SiglipImageProcessorPil(size={"height": SIDE, "width": SIDE}, resample=Image.Resampling.BILINEAR)
    words = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", eos_token="<eos>", model_max_length=CONTEXT
    )
    pixels = processor(pictures(), return_tensors="pt")["pixel_values"]
    ids = words(list(TEXTS), padding="max_length", truncation=True, return_tensors="pt")["input_ids"]

    class Both(torch.nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, ids: Any, pixels: Any) -> Any:
            made = self.model(input_ids=ids, pixel_values=pixels)
            return made.logits_per_image, made.text_embeds, made.image_embeds

    path = FOLDER / "siglip" / "onnx" / "model.onnx"
    path.parent.mkdir(parents=True, exist_ok=True)
    names = ["logits_per_image", "text_embeds", "image_embeds"]
    axes = {"input_ids": {0: "texts"}, "pixel_values": {0: "pictures"}, "text_embeds": {0: "texts"}}
    torch.onnx.export(
        Both().eval(), (ids, pixels), str(path), input_names=["input_ids", "pixel_values"], output_names=names,
        dynamic_axes=axes | {"image_embeds": {0: "pictures"}}, dynamo=False, opset_version=17,
    )  # fmt: skip
    _shrink(path)
    tokenizer.normalizer = normalizers.NFC()
    files = {
        "config.json": {"model_type": "siglip", "text_config": text, "vision_config": vision},
        "preprocessor_config.json": processor.to_dict(),
        "tokenizer_config.json": {"pad_token": {"content": "<pad>"}, "model_max_length": CONTEXT},
    }
    _write("siglip", tokenizer, files, {
        "squares": _squares(pixels, processor.image_mean, processor.image_std),
        "pictures": _vectors(model.get_image_features(pixels)), "texts": _vectors(model.get_text_features(ids)),
    })  # fmt: skip


def open_clip() -> None:
    """open_clip's model and transform in MobileCLIP2's way."""
    import open_clip as library
    import torch

    config = library.get_pretrained_cfg("MobileCLIP2-S2", "dfndr2b")
    tokenizer = _tokenizer("<|endoftext|>", "!", "<|startoftext|>")
    torch.manual_seed(3)
    text = {"context_length": CONTEXT, "vocab_size": tokenizer.get_vocab_size(), "width": WIDTH, "heads": 2}
    model = library.CustomTextCLIP(
        embed_dim=24, vision_cfg={"layers": 1, "width": WIDTH, "head_width": 8, "patch_size": 8, "image_size": SIDE}
        | {"pool_type": "avg", "mlp_ratio": 1.0},
        text_cfg={**text, "layers": 1, "no_causal_mask": True},
    ).eval()  # fmt: skip
    for weights in model.parameters():
        torch.nn.init.normal_(weights, std=0.3)
    seen = model.visual.conv1.weight.data  # patches differ by what is in them, not by how bright they are
    seen.copy_(10 * (seen - seen.mean(dim=(1, 2, 3), keepdim=True)))
    model.visual.positional_embedding.data.mul_(0.1)
    how = {name: config[name] for name in ("mean", "std", "interpolation", "resize_mode")}
    transform = library.image_transform(SIDE, is_train=False, **how)
    pixels = torch.stack([transform(picture) for picture in pictures()])
    # `open_clip.tokenizer.SimpleTokenizer.__call__`, with a vocabulary of ours
    ids = torch.zeros(len(TEXTS), CONTEXT, dtype=torch.long)
    for row, text_ in enumerate(TEXTS):
        pieces = tokenizer.encode(text_).ids
        pieces = pieces if len(pieces) <= CONTEXT else [*pieces[: CONTEXT - 1], pieces[-1]]
        ids[row, : len(pieces)] = torch.tensor(pieces)
    folder = FOLDER / "open_clip" / "onnx"
    export(module(model.encode_image, model), folder / "vision_model.onnx", {"pixel_values": pixels}, "image_embeds")
    export(module(model.encode_text, model), folder / "text_model.onnx", {"input_ids": ids}, "text_embeds")
    _write("open_clip", tokenizer, {}, {
        "squares": _squares(pixels, how["mean"], how["std"]),
        "pictures": _vectors(model.encode_image(pixels)), "texts": _vectors(model.encode_text(ids)),
    })  # fmt: skip


if __name__ == "__main__":
    clip()
    siglip()
    open_clip()
