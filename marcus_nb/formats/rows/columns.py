"""What a column's name promises: English and Spanish words for each part that a column can play."""

from collections.abc import Iterable, Mapping

from marcus_nb.formats import words
from marcus_nb.formats.rows.column_words import (
    AGENT,
    AUTHOR,
    AUTHOR_IDS,
    CHANNEL,
    CLOCKS,
    CONVERSATION,
    CUSTOMER,
    DAYS,
    FALSE,
    FILLERS,
    FIRM,
    INBOUND,
    LIKELY_AUTHORS,
    MANY,
    MOMENTS,
    NAMED,
    NUMBER,
    ORDERS,
    OUTBOUND,
    PERSON,
    PROMPT,
    PURCHASE,
    RESPONSE,
    ROLES,
    SENT,
    TEXT,
    TRUE,
    TURNS,
    YOURS,
)
from marcus_nb.formats.speakers import role_word
from marcus_nb.formats.tables import FormatError, RawTable

PARTS = (
    *("prompt", "response", "input", "history"),
    *("conversation", "author", "role", "order", "time", "content", "customer"),
)
_SAMPLED, _MOST_ROLES = 5000, 8


def persona_words(*names: str) -> frozenset[str]:
    """The words of the persona's names: a column called by one of them holds the persona's text."""
    return frozenset(word for name in names for word in words.split(name)) - FILLERS


def _by_whom(header: str) -> bool:
    """`Asked by`, `respondido por`: who did it, not what was said."""
    said = words.split(header)
    return len(said) > 1 and said[-1] in ("by", "por", "von", "par", "da")


def prompt_rank(header: str, persona: frozenset[str]) -> int:
    """How surely a column holds what the customer says: 0 not at all, 1 a customer's name or text, … 4 surely."""
    if words.key(header) in ("q", "p"):
        return 3
    said = set(words.split(header)) - FILLERS
    if not said or said & persona or not said <= PROMPT | TEXT | CUSTOMER | YOURS or _by_whom(header):
        return 0
    if said & PROMPT or (said & TEXT and said & CUSTOMER):
        return 4 if said & PROMPT else 3
    return 2 if said <= TEXT else 1


def response_rank(header: str, persona: frozenset[str]) -> int:
    """How surely a column holds what the persona says: 0 not at all, 1 any message, … 5 surely."""
    if words.key(header) in ("a", "r"):
        return 3
    said = set(words.split(header)) - FILLERS
    if not said or not said <= RESPONSE | TEXT | AGENT | FIRM | persona or _by_whom(header) or said <= FIRM:
        return 0
    if said & RESPONSE:
        return 5 if said & persona else 4
    if said & (AGENT | persona):
        return 3 if said & TEXT else 2
    return 1


def is_conversation(header: str) -> bool:
    said = set(words.split(header)) - FILLERS
    return (bool(said & CONVERSATION) and said <= CONVERSATION | NUMBER | MANY) or is_thread_time(header)


def is_thread_time(header: str) -> bool:
    """`thread_ts`: the time of the message that others answer, which is its thread's name."""
    said = set(words.split(header))
    return bool(said & CONVERSATION) and bool(said & {"ts", "timestamp", "time"}) and len(said) == 2


def is_other_id(header: str) -> bool:
    """`Order ID`, `Vorgangsnummer`, `case_ref`: the number of something that messages may be about."""
    said = set(words.split(header))
    named = said & (AUTHOR | CUSTOMER | AGENT | TEXT | LIKELY_AUTHORS | CHANNEL)
    return len(said) > 1 and bool(said & NUMBER) and not named


def is_channel(header: str) -> bool:
    """A column of places where many conversations follow each other: `channel`, `phone`."""
    said = set(words.split(header)) - FILLERS
    return bool(said & CHANNEL) and said <= CHANNEL | NUMBER | {"name", "nombre"}


def is_id(header: str) -> bool:
    """A column that names each record. A running number (`No.`) does not: it changes when a row is put in between."""
    return is_conversation(header) or words.key(header) in ("id", "uid", "uuid", "identifier")


def is_author(header: str) -> bool:
    said = set(words.split(header))
    if _by_whom(header):
        return bool(said & SENT)
    return bool(said & AUTHOR) and said <= AUTHOR | NAMED


def is_author_id(header: str) -> bool:
    """`author_id`, `from_id`, `userId`: who speaks, where no name says it."""
    said = set(words.split(header))
    return bool(said & AUTHOR_IDS) and said <= AUTHOR_IDS | NUMBER


def is_content(header: str) -> bool:
    said = set(words.split(header)) - FILLERS
    return bool(said) and said <= TEXT


def is_customer(header: str) -> bool:
    """A column that says who the customer is: `Customer`, `From`, `Guest name`, `customer_id`."""
    said = set(words.split(header))
    return bool(said & PERSON) and said <= PERSON | NUMBER


def is_likely_author(header: str) -> bool:
    """A column that may hold authors where none is named for them: `user`, `nombre`, `display name`."""
    said = set(words.split(header)) - {"display", "full"}
    return bool(said) and said <= LIKELY_AUTHORS


def order_column(headers: Iterable[str]) -> str | None:
    headers = list(headers)
    turn = first(headers, lambda header: _is_turn(set(words.split(header))))
    if turn:
        return turn
    by_key = {words.key(header): header for header in reversed(headers)}
    found = next((by_key[name] for name in ORDERS if name in by_key), None)
    return found or next((header for key, header in by_key.items() if _is_moment(key)), None)


