"""Every error that imagelore raises on purpose.

    ImageloreError              one line: what failed and how to mend it; the command line exits with 1
    ├── UsageError              the call itself is wrong: a flag, a setting, an empty question
    │   └── ExpressionError     a filter expression cannot be read; two more lines show it, a caret under the place
    ├── MissingExtraError       a provider's library is not installed; the message names the pip command
    ├── SourceError             a folder or container cannot be listed or read
    ├── UnreadableError         one asset cannot be turned into a record; a run skips it by name
    ├── ModelError              the files of a model that can be had by name are missing or damaged
    ├── EmbedderError           a model is missing, damaged, or does not answer
    ├── KnowledgeBaseError      the knowledge base is missing, newer, locked, or out of space
    │   └── MismatchError       it was made by another embedder than the one asked for
    └── GeneratorError          the model that should answer cannot: wrong key, unknown model, time-out

Provider libraries' own exceptions are mapped to these at the provider's edge; nothing else reaches a user.
"""


class ImageloreError(Exception):
    """The root: its text is one line that says what failed and how to mend it."""


class UsageError(ImageloreError):
    """The call is wrong: a flag, a setting or a question."""


class ExpressionError(UsageError):
    """A filter expression cannot be read: after the line that says why, two show it with a caret under the place."""


class MissingExtraError(ImageloreError):
    """A provider needs a library that is not installed; the text names the `pip install` that brings it."""


class SourceError(ImageloreError):
    """A source cannot be listed or read at all."""


class UnreadableError(ImageloreError):
    """One asset cannot be read; a run skips it by name and goes on."""


class ModelError(ImageloreError):
    """The files of a model that can be had by name are missing or damaged, or there is no room for them."""


class EmbedderError(ImageloreError):
    """An embedding model is missing, damaged or refuses to work."""


class KnowledgeBaseError(ImageloreError):
    """A knowledge base is missing, of a newer schema, locked or out of space."""


class MismatchError(KnowledgeBaseError):
    """A knowledge base was made by another embedder than the one asked for."""


class GeneratorError(ImageloreError):
    """The model that should answer cannot; the text says what to set."""
