"""Who speaks: role words in English and Spanish, and which speaker of all the files of a source is the persona."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from marcus_nb.formats import words
from marcus_nb.formats.tables import FormatError, Role, Threads


def _set(text: str) -> frozenset[str]:
    return frozenset(word.strip() for word in text.split(","))


_USER = _set(
    "user, human, customer, client, cliente, usuario, humano, guest, visitor, visitante, huesped, invitado, "
    "prompter, buyer, comprador, end user, enduser, lead, contact, contacto, requester, solicitante, caller, "
    "patient, paciente, student, alumno, usr, inbound, incoming, in, entrante, recibido, received, q, "
    "question, pregunta, usuaria, clienta, consumer, shopper, member, socio, passenger, subscriber, customers, "
    "users, clientes, usuarios"
)
_ASSISTANT = _set(
    "assistant, gpt, bot, chatbot, agent, agente, model, asistente, support, soporte, chatgpt, ai, ia, "
    "operator, operador, operadora, admin, staff, team, advisor, adviser, asesor, asesora, representative, "
    "rep, helpdesk, help desk, support agent, customer service, atencion al cliente, claude, gemini, llm, "
    "outbound, outgoing, out, saliente, sent, a, answer, respuesta, agents, dependiente, teacher, doctor, "
    "comercial, ai assistant, virtual assistant"
)
_SYSTEM = _set(
    "system, sistema, developer, tool, function, tool call, tool response, tool result, function call, "
    "observation, environment, ipython, event, evento, note, nota"
)
_AUTOMATIC = _set(
    "system, sistema, bot, chatbot, automatic, automatico, auto, autoreply, auto reply, notification, "
    "notifications, notificacion, automatic message, system message, mensaje automatico, automation, workflow, "
    "trigger, autoresponder"
)
_NOBODY = _USER | _AUTOMATIC
COLLEAGUE = "colleague"
# Below this share of all conversations nobody is *the* one who answers: then whoever answers in each one is.
_LEAST_SHARE = 0.5


def role_word(name: str) -> Role | None:
    """The role that a word gives: `role_word("human")` is "user", `role_word("Agente")` "assistant", of "Tom" None."""
    found = words.key(name)
    if found in _ASSISTANT:
        return "assistant"
    return "user" if found in _USER else "system" if found in _SYSTEM else None


def is_automatic(author: str) -> bool:
    """Whether an author of a chat log is a machine that announces things: `SYSTEM`, `bot`, `Auto-reply`."""
    return words.key(author) in _AUTOMATIC


def is_generic(author: str) -> bool:
    """Whether an author is a role rather than a person: all customers are called so, and it names none of them."""
    return words.key(author) in _USER


@dataclass(frozen=True)
class Persona:
    """Who the persona is in one table: the role of each of its speakers, how the file spells the persona, and why.

    A role is user, assistant, system, or COLLEAGUE: an agent who is not the persona.

    `by_answer`: the roles say nothing; in each conversation the second to speak is the persona.
    """

    roles: tuple[str, ...]
    speaker: str | None
    evidence: str
    by_answer: bool = False


def find_persona(tables: Sequence[Threads], persona_name: str, persona_speaker: str) -> list[Persona]:
    """The persona in each table of one source.

    In this order: the parameter; a role word or flag of the table; the persona's name in the table; whoever takes
    part in most conversations of all the tables together, at least half of them (of equals, whoever begins fewer);
    else whoever answers in each conversation. Raises FormatError when the one named by the parameter speaks nowhere,
    or when nobody answers anybody.
    """
    if persona_speaker:
        return _named_by_parameter(tables, persona_speaker)
    found = [_by_role(table, persona_name) or _by_name(table, persona_name) for table in tables]
    if all(found):
        return found
    left = [table for table, persona in zip(tables, found, strict=True) if persona is None]
    common = _by_share(left)
    return [persona or common(table) for table, persona in zip(tables, found, strict=True)]


def _named_by_parameter(tables: Sequence[Threads], persona_speaker: str) -> list[Persona]:
    wanted = words.key(persona_speaker)
    if not any(words.key(speaker.name) == wanted for table in tables for speaker in table.speakers):
        shares = _pooled(tables, "taking_part")
        spelling = _spelling(tables)
        names = [spelling[key] for key, _ in shares.most_common()]
        raise FormatError(
            f"{tables[0].raw.name}: no speaker `{persona_speaker}`{words.near(persona_speaker, names)} "
            f"(persona_speaker): the speakers are {words.listed(names)}",
            speakers=names,
        )
    return [_persona(table, frozenset([wanted]), "as the parameters say") for table in tables]


def _by_role(table: Threads, persona_name: str) -> Persona | None:
    """By role words and flags; of several agents the one who bears the persona's name, else all of them together.

    But a colleague with a role word who speaks less than somebody of the persona's name is not it.
    """
    agents = {at: table.taking_part[at] for at, who in enumerate(table.speakers) if who.role == "assistant"}
    if not agents:
        return None
    named = words.key(persona_name)
    shares = [table.taking_part[at] for at, who in enumerate(table.speakers) if words.key(who.name) == named]
    if max(shares, default=0) > sum(agents.values()):
        return None
    chosen = _bearer(table, persona_name, agents)
    if chosen is not None and len({words.key(table.speakers[at].name) for at in agents}) > 1:
        name = table.speakers[chosen].name
        why = f"of several agents the one of the persona's name{_share(agents[chosen], table.conversations)}"
        return _persona(table, frozenset([words.key(name)]), why, name)
    busiest = max(agents, key=lambda at: (agents[at], -at))
    name = table.speakers[busiest].name
    how = "a role word" if role_word(name) == "assistant" else "its role in the file"
    others = len(agents) - 1
    more = f"; {others} more answer beside it and count as the persona, too: name one with `persona_speaker`"
    said = f"{how}{_share(agents[busiest], table.conversations)}{more if others else ''}"
    return _persona(table, frozenset(), said, name)


def _by_name(table: Threads, persona_name: str) -> Persona | None:
    chosen = _bearer(table, persona_name, dict(enumerate(table.taking_part[at] for at in range(len(table.speakers)))))
    if chosen is None:
        return None
    name = table.speakers[chosen].name
    keys = frozenset([words.key(name)])
    share = sum(table.taking_part[at] for at, who in enumerate(table.speakers) if words.key(who.name) in keys)
    return _persona(table, keys, f"the persona's name{_share(share, table.conversations)}", name)


def _bearer(table: Threads, persona_name: str, among: Mapping[int, int]) -> int | None:
    """The busiest of some speakers who bears the persona's name: `Sofia`, else `Sofia Marlow`, who mostly answers."""
    named = words.key(persona_name)
    exact = [at for at in among if words.key(table.speakers[at].name) == named]
    wanted = set(words.split(persona_name))
    alike = [
        at
        for at in among
        if wanted and wanted < set(words.split(table.speakers[at].name)) and 2 * table.answering[at] >= among[at] > 0
    ]
    return max(exact or alike, key=lambda at: (among[at], -at), default=None)