def _is_turn(said: set[str]) -> bool:
    """`turn`, `turn_id`, `message index`, `orden`: the place of a message in its conversation."""
    # An `Order ID` is what was bought.
    return bool(said & TURNS) and said <= TURNS | NUMBER | TEXT and not (said & PURCHASE and said & NUMBER)


def _is_moment(key: str) -> bool:
    """`created_on`, `Sent (UTC)`, `message timestamp`, `fecha de envío`: a time by one of its words."""
    said = set(key.split())
    return bool(said & MOMENTS) and len(said) <= 4 and not said & NUMBER


def clock_column(day: str, headers: Iterable[str]) -> str | None:
    """The column of hours beside one of days: `hora` beside `fecha`."""
    if not set(words.split(day)) & DAYS or set(words.split(day)) & CLOCKS:
        return None
    return first(headers, lambda header: words.key(header) in CLOCKS, (day,))


def role_column(raw: RawTable, besides: Iterable[str]) -> str | None:
    """A column whose values tell the customer's side from the persona's: `direction` (inbound, outbound), `from_me`."""
    for column in raw.columns:
        said = set(words.split(column))
        if column not in besides and said & (ROLES | CUSTOMER | AGENT | {"me", "mine"}):
            roles = roles_of(raw, column)
            if len(set(roles.values()) & {"user", "assistant"}) == 2:
                return column
    return None


def roles_of(raw: RawTable, column: str) -> dict[str, str]:
    """The role for each value of a column, {"inbound": "user", "outbound": "assistant"}; empty when one has none."""
    values = {text(value).strip() or str(value) for value in raw.column(column)[:_SAMPLED] if value not in (None, "")}
    if not values or len(values) > _MOST_ROLES:
        return {}
    if all(truth(value) is not None for value in values):
        yes, no = _sides(column)
        return {value: yes if truth(value) else no for value in values} if yes else {}
    # `outbound-api`, `incoming call`: of two words the first tells.
    roles = {value: role_word(value) or role_word(words.key(value).split(" ")[0]) for value in values}
    return roles if all(roles.values()) else {}


def truth(value: object) -> bool | None:
    """True or False of a JSON value or a cell ("yes", "0", "Verdadero"); None of anything else."""
    if isinstance(value, bool):
        return value
    key = words.key(text(value))
    return True if key in TRUE else False if key in FALSE else None


def _sides(header: str) -> tuple[str, str]:
    said = set(words.split(header))
    if said & (CUSTOMER | INBOUND):
        return "user", "assistant"
    if said & (AGENT | OUTBOUND):
        return "assistant", "user"
    return "", ""


def is_known(header: str, persona: frozenset[str]) -> bool:
    """Whether a cell looks like the name of a column: what tells a header from a title."""
    tests = (is_id, is_author, is_content, is_customer, is_likely_author, is_channel)
    ranked = prompt_rank(header, persona) or response_rank(header, persona)
    return bool(ranked or order_column([header]) or any(test(header) for test in tests))


def first(columns: Iterable[str], test: object, besides: Iterable[str] = ()) -> str | None:
    """The first column that passes a test and plays no other part."""
    besides = set(besides)
    return next((column for column in columns if column not in besides and test(column)), None)


def given(raw: RawTable, chosen: Mapping[str, str]) -> dict[str, str]:
    """The parameters' `columns`, each as the file spells it. Raises FormatError for an unknown part or column."""
    by_key = {words.key(column): column for column in raw.columns}
    found = {}
    for part, name in chosen.items():
        if part not in PARTS:
            raise FormatError(
                f"columns: unknown part `{part}`{words.near(part, PARTS)}: parts are {words.listed(PARTS)}"
            )
        column = name if name in raw.columns else by_key.get(words.key(name))
        if column is None:
            raise FormatError(
                f"{raw.name}: there is no column `{name}` (wanted as {part}){words.near(name, raw.columns)}: "
                f"the columns are {words.listed(raw.columns)}"
            )
        found[part] = column
    return found


def text(value: object) -> str:
    """The text of a cell or a JSON value, as it is; what is no text (null, true, objects, blanks only) becomes "".

    A list of text parts, [{"type": "text", "text": "Hi"}], is their texts, one a line; other parts make it no text.
    """
    if isinstance(value, list) and value and all(isinstance(p, dict) and isinstance(p.get("text"), str) for p in value):
        value = "\n".join(part["text"] for part in value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = str(value)
    return value if isinstance(value, str) and value.strip() else ""


def customer_of(value: object) -> str | None:
    """Who the customer is: a name, or the `name` (else `id`, `email`) of a nested object; None when nobody is named."""
    if isinstance(value, dict):
        value = next((value[name] for name in ("name", "nombre", "id", "email") if text(value.get(name))), None)
    return text(value).strip() or None


def looks_like_names(raw: RawTable, column: str) -> bool:
    """Whether a column holds names, one or two words each, rather than what people say."""
    filled = [said for value in raw.column(column)[:_SAMPLED] if (said := text(value))]
    lengths = [len(said.split()) for said in filled]
    return bool(lengths) and sum(lengths) / len(lengths) <= 2 and len(set(filled)) < len(filled)


def repeats(raw: RawTable, column: str) -> bool:
    """Whether any value of a column stands in more than one record."""
    filled = [said for value in raw.column(column) if (said := text(value).strip())]
    return len(set(filled)) < len(filled)


def filled(raw: RawTable, place: int) -> list[str]:
    """The columns in which a record says anything."""
    values = ((name, raw.column(name)[place]) for name in raw.columns)
    return [name for name, value in values if text(value) or (isinstance(value, dict | list) and value)]
