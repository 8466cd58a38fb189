"""The fixed phrases of the extractive generator, in one place. `{}` parts are record text made plain, or numbers."""

LABEL = "extractive (quotes your records)"

EMPTY = "There is no picture to answer from: the knowledge base is empty, or the filter leaves none."
NOTHING = "Nothing in this knowledge base fits the question."
NOTHING_CLOSEST = "Nothing in this knowledge base fits the question. The closest: {names}."
CLOSEST = "The closest: {names}."
NO_PICTURE_CLOSE = "No picture here is close to yours. The nearest: {names}."
MOST_LIKE = "The picture most like {what}: {names}."
MOST_LIKE_SEVERAL = "The pictures most like {what}: {names}."

TITLED = "“{title}”"
UNTITLED = "an untitled picture (file {file})"
QUOTED = "“{sentence}” [{n}]"
QUOTED_FROM = "{name}: “{sentence}” [{n}]"
FIELD = "{label}: {value} ({name}) [{n}]."
FIELD_OF_IT = "{label}: {value} [{n}]."
ALSO = "Also: {names}."
AMONG = "Among them: {names}."

COUNTED = "{number} of {total} pictures {match} ({condition})."
COUNTED_ALL = "There are {total} pictures in this knowledge base."
COUNTED_ONE = "There is 1 picture in this knowledge base."

YES = "Yes: {quote}"
NO = "No: {quote}"
NO_COUNT = "No, by what is recorded: {count}"
UNSAID = "The records do not say{what}."
UNSAID_CLOSEST = "The records do not say{what}; the closest: {quote}"
UNSAID_WHAT = {"where": " where", "when": " when", "who": " who", "why": " why"}
UNSAID_FIELD = "The records do not say exactly that; what they hold: {field}"
UNWORDED = "No record uses these words; the closest: {names}."
PARTLY = "No record holds all of that; the closest: {names}."
PARTLY_CLOSEST = "No record holds all of that; the closest: {quote}"
UNSAID_BUT = "No record says so in words, but {guess}"

LOOKS_LIKE = "{name} looks like {classes} [{n}] (a guess from the picture)."
LOOKS_COLOURED = "{name} looks {colours} [{n}] (a guess from the picture)."
