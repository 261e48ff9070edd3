"""Personal data: replaced by placeholders that are the same within a conversation, or a reason to drop it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from marcus_nb.clean.records import Drop, Outcome
from marcus_nb.conversation import Conversation, Message
from marcus_nb.parameters.schema import Clean
from marcus_nb.text.personal import (
    KINDS,
    Found,
    Numbering,
    dotted,
    find,
    is_allowed,
    is_frequent,
    looks_like_name,
    occurrences,
    own_names,
    replaced,
)

_WORDS = {
    "email": ("e-mail address", "e-mail addresses"),
    "phone": ("phone number", "phone numbers"),
    "card": ("payment card", "payment cards"),
    "iban": ("bank account (IBAN)", "bank accounts (IBAN)"),
    "national_id": ("national id", "national ids"),
    "ip_address": ("IP address", "IP addresses"),
    "mac_address": ("MAC address", "MAC addresses"),
    "url": ("private page address", "private page addresses"),
    "secret": ("password, PIN or key", "passwords, PINs or keys"),
    "postal_address": ("postal address", "postal addresses"),
    "name": ("name of a person", "names of people"),
}
_REMEMBERED = 2_000  # characters; longer texts seldom repeat, and would cost memory
_PASSES = 3  # what stood beside a find may be seen as one itself once that is gone; more than two were never needed
_SAMPLES = 3
_NAMES = 50  # a conversation that holds more is a list of people, and each would be looked for everywhere
# "Ahoy, Stargazer!" is a persona's word for everybody, and "Hola Acme," everybody's word for the business.
_EVERYBODY = 5
_EVERYBODY_SHARE = 0.02
_ALIKE = 2  # letters that a name and its short forms begin with: Maggie, Mags; Ana, Anita


@dataclass(frozen=True)
class PersonalCount:
    """One kind: what becomes of it, in how many conversations it stands, how often, up to three masked samples.

    `PersonalCount("email", "replace", 12, 15, ("t••@•••••••.•••",))`
    """

    kind: str
    policy: str
    conversations: int
    items: int
    samples: tuple[str, ...]


def redact(conversations: Sequence[Conversation], parameters: Clean, persona_name: str) -> Outcome:
    """Replace personal data, by kind as `redact_policy` says; a conversation with a kind to drop is dropped.

    A customer's name (the conversation's own `customer`, or one found in it: "Hi Tom,") is replaced throughout that
    conversation: the whole name, and the first name with its capital unless it is an everyday word too (Will, Mar).
    The persona's name and what `redact_allow` lists stay; so does a word that no list knows as a first name where many
    customers are greeted with it.
    """
    outcome, counts = redact_and_count(conversations, parameters, persona_name)
    return replace(outcome, rows=counts)


def redact_and_count(
    conversations: Sequence[Conversation], parameters: Clean, persona_name: str
) -> tuple[Outcome, list[PersonalCount]]:
    """What `redact` does, and what there was of each kind, kept kinds included: fit to be shown, never the data."""
    finder = _Finder(conversations, parameters, persona_name)
    changed: dict[str, Sequence[Message | None]] = {}
    drops: list[Drop] = []
    counts = {kind: _Count() for kind in KINDS}
    replaced_items: Counter[str] = Counter()
    for conversation in conversations:
        texts = [message.content for message in conversation.messages]
        finds = finder.finds(texts, conversation.customer)
        if not any(finds):
            continue
        kinds = Counter(found.kind for found_here in finds for found in found_here)
        for kind in kinds:
            counts[kind].add(texts, finds, kind)
        dropping = [kind for kind in KINDS if kinds[kind] and finder.policy(kind) == "drop"]
        if dropping:
            drops.append(Drop(conversation, "redact", _reason(dropping, kinds)))
        elif any(finder.policy(kind) == "replace" for kind in kinds):
            changed[conversation.id] = finder.replace(conversation, finds, parameters.placeholder_language)
            replaced_items += Counter({kind: n for kind, n in kinds.items() if finder.policy(kind) == "replace"})
    rows = [
        PersonalCount(kind, finder.policy(kind), count.conversations, count.items, tuple(count.samples))
        for kind, count in counts.items()
        if count.items
    ]
    return Outcome(changed, drops, _note(replaced_items)), rows


class _Count:
    """The figures of one kind, as they grow."""

    def __init__(self) -> None:
        self.conversations = 0
        self.items = 0
        self.samples: dict[str, None] = {}

    def add(self, texts: Sequence[str], finds: Sequence[Sequence[Found]], kind: str) -> None:
        self.conversations += 1
        for text, found_here in zip(texts, finds, strict=True):
            for found in found_here:
                if found.kind == kind:
                    self.items += 1
                    if len(self.samples) < _SAMPLES:
                        self.samples[dotted(text[found.start : found.end])] = None


class _Finder:
    """`find` with the parameters, once for each text, and with the names that a conversation makes known."""

    def __init__(self, conversations: Sequence[Conversation], parameters: Clean, persona_name: str) -> None:
        self._policies = parameters.redact_policy
        self._regions = tuple(parameters.redact_regions)
        self._allow = (*parameters.redact_allow, persona_name)
        self._seen: dict[str, tuple[Found, ...]] = {}
        own = self._signed_with(conversations, persona_name)
        if own:
            self._allow += own
            self._seen.clear()
        self._everybody = self._called_by_all(conversations)

    def policy(self, kind: str) -> str:
        return self._policies.get(kind, "replace")

    def finds(self, texts: Sequence[str], customer: str | None, known: Sequence[str] = ()) -> list[Sequence[Found]]:
        """What is found in each text of one conversation."""
        found_here: list[Sequence[Found]] = [self._in(text) for text in texts]
        if self._everybody:
            found_here = [
                [found for found in finds if found.kind != "name" or found.value not in self._everybody]
                for finds in found_here
            ]
        names = {*known, *(found.value for finds in found_here for found in finds if found.kind == "name")}
        if customer and looks_like_name(customer):
            names.add(" ".join(customer.casefold().split()))
        if not names:
            return found_here
        longest_first = sorted(names, key=lambda name: (-len(name), name))
        return [self._with_names(text, finds, longest_first) for text, finds in zip(texts, found_here, strict=True)]

    def replace(
        self, conversation: Conversation, finds: Sequence[Sequence[Found]], language: str
    ) -> list[Message | None]:
        """The conversation's messages with placeholders for what is to be replaced."""
        messages = list(conversation.messages)
        numbering = Numbering([message.content for message in messages], language)
        names = sorted({found.value for found_here in finds for found in found_here if found.kind == "name"})
        for _ in range(_PASSES):
            finds = [[found for found in found_here if self.policy(found.kind) == "replace"] for found_here in finds]
            if not any(finds):
                break
            for place, (message, found_here) in enumerate(zip(messages, finds, strict=True)):
                if found_here:
                    content = replaced(message.content, found_here, numbering)
                    messages[place] = Message(message.role, content, message.lines, message.weight)
            finds = self.finds([message.content for message in messages], conversation.customer, names)
        return list(messages)

    def _signed_with(self, conversations: Sequence[Conversation], persona_name: str) -> tuple[str, ...]:
        """What else the persona calls itself: its whole name, and a short form that it often signs with ("Mags")."""
        first = persona_name.casefold().split()[:1]
        if not first:
            return ()
        times: dict[str, set[str]] = {}
        for conversation in conversations:
            for message in conversation.messages:
                if message.role == "assistant" and first[0][:_ALIKE] in message.content.casefold():
                    for name in self._own_names(message.content):
                        times.setdefault(name, set()).add(conversation.customer or conversation.id)
        enough = max(_EVERYBODY, _EVERYBODY_SHARE * len(conversations))
        return tuple(
            name
            for name, customers in sorted(times.items())
            if name.split()[0] == first[0] or (name.startswith(first[0][:_ALIKE]) and len(customers) >= enough)
        )

    def _own_names(self, text: str) -> list[str]:
        starts = {start for start, _, _ in own_names(text, text.lower())}
        return [found.value for found in self._in(text) if found.kind == "name" and found.start in starts]

    def _called_by_all(self, conversations: Sequence[Conversation]) -> frozenset[str]:
        """Names that no list knows and by which many different customers call, or are called."""
        callers: dict[str, set[str]] = {}
        for conversation in conversations:
            for message in conversation.messages:
                for found in self._in(message.content):
                    if found.kind == "name" and not is_frequent(found.value):
                        callers.setdefault(found.value, set()).add(conversation.customer or conversation.id)
        enough = max(_EVERYBODY, _EVERYBODY_SHARE * len(conversations))
        return frozenset(name for name, customers in callers.items() if len(customers) >= enough)

    def _in(self, text: str) -> tuple[Found, ...]:
        finds = self._seen.get(text)
        if finds is None:
            finds = tuple(find(text, self._regions, self._allow))
            if len(text) < _REMEMBERED:
                self._seen[text] = finds
        return finds

    def _with_names(self, text: str, finds: Sequence[Found], names: Sequence[str]) -> list[Found]:
        taken = bytearray(len(text))
        for found in finds:
            taken[found.start : found.end] = b"\x01" * (found.end - found.start)
        added: list[Found] = []
        for name in names[:_NAMES]:
            for start, end, _ in occurrences(text, name):
                found = Found(start, end, "name", name)
                if taken.find(1, start, end) < 0 and not is_allowed(text, found, self._allow, self._regions):
                    taken[start:end] = b"\x01" * (end - start)
                    added.append(found)
        return sorted((*finds, *added), key=lambda found: found.start)


def _reason(kinds: Sequence[str], counts: Counter[str]) -> str:
    held = " and ".join(f"{counts[kind]} {_WORDS[kind][counts[kind] != 1]}" for kind in kinds)
    return f"it holds {held}, and redact_policy drops conversations with {'those' if len(kinds) > 1 else 'any'}"


def _note(counts: Counter[str]) -> str:
    if not counts:
        return ""
    listed = ", ".join(f"{counts[kind]} {_WORDS[kind][counts[kind] != 1]}" for kind in KINDS if counts[kind])
    return f"Replaced: {listed}."
