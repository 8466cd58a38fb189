"""Chat models that see and that `llamacpp` can have by name: a table that needs no library of the provider's.

Every repository, revision, size and SHA-256 below was read in several public projects that pin the same files, licences
and figures on the publishers' model cards (no `quality`: none was found there to read). No file was downloaded here:
what arrives is checked against its hash, and none of these models has answered here yet.
"""

from __future__ import annotations

from imagelore._hub import HubFile, Offered, Reported


def _model(
    name: str,
    pinned: tuple[str, str],  # repository and revision
    model: tuple[str, str, int],  # path, SHA-256, size
    encoder: tuple[str, str, int],
    about: str,
    languages: tuple[str, ...] = (),
    quality: tuple[Reported, ...] = (),
) -> Offered:
    repository, revision = pinned
    files = (HubFile("model", repository, revision, *model), HubFile("mmproj", repository, revision, *encoder))
    use = f"--generator llamacpp:{name}"
    return Offered(name, "generator", use, files, "Apache-2.0", about, languages, quality, extra="llamacpp")


MODELS = (
    _model(
        "smolvlm2-500m",
        ("ggml-org/SmolVLM2-500M-Video-Instruct-GGUF", "ccd7aae53bcb1997355c2f094959e72b3642ce17"),
        (
            "SmolVLM2-500M-Video-Instruct-Q8_0.gguf",
            "6f67b8036b2469fcd71728702720c6b51aebd759b78137a8120733b4d66438bc",
            436_808_704,
        ),
        (
            "mmproj-SmolVLM2-500M-Video-Instruct-Q8_0.gguf",
            "921dc7e259f308e5b027111fa185efcbf33db13f6e35749ddf7f5cdb60ef520b",
            108_785_184,
        ),
        "Hugging Face's SmolVLM2 500M, 8 bits: the smallest; for trying things out",
        languages=("en",),
    ),
    _model(
        "smolvlm2-2.2b",
        ("ggml-org/SmolVLM2-2.2B-Instruct-GGUF", "1bc3c9f74ceafd4c8d4411cc9cf188bba3798f91"),
        (
            "SmolVLM2-2.2B-Instruct-Q4_K_M.gguf",
            "0cf76814555b8665149075b74ab6b5c1d428ea1d3d01c1918c12012e8d7c9f58",
            1_112_602_656,
        ),
        (
            "mmproj-SmolVLM2-2.2B-Instruct-Q8_0.gguf",
            "ae07ea1facd07dd3230c4483b63e8cda96c6944ad2481f33d531f79e892dd024",
            592_523_200,
        ),
        "Hugging Face's SmolVLM2 2.2B, 4 bits: for laptops",
        languages=("en",),
        quality=(
            Reported("MMMU", "42 %", "its model card, in full precision"),
            Reported("DocVQA, validation", "80 %", "its model card, in full precision"),
        ),
    ),
    _model(
        "qwen3-vl-4b",
        ("Qwen/Qwen3-VL-4B-Instruct-GGUF", "1cd86afb9a95c410a6038ab3b40d8b578c892266"),
        (
            "Qwen3VL-4B-Instruct-Q4_K_M.gguf",
            "66358cb18bb6b3b1b6675aa412c7a88ef01d228f481184d13668e5201c730a0a",
            2_497_281_664,
        ),
        (
            "mmproj-Qwen3VL-4B-Instruct-Q8_0.gguf",
            "30ba2c7dd3127a4561b6cba9d13d0f711c91bdb38742e2f56d73c8cb596bd06d",
            453_974_304,
        ),
        "Alibaba's Qwen3-VL 4B, 4 bits: many languages, text in pictures; for a machine with 8 GB",
    ),
    _model(
        "qwen2.5-vl-7b",
        ("ggml-org/Qwen2.5-VL-7B-Instruct-GGUF", "508edd0afaa66bb9e9f40587acc2184f02daf1f6"),
        (
            "Qwen2.5-VL-7B-Instruct-Q4_K_M.gguf",
            "9258bf05b12686d097ff3b6b18d968ab393649780aa2b3cd67fec43d50554392",
            4_683_072_032,
        ),
        (
            "mmproj-Qwen2.5-VL-7B-Instruct-Q8_0.gguf",
            "2ddb555391bae966e412deab9e07b58afa18bcc06930ba0f1c78a3695ab9e506",
            853_119_712,
        ),
        "Alibaba's Qwen2.5-VL 7B, 4 bits: many languages; for a machine with 12 GB, better a graphics card",
    ),
)


def named(name: str) -> Offered | None:
    """The model of that name; None: there is none."""
    return next((model for model in MODELS if model.name == name), None)
