"""The pictures that a question is asked with: its own, those of records that it names, and the user's earlier ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from imagelore.errors import UsageError
from imagelore.retrieve import MOST_PICTURES
from imagelore.types import Intent, Record, Scope

if TYPE_CHECKING:
    from imagelore.flows.chat import Asked
    from imagelore.flows.knowledge import KnowledgeBase

_MOST = 4  # pictures that are brought back for one question


@dataclass(frozen=True, slots=True)
class Asking:
    """Pictures as bytes: `own` came with the question; `like` are records whose pictures are among the others."""

    own: tuple[bytes, ...] = ()
    back: tuple[bytes, ...] = ()
    like: tuple[Record, ...] = ()
    notices: tuple[str, ...] = ()

    @property
    def all(self) -> tuple[bytes, ...]:
        """The question's own first."""
        return self.own + self.back

    @property
    def recalled(self) -> int:
        """How many of the user's earlier pictures are among them."""
        return len(self.back) - len(self.like)


def pictures_of(kb: KnowledgeBase, asked: Asked, intent: Intent) -> Asking:
    """The question's pictures; an earlier one whose file is gone is told in a notice.

    Raises:
        UsageError: a record is named that is not there.
    """
    own = tuple(picture for picture in asked.pictures if isinstance(picture, bytes))
    named = [picture for picture in asked.pictures if isinstance(picture, str)]
    room = max(len(named), min(_MOST, MOST_PICTURES - len(own)))  # too many of its own are refused by the search
    ids = [*dict.fromkeys((*named, *intent.like))][:room]
    like = tuple(kb.index.get(ids, Scope(groups=asked.scope.groups)))
    for missing in {*named} - {record.id for record in like}:
        raise UsageError(f"there is no picture {missing!r} in this knowledge base")
    back = [kb.pictures.open(record).data for record in like]
    notices = []
    for picture in intent.recalled[: room - len(back)]:
        try:
            back.append(picture.file.read_bytes())
        except OSError:
            what = f" ({picture.caption})" if picture.caption else ""
            notices.append(f"the picture you showed before{what} is no longer there: show it again to search with it")
    return Asking(own, tuple(back), like, tuple(notices))
