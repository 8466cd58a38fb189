"""The filter language: `year >= 1960 and place like 'N%'` as a `Filter`, and back (docs/filters.md)."""

from imagelore.where.reading import parsed
from imagelore.where.writing import written

__all__ = ["parsed", "written"]
