"""The rule about sentences that the persona opens or closes with in conversation after conversation."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from marcus_nb.clean.records import Outcome
from marcus_nb.conversation import PERSONA_ROLE, Conversation, Message
from marcus_nb.parameters.schema import Clean

_EDGE = 3  # sentences at either end of a reply: "Hi Tom," and a name stand outside of what a mail opens and closes with
_FEWEST_CHARACTERS, _FEWEST_WORDS = 25, 4  # "Aye, skipper." and "Mind the tide." are a voice, not a formula
_FEWEST_CONVERSATIONS = 10
_NAMED_SHARE = 0.1  # sentences in more of the conversations than this are named in the note
_MOST_NAMED = 3
_WINDOW = 1_500  # characters looked at from either end: nobody's opening is longer

# A sentence ends at a line's end, or at a stop before a capital or a sign that opens one, but not after a short word
# with a capital: "Dr. Smith", "Sra. Ruiz", "St. Ives". The character before the stop is looked at first.
_BREAK = re.compile(r"\n+|(?<=[.!?…])[\"'»”’)\]]*+[^\S\n]++(?![\sa-zß-öø-ÿ])|(?<=[。！？])")
_SHORT_TITLE = re.compile(r"(?<!\w)(?:[^\W\d_a-z][^\W\d_]{0,2}|Prof|Mlle|Sres|Sras|Avda)\.\Z")

_NO_WORD = re.compile(r"[\W_]+")
_NAME = re.compile(r"\w{3,}")  # shorter ones are particles: Ana de la Cruz
_LONG_NUMBER = re.compile(r"\d{3}")
# What may differ between two times of saying the same: placeholders, numbers of tickets (all other numbers are prices,
# hours or days, and must be equal: they are knowledge), and the name with which an agent introduces itself.
_PLACEHOLDER = re.compile(r"\[[A-Z][A-Z_]*+\d*+\]|\{\{[^{}\n]{1,40}+\}\}")
_TICKET = re.compile(
    r"(#|\b(?:ticket|case|reference|ref|incidencia|incidència|referencia|referència|caso|solicitud|dossier|référence"
    r"|vorgang|vorgangsnummer|richiesta|riferimento|chamado|referência)\b[^\d\n]{0,20})\d{3,}+",
    re.IGNORECASE,
)
_INTRODUCTION = re.compile(
    r"(\b(?:my name is|me llamo|mi nombre es|em dic|el meu nom és|je m['’]appelle|mon nom est|ich heiße|mein name ist"
    r"|mi chiamo|il mio nome è|meu nome é|chamo-me|me chamo|mijn naam is) )[^\W\d_]++",
    re.IGNORECASE,
)


def max_canned_share(conversations: Sequence[Conversation], parameters: Clean) -> Outcome:
    """Remove sentences at the ends of the persona's replies that stand in more than this share of its conversations.

    A sentence counts when it has at least 25 characters and four words and is one of the first or last three of a
    reply in at least ten conversations; conversations that say the same count once. The customer's name, the name after
    "my name is", placeholders and the numbers of tickets may differ. A reply of nothing else is removed where
    the conversation has another reply and turns still alternate, joined if need be (`join_turns`); else it stays.

    The note names what was removed, and what stays but stands in more than a tenth of the conversations.
    """
    counts, total = _count(conversations)
    named = [key for key, count in counts.most_common() if count >= _FEWEST_CONVERSATIONS]
    canned = {key for key in named if counts[key] > parameters.max_canned_share * total}
    touched: Counter[str] = Counter()
    changed: dict[str, Sequence[Message | None]] = {}
    for conversation in conversations if canned else ():
        messages, found = _without(conversation, canned, parameters.join_turns)
        if found:
            touched.update(found)
            changed[conversation.id] = messages
    removed = [key for key in named if touched[key]][:_MOST_NAMED]
    staying = [key for key in named if key not in canned and counts[key] > _NAMED_SHARE * total][:_MOST_NAMED]
    said = _said(conversations, {*removed, *staying})
    notes = [f"“{said[key]}” was removed from {_conversations(touched[key])}." for key in removed]
    if staying:
        shown = ", ".join(f"“{said[key]}” ({counts[key] / total:.0%} of the conversations)" for key in staying)
        share = max(1, int(100 * counts[staying[0]] / total) - 1) // 5 * 5 / 100 or 0.05
        notes.append(
            f"Often said, and kept: {shown}. Where that is a formula and not the persona's own voice, "
            f"clean.max_canned_share: {share:g} removes what stands in more."
        )
    return Outcome(changed, note=" ".join(notes))


def _conversations(count: int) -> str:
    return "1 conversation" if count == 1 else f"{count:,} conversations"


def _count(conversations: Sequence[Conversation]) -> tuple[Counter[str], int]:
    """In how many different conversations each sentence stands, and how many there are."""
    counts: Counter[str] = Counter()
    seen: set[int] = set()
    for conversation in conversations:
        replies = conversation.replies
        whole = hash(tuple(message.content for message in conversation.messages))
        if not replies or whole in seen:
            continue
        seen.add(whole)
        keys = {_key(reply[start:stop], conversation.customer) for reply in replies for start, stop in _ends(reply)}
        counts.update(keys - {""})
    return counts, len(seen)


def _without(conversation: Conversation, canned: set[str], joined: bool) -> tuple[list[Message | None], Counter[str]]:
    """The messages without canned sentences, and in which of them they stood; nothing found where all stays."""
    messages: list[Message | None] = list(conversation.messages)
    found: dict[int, set[str]] = defaultdict(set)
    whole = []
    for place, message in enumerate(conversation.messages):
        if message.role != PERSONA_ROLE:
            continue
        left, keys = _strip(message.content, conversation.customer, canned)
        if not keys:
            continue
        found[place] = keys
        if left:
            messages[place] = Message(message.role, left, message.lines, message.weight)
        else:
            whole.append(place)
    others = sum(message.role == PERSONA_ROLE for message in conversation.messages) > len(whole)
    for place in whole:
        if others and (joined or _alternates(conversation, place)):
            messages[place] = None
        else:
            del found[place]
    return messages, Counter(set().union(*found.values()))


def _alternates(conversation: Conversation, place: int) -> bool:
    """Whether the turns around a place still alternate without it."""
    roles = [message.role for message in conversation.messages]
    before = next((role for role in reversed(roles[:place]) if role != "system"), None)
    after = next((role for role in roles[place + 1 :] if role != "system"), None)
    return before is None or after is None or before != after


def _strip(reply: str, customer: str | None, canned: set[str]) -> tuple[str, set[str]]:
    """A reply without its canned sentences, and those; what is left keeps its line breaks."""
    gone = [(start, stop, key) for start, stop in _ends(reply) if (key := _key(reply[start:stop], customer)) in canned]
    if not gone:
        return reply, set()
    kept: list[str] = []
    at = 0
    for start, stop, _ in gone:
        kept.append(reply[at:start])
        at = stop
        while at < len(reply) and reply[at].isspace():  # the blanks before it part what is left
            at += 1
    kept.append(reply[at:])
    left = "".join(kept).strip()
    return left if _NO_WORD.sub("", left) else "", {key for _, _, key in gone}


def _ends(reply: str) -> list[tuple[int, int]]:
    """Where the first and the last three sentences of a reply stand, without what parts them."""
    if len(reply) <= 2 * _WINDOW:
        spans = list(_sentences(reply, 0))
        return spans if len(spans) <= 2 * _EDGE else spans[:_EDGE] + spans[-_EDGE:]
    # Where a window cuts, its last or first sentence is not whole.
    head = list(_sentences(reply[:_WINDOW], 0))[:-1]
    tail = list(_sentences(reply[-_WINDOW:], len(reply) - _WINDOW))[1:]
    return head[:_EDGE] + tail[-_EDGE:]


def _sentences(text: str, offset: int) -> Iterator[tuple[int, int]]:
    start = 0
    for found in _BREAK.finditer(text):
        if found.start() <= start or (found[0][:1] != "\n" and _SHORT_TITLE.search(text[start : found.start()][-6:])):
            continue
        yield start + offset, _closed(found) + offset
        start = found.end()
    if text[start:].strip():
        yield start + offset, len(text) + offset


def _closed(found: re.Match[str]) -> int:
    # A quote or bracket that closes after the stop is of the sentence.
    return found.start() + len(found[0].rstrip())


def _key(sentence: str, customer: str | None) -> str:
    """The same for sentences that say the same; empty for one that is too short to be a formula."""
    if len(sentence) < _FEWEST_CHARACTERS:
        return ""
    words = _NO_WORD.sub(" ", _general(sentence).casefold()).split()
    if customer:
        names = {name.casefold() for name in _NAME.findall(customer)}
        words = [word for word in words if word not in names]
    return " ".join(words) if len(words) >= _FEWEST_WORDS else ""


def _general(sentence: str) -> str:
    """`My name is Ana, your ticket is #4711` becomes `My name is …, your ticket is #…`."""
    if "[" in sentence or "{{" in sentence:
        sentence = _PLACEHOLDER.sub("…", sentence)
    if _LONG_NUMBER.search(sentence):
        sentence = _TICKET.sub(r"\1…", sentence)
    return _INTRODUCTION.sub(r"\1…", sentence)


def _said(conversations: Sequence[Conversation], keys: set[str]) -> dict[str, str]:
    """How each sentence reads the first time, without names."""
    said: dict[str, str] = {}
    for conversation in conversations if keys else ():
        for reply in conversation.replies:
            for start, stop in _ends(reply):
                key = _key(reply[start:stop], conversation.customer)
                if key in keys and key not in said:
                    shown = _general(reply[start:stop])
                    for name in _NAME.findall(conversation.customer or ""):
                        shown = re.sub(rf"\b{name}\b", "…", shown, flags=re.IGNORECASE)
                    said[key] = " ".join(shown.split())
        if len(said) == len(keys):
            break
    return said
