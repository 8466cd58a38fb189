"""Whether a question can be understood by itself."""

from __future__ import annotations

import re

from imagelore.words import PICTURE_WORDS, STOP_WORDS, singular, words

COURTESY = re.compile(
    r"(?:(?:ok|okay|now(?! (?:in|at|from|with|without|only|just|before|after)\b)|well|yes|yeah|great"
    r"|good|nice|cool|perfect|thanks|thank you|hmm+|alright"
    r"|please|hi|hello|hey)\b"
    r"[ ,.!:…-]*)+",
    re.IGNORECASE,
)
"""What may open any question, and ties it to nothing."""
LINKING = re.compile(
    r"(?:(?:(?:and|but|or)\b|now\b|(?:so|then|also)\b(?=,| (?:what|how|where|when"
    r"|who)\b))[ ,:]*)+(?:(?:what|how) about\b[ ,:]*)?"
    r"|(?:what|how) about\b[ ,:]*",
    re.IGNORECASE,
)
"""What opens a question that goes on from the one before."""
ASKS = re.compile(
    r"(?:(?:in|at|on|from|by|for|to|of|since|until) )?(?:what|where|when|who|whom|whose|which|why|how)\b"
    r"|(?:is|are|was|were|do|does|did|has|have|had|can|could|will|would|should|must|isn't|aren't|doesn't|didn't)\b"
    r"|(?:show|find|tell|give|list|describe|count|display|any)\b"
)
_PLURAL_POINTING = {"they", "them", "their", "theirs", "these", "those"}
_OWNING = {"its", "his", "her", "their"}
_SHOWING = {"this", "that", "these", "those"}
_POINTING = {"it", "its", "he", "him", "his", "she", "her", "hers"} | _PLURAL_POINTING | _SHOWING
_ORDINALS = "first|second|third|fourth|fifth|last|next|previous|latter|former|other|others|another|else|more"
_OTHER_ONE = re.compile(rf"\b(?:{_ORDINALS})\b")
_THE_PICTURE = re.compile(r"\b(?:the|that|this) (?:picture|photo|photograph|image|pic|snapshot)\b")
_THAT_ONE = re.compile(r"\b(?:this|that|which) one\b|\bthe one you \w+$")
_BEFORE_A_THING = {"a", "an", "the", "my", "our", "your", "any", "some", "no", "every", "each", "about", "of"}
_COLLECTION = {"knowledge", "base", "collection", "archive", "album", "folder", "library", "database", "index"}
_IDLE = """taken took take photographed painted drew shot made built called named located situated found kept stored
    recorded happen happened going look looks name names title colour color colours colors size date year day month
    place city town country location museum kind kinds older newer bigger smaller larger taller higher longer wider
    heavier younger type types age old height weight person people
    maker artist author painter owner photographer"""
_COMPARED = re.compile(r"(?<=er) than .+|(?:more|less) \w+ than .+")  # "is it older than the tower": asks of one thing
_WHICH_FACT = re.compile(
    r"(?:(?:in|at|on|from|by|of) )?(?:what|which|whose) \w+(?: (?:is|was|are|were) (?:it|this|that))?|how old"
)
"""Nothing but what is to be told: "what year?", "in which country?"."""
OF_THE_ASKING = frozenset(_IDLE.split())
_MOST_OWN = 2  # content words of a question that points


def leans(question: str) -> bool:
    """Whether a question can only be understood after the one before: "Where is it?", "And in 1970?", "The second one".

    A question with a thing of its own does not lean, even where it has a pronoun: "Is there a man with his dog?".
    English rules; in other languages nothing leans.
    """
    text = " ".join(question.casefold().replace("’", "'").split()).strip(" ?!.,")
    if courtesy := COURTESY.match(text):
        text = text[courtesy.end() :]
    opening = LINKING.match(text)
    bare = text[opening.end() :].strip(" ,") if opening else text
    bare = _COMPARED.sub("", bare)
    tokens = words(bare)
    own = [
        word for word in tokens if not _is_empty(word) and word not in OF_THE_ASKING and not _OTHER_ONE.fullmatch(word)
    ]
    if opening and tokens and not ASKS.match(bare):
        return True
    most = _MOST_OWN if ASKS.match(bare) else 1  # "her majesty the queen" is a thing of its own
    if len(own) <= most and (_THAT_ONE.search(bare) or any(_points(tokens, n, question) for n in range(len(tokens)))):
        return True
    if own:
        return False
    if _OTHER_ONE.search(bare) or _THE_PICTURE.search(bare):
        return True
    if tokens and len(tokens) <= 2 and re.match(r"(?:\w+ )?(?:where|when|who|whom|why|how)\b", bare):
        return True
    return bool(_WHICH_FACT.fullmatch(bare)) and bool(OF_THE_ASKING & {*tokens})


def _points(tokens: list[str], n: int, question: str) -> bool:
    """The n-th word stands for something that the question itself does not name."""
    word, after = tokens[n], tokens[n + 1 : n + 2]
    if word not in _POINTING or _COLLECTION & {*after}:
        return False
    if word == "that" and after and n and not _is_empty(tokens[n - 1]):
        return False  # "birds that fly"
    if word == "that" and tokens[n - 1 : n] and tokens[n - 1] in PICTURE_WORDS:
        return False
    names = {word.casefold() for word in re.findall(r"(?<=[\w,;] )[A-ZÀ-Þ][\w'-]+", question)}
    for before, token in zip(["", *tokens[: n - 1]], tokens[:n], strict=True) if n else ():
        plural = singular(token) != token and token not in PICTURE_WORDS | (OF_THE_ASKING - {"people"})
        if word in _PLURAL_POINTING and plural:
            return False
        if _is_empty(token) or token in OF_THE_ASKING:
            continue
        if before in _BEFORE_A_THING or token in names:
            return tokens[n - 1] in ("in", "of", "on") and word not in _OWNING  # "Who is the man in it?"
    return True


def _is_empty(word: str) -> bool:
    return word in STOP_WORDS or word in PICTURE_WORDS
