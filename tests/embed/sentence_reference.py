"""Tiny sentence encoders with random weights, and what transformers makes of these texts with them.

`python -m tests.embed.sentence_reference` writes `sentence_reference/` anew; it wants torch, transformers and onnx
beside imagelore's own requirements, and none of them is wanted by the tests.

    bert   BertModel with WordPiece; a prompt before questions only, as BGE has it
    xlmr   XLMRobertaModel with Unigram; prompts before questions and before texts, as E5 has them

The vectors are made as the models' own cards make them: a padded batch, cut at the window, the mean of what is not
masked (`average_pool` of intfloat/multilingual-e5-small) or the first piece (BAAI/bge-small-en-v1.5), normalised.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers

from tests.embed.clip_reference import export, module

FOLDER = Path(__file__).with_name("sentence_reference")
TEXTS = (
    "a red ball on a green meadow", "Boats!", "", "Wo steht der Leuchtturm? Die Möwen, weiß wie Schnee.",
    "船 in the harbour", "a dog and two cats",
)  # fmt: skip
LONG = "two dogs and a cat, a boat in the harbour " * 12  # longer than a window
WINDOW, WIDTH = 64, 32
PROMPTS = {"bert": {"query": "look for this: "}, "xlmr": {"query": "query: ", "document": "passage: "}}


def kept(name: str) -> dict[str, np.ndarray[Any, Any]]:
    """The library's vectors: `query` and `document` of all texts, `cls` of them as questions with CLS pooling."""
    with np.load(FOLDER / name / "expected.npz") as file:
        return dict(file)


def wordpiece() -> Tokenizer:
    """As BERT's: lower-cased words in pieces."""
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
    trainer = trainers.WordPieceTrainer(vocab_size=250, special_tokens=special, show_progress=False)
    return _trained(tokenizer, trainer, "[CLS]", "[SEP]")


def unigram() -> Tokenizer:
    """As XLM-R's: pieces with the space before them."""
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Replace(" {2,}", " ")])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    special = ["<s>", "<pad>", "</s>", "<unk>"]
    trainer = trainers.UnigramTrainer(vocab_size=250, special_tokens=special, unk_token="<unk>", show_progress=False)
    return _trained(tokenizer, trainer, "<s>", "</s>")


def _trained(tokenizer: Tokenizer, trainer: Any, start: str, end: str) -> Tokenizer:
    known = [*TEXTS[:-2], LONG, *(text for prompts in PROMPTS.values() for text in prompts.values())]
    tokenizer.train_from_iterator(known, trainer)
    marks = [(mark, tokenizer.token_to_id(mark)) for mark in (start, end)]
    tokenizer.post_processor = processors.TemplateProcessing(single=f"{start} $A {end}", special_tokens=marks)
    return tokenizer


def write(name: str, model: Any, tokenizer: Tokenizer, config: dict[str, Any], pad: str) -> None:
    """The folder of a model, and the library's vectors."""
    import torch
    from transformers import PreTrainedTokenizerFast

    for weights in model.parameters():
        if weights.dim() > 1:  # biases and norms stay as they are: they would make all texts alike
            torch.nn.init.normal_(weights, std=0.5)
    prompts = PROMPTS[name]
    words = PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token=pad, model_max_length=WINDOW)
    inputs = ["input_ids", "attention_mask", *(["token_type_ids"] if name == "bert" else [])]

    def read(prompt: str) -> dict[str, Any]:
        batch = words([prompt + text for text in (*TEXTS, LONG)], padding=True, truncation=True, return_tensors="pt")
        batch["token_type_ids"] = torch.zeros_like(batch["input_ids"])
        return {given: batch[given] for given in inputs}

    def pooled(prompt: str, cls: bool = False) -> Any:
        batch = read(prompt)
        with torch.no_grad():
            states = model(**batch).last_hidden_state
        mask = batch["attention_mask"][..., None]
        vectors = states[:, 0] if cls else (states * mask).sum(dim=1) / mask.sum(dim=1)
        return torch.nn.functional.normalize(vectors, dim=1).numpy()

    folder = FOLDER / name
    forward = module(lambda *given: model(**dict(zip(inputs, given, strict=True))).last_hidden_state, model)
    export(forward, folder / "onnx" / "model.onnx", read(""), "last_hidden_state", ("batch", "sequence"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    pooling = {"word_embedding_dimension": WIDTH, "pooling_mode_cls_token": False, "pooling_mode_mean_tokens": True}
    modules = ["models.Transformer", "models.Pooling", "models.Normalize"]
    files = {
        "config.json": config,
        "1_Pooling/config.json": pooling,
        "modules.json": [{"idx": n, "type": f"sentence_transformers.{kind}"} for n, kind in enumerate(modules)],
        "sentence_bert_config.json": {"max_seq_length": WINDOW},
        "config_sentence_transformers.json": {"prompts": prompts},
    }
    for file, value in files.items():
        (folder / file).parent.mkdir(exist_ok=True)
        (folder / file).write_text(json.dumps(value) + "\n", encoding="utf-8")
    query, document = prompts["query"], prompts.get("document", "")
    np.savez_compressed(
        folder / "expected.npz", allow_pickle=False, query=pooled(query), document=pooled(document),
        cls=pooled(query, cls=True),
    )  # fmt: skip


def main() -> None:
    """Both models."""
    import torch
    from transformers import BertConfig, BertModel, XLMRobertaConfig, XLMRobertaModel

    half = {"hidden_size": WIDTH, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
    torch.manual_seed(1)
    tokenizer = wordpiece()
    config = {**half, "vocab_size": tokenizer.get_vocab_size(), "max_position_embeddings": 80}
    model = BertModel(BertConfig(**config), add_pooling_layer=False).eval()
    write("bert", model, tokenizer, config | {"model_type": "bert"}, "[PAD]")
    tokenizer = unigram()
    config = {
        **half,
        "vocab_size": tokenizer.get_vocab_size(),
        "max_position_embeddings": WINDOW + 2,
        "pad_token_id": 1,
    }
    model = XLMRobertaModel(XLMRobertaConfig(**config), add_pooling_layer=False).eval()
    write("xlmr", model, tokenizer, config | {"model_type": "xlm-roberta"}, "<pad>")


if __name__ == "__main__":
    main()
