"""Who speaks: role words in English and Spanish, and which author of a chat log is the persona."""

from collections import Counter
from collections.abc import Mapping, Set
from dataclasses import dataclass

from marcus_nb.formats import words
from marcus_nb.formats.tables import FormatError


def _set(text: str) -> frozenset[str]:
    return frozenset(word.strip() for word in text.split(","))


_USER = _set(
    "user, human, customer, client, cliente, usuario, humano, guest, visitor, visitante, huesped, invitado, prompter, "
    "buyer, comprador"
)
_ASSISTANT = _set(
    "assistant, gpt, bot, agent, agente, model, asistente, support, soporte, chatgpt, ai, operator, operador"
)
_SYSTEM = _set("system, sistema, developer, tool, function, tool call, tool response, function call")
_AUTOMATIC = _set(
    "system, sistema, bot, chatbot, automatic, automatico, auto, autoreply, auto reply, notification, notifications, "
    "notificacion, automatic message, system message, mensaje automatico"
)
_NOBODY = _USER | _AUTOMATIC


def role_of(speaker: str, persona_names: Set[str], persona_speaker: str = "") -> str | None:
    """`user`, `assistant` or `system` for the speaker of a nested message; None for a word that is not known.

    >>> role_of("human", set()), role_of("Agente", set()), role_of("tool", set()), role_of("judge", set())
    ('user', 'assistant', 'system', None)

    With a `persona_speaker` that one alone is the persona, and every other voice talks with it.
    """
    name = words.key(speaker)
    if persona_speaker:
        if name == words.key(persona_speaker):
            return "assistant"
        return "system" if name in _SYSTEM else "user" if name in _USER | _ASSISTANT else None
    if name in _ASSISTANT or name in persona_names:
        return "assistant"
    return "user" if name in _USER else "system" if name in _SYSTEM else None


def is_automatic(author: str) -> bool:
    """Whether an author of a chat log is a machine that announces things: `SYSTEM`, `bot`, `Auto-reply`."""
    return words.key(author) in _AUTOMATIC


def is_generic(author: str) -> bool:
    """Whether an author is a role rather than a person: all customers are called so, and it names none of them."""
    return words.key(author) in _USER


@dataclass(frozen=True)
class Persona:
    """Which authors are the persona, by key; how the file spells the first of them; and why."""

    keys: frozenset[str]
    speaker: str
    evidence: str


def find_persona(
    authors_of: Mapping[str, Set[str]], spelling: Mapping[str, str], persona_name: str, persona_speaker: str, where: str
) -> Persona:
    """The persona among the authors of a chat log.

    `authors_of` says who takes part in each conversation, {"17": {"tom", "nell"}}, `spelling` how the file writes them.
    In this order: the parameter, a role word, the persona's name, else who takes part in most conversations.
    Raises FormatError when the one named is not there, or nobody stands out.
    """
    # Sets have another order in every process; ties must not.
    shares = Counter(author for authors in authors_of.values() for author in sorted(authors))
    if persona_speaker:
        found = words.key(persona_speaker)
        if found not in shares:
            authors = [spelling[author] for author, _ in shares.most_common()]
            raise FormatError(
                f"{where}: no author `{persona_speaker}`{words.near(persona_speaker, authors)} (persona_speaker): "
                f"the authors are {words.listed(authors)}"
            )
        return Persona(frozenset([found]), spelling[found], f"persona `{spelling[found]}`: as the parameters say")
    candidates = Counter({author: count for author, count in shares.items() if author not in _NOBODY})
    by_role = Counter({author: count for author, count in candidates.items() if author in _ASSISTANT})
    named = words.key(persona_name)
    # A customer may bear the persona's name, and a colleague a role word: of the two, the busier one is the persona.
    if by_role and candidates[named] <= sum(by_role.values()):
        found = by_role.most_common(1)[0][0]
        said = f"persona `{spelling[found]}`: a role word{_share(by_role[found], authors_of)}"
        return Persona(frozenset(by_role), spelling[found], said)
    if candidates[named]:
        said = f"persona `{spelling[named]}`: the persona's name{_share(candidates[named], authors_of)}"
        return Persona(frozenset([named]), spelling[named], said)
    most = candidates.most_common(2)
    if not most or (len(most) == 2 and most[0][1] == most[1][1]):
        authors = [spelling[author] for author, _ in shares.most_common()]
        raise FormatError(
            f"{where}: nobody stands out as the persona: the authors are {words.listed(authors)}: "
            "set `persona_speaker` (an automatic author such as bot may be named there too)"
        )
    found, count = most[0]
    said = f"persona `{spelling[found]}`: the author{_share(count, authors_of)}, more than anyone else"
    return Persona(frozenset([found]), spelling[found], said)


def _share(count: int, authors_of: Mapping[str, Set[str]]) -> str:
    return f", in {count} of {len(authors_of)} conversations"