def _by_share(tables: Sequence[Threads]):
    """How to decide for tables without role words and without the persona's name: all of them together tell."""
    conversations = sum(table.conversations for table in tables)
    shares, answers = _pooled(tables, "taking_part"), _pooled(tables, "answering")
    nobody = {words.key(who.name) for table in tables for who in table.speakers if who.role in ("user", "system")}
    candidates = {key: count for key, count in shares.items() if key not in _NOBODY and key not in nobody}
    ranked = sorted(candidates, key=lambda key: (candidates[key], answers[key]), reverse=True)
    if not ranked or not any(answers.values()):
        names = [_spelling(tables)[key] for key, _ in shares.most_common()]
        if not names:
            raise FormatError(
                f"{tables[0].raw.name}: no message says who wrote it: name that column with `columns`, {{author: …}}"
            )
        raise FormatError(
            f"{tables[0].raw.name}: nobody stands out as the persona: the speakers are {words.listed(names)}: "
            "set `persona_speaker` (an automatic author such as bot may be named there too)",
            speakers=names,
        )
    best = ranked[0]
    tied = len(ranked) > 1 and (candidates[ranked[1]], answers[ranked[1]]) == (candidates[best], answers[best])
    if not tied and candidates[best] >= _LEAST_SHARE * conversations:
        equal = len(ranked) > 1 and candidates[ranked[1]] == candidates[best]
        why = (
            f"the one who answers: somebody else begins {answers[best]} of {conversations} conversations"
            if equal
            else f"the speaker{_share(candidates[best], conversations)}, more than anyone else"
        )
        said = why + (f"; counted over {len(tables)} tables of this source" if len(tables) > 1 else "")
        return lambda table: _persona(table, frozenset([best]), said, _spelling(tables)[best])
    said = (
        f"persona: whoever answers in each conversation; no single speaker stands out (`{_spelling(tables)[best]}` "
        f"takes part in {candidates[best]} of {conversations}): set `persona_speaker` if it is one of them"
    )
    return lambda table: Persona(tuple("user" for _ in table.speakers), None, said, by_answer=True)


def _persona(table: Threads, keys: frozenset[str], why: str, speaker: str = "") -> Persona:
    """Roles of a table's speakers; without `keys` those with the role assistant are the persona.

    With `keys` other agents are neither the persona nor customers: what they say is no part of its dialogues.
    """
    roles: list[str] = []
    for who in table.speakers:
        if keys and words.key(who.name) in keys:
            roles.append("assistant")
        else:
            roles.append(COLLEAGUE if keys and who.role == "assistant" else who.role or "user")
    speaker = speaker or next((who.name for who in table.speakers if words.key(who.name) in keys), "")
    return Persona(tuple(roles), speaker, f"persona `{speaker}`: {why}")


def _pooled(tables: Sequence[Threads], what: str) -> Counter[str]:
    pooled: Counter[str] = Counter()
    for table in tables:
        counts: Mapping[int, int] = getattr(table, what)
        for at, who in enumerate(table.speakers):
            pooled[words.key(who.name)] += counts.get(at, 0)
    return pooled


def _spelling(tables: Sequence[Threads]) -> dict[str, str]:
    spelling: dict[str, str] = {}
    for table in tables:
        for who in table.speakers:
            spelling.setdefault(words.key(who.name), who.name)
    return spelling


def _share(count: int, conversations: int) -> str:
    return f", in {count:,} of {conversations:,} conversations"
