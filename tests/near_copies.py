# ruff: noqa: E501 -- conversations stand on one line each
"""Conversations of a business, copies of them with typing errors, and look-alikes that mean something else.

`planted(seed)` gives all of them in one shuffled list, each with the meaning it has: two with the same are copies.
"""

import importlib.util
import random
import re
from dataclasses import dataclass
from pathlib import Path

from rapidfuzz.distance import Levenshtein

from marcus_nb.conversation import Conversation, Message, Origin
from marcus_nb.formats import read
from marcus_nb.parameters import Source

_EN = """
Hi, I'd like to {do_en} a {thing_en} for {day_en} at {hour}, is that possible?|Of course, {name}! Your {thing_en} is ready on {day_en}, please come to the {side_en} entrance.
Good morning, my {thing_en} arrived {state_en} and I want to know what happens now.|I'm sorry to hear that. Please send us a picture and {name} will {do_en} it before {day_en}.
Do you {do_en} a {thing_en} with a discount for groups of {small}?|Yes, for groups of {small} we take ten percent off, but only on {day_en} and never in {month_en}.
Where do I leave the {thing_en} when I bring it back on {day_en}?|Leave it on the {side_en} side of the yard, next to the door, and {name} will look after it.
Is the {place_en} open in {month_en}, or do you close after the holidays?|The {place_en} is open every {day_en} until {hour}, and closed the rest of the week, I'm afraid.
I paid {small} euros for the {thing_en} but the receipt says something else|Let me check that with {name}. You'll have an answer by {day_en}, and the difference back on your card.
Can my dog come along to the {place_en}, or must he wait outside?|Dogs are always welcome at the {place_en}, as long as they stay on the lead near the {thing_en}.
How long does it take until the {thing_en} is {state_en}? I need it for a wedding in {month_en}|Usually {small} days. Since it's for a wedding we'll try to have it by {day_en} morning.
my order with the {thing_en} still hasnt come, can you tell me where it is|It left our {place_en} on {day_en} with the driver, so it should be with you before {hour}.
Could you tell {name} that I'm running late and will be at the {place_en} after {hour}?|No problem at all, I'll pass it on. The {place_en} stays open, just ring at the {side_en} door.
What's the difference between the small {thing_en} and the large one?|The large {thing_en} has room for {small} people and a warm cover; the small one is lighter and quicker.
I would like to cancel my booking for {day_en}, something came up at work|That's done, {name}. You get everything back within {small} days, and we hope to see you in {month_en}.
"""
_ES = """
Hola, quería {do_es} una {thing_es} para el {day_es} a las {hour}, ¿es posible?|Claro que sí, {name}. La {thing_es} estará lista el {day_es}, entre por la puerta {side_es}, por favor.
Buenos días, mi {thing_es} llegó {state_es} y no sé qué tengo que hacer ahora.|Lo siento mucho. Mándenos una foto y {name} podrá {do_es} la pieza antes del {day_es}.
¿Hacen descuento en la {thing_es} para grupos de {small} personas?|Sí, para grupos de {small} descontamos el diez por ciento, pero solo el {day_es} y nunca en {month_es}.
¿Dónde dejo la {thing_es} cuando la devuelva el {day_es} por la tarde?|Déjela en la parte {side_es} del patio, junto a la entrada, y {name} se ocupará de todo.
¿La {place_es} abre en {month_es} o cierran después de las fiestas?|La {place_es} abre cada {day_es} hasta las {hour}, y el resto de la semana está cerrada.
He pagado {small} euros por la {thing_es} pero en el recibo pone otra cosa|Déjeme consultarlo con {name}. El {day_es} tendrá una respuesta y la diferencia en su tarjeta.
¿Puede entrar mi perro en la {place_es} o tiene que esperar fuera?|Los perros siempre son bienvenidos en la {place_es}, siempre que vayan atados cerca de la {thing_es}.
¿Cuánto tardan en tener {state_es} la {thing_es}? La necesito para una boda en {month_es}|Normalmente {small} días. Como es para una boda intentaremos tenerla el {day_es} por la mañana.
mi pedido con la {thing_es} todavía no ha llegado, me podéis decir dónde está|Salió de nuestra {place_es} el {day_es} con el transportista, así que llegará antes de las {hour}.
¿Le puede decir a {name} que llego tarde y estaré en la {place_es} después de las {hour}?|Ningún problema, se lo digo ahora mismo. La {place_es} sigue abierta, llame a la puerta {side_es}.
¿Qué diferencia hay entre la {thing_es} pequeña y la grande?|La {thing_es} grande tiene sitio para {small} personas y una cubierta; la pequeña es más ligera y rápida.
Quisiera cancelar mi reserva del {day_es}, me ha surgido un problema en el trabajo|Ya está hecho, {name}. Le devolvemos todo en {small} días y esperamos verle en {month_es}.
"""
_TEMPLATES = [tuple(line.split("|")) for line in (_EN.strip() + _ES).strip().splitlines()]
DAYS = {
    "en": ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"],
    "es": ["lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo"],
}
SIDES = {
    "en": ["north", "south", "east", "west", "left", "right", "back", "front"],
    "es": ["norte", "sur", "este", "oeste"],
}
NAMES = [
    "Ana",
    "Eva",
    "Marta",
    "María",
    "Mario",
    "Luis",
    "Luisa",
    "Carlos",
    "Carla",
    "Pablo",
    "Paula",
    "Julia",
    "Julio",
    "Tom",
    "Tim",
    "Emma",
    "Emily",
    "John",
    "Joan",
    "Peter",
    "Petra",
    "Laura",
    "Lara",
    "Sofía",
    "Sonia",
    "Daniel",
    "Daniela",
    "Martin",
    "Marvin",
    "Rosa",
    "Rocío",
    "Hugo",
    "Iker",
    "Nora",
    "Nuria",
]
_SLOTS = {
    "do_en": ["rent", "book", "repair", "order", "change", "collect", "return", "replace"],
    "do_es": ["alquilar", "reservar", "reparar", "pedir", "cambiar", "recoger", "devolver", "sustituir"],
    "thing_en": [
        "rowing boat",
        "wooden chair",
        "kitchen table",
        "red canoe",
        "garden lamp",
        "leather jacket",
        "coffee machine",
        "mountain bike",
        "picnic basket",
        "winter tent",
        "phone charger",
        "silver ring",
        "swimming pool",
        "violin",
        "steel kettle",
        "fishing rod",
    ],
    "thing_es": [
        "barca de remos",
        "silla de madera",
        "mesa de cocina",
        "canoa roja",
        "lámpara de jardín",
        "chaqueta de cuero",
        "cafetera",
        "bicicleta de montaña",
        "cesta de comida",
        "tienda de campaña",
        "batería del móvil",
        "pulsera de plata",
        "piscina hinchable",
        "guitarra española",
        "cazuela de acero",
        "caña de pescar",
    ],
    "state_en": ["broken", "dirty", "too small", "without a cover", "half empty", "painted", "with scratches", "ready"],
    "state_es": [
        "rota",
        "sucia",
        "demasiado pequeña",
        "sin tapa",
        "medio vacía",
        "pintada",
        "con arañazos",
        "preparada",
    ],
    "place_en": ["workshop", "boathouse", "kitchen", "museum shop", "garage", "warehouse", "library", "café"],
    "place_es": ["tienda", "oficina", "cafetería", "biblioteca", "nave", "recepción", "peluquería", "farmacia"],
    "month_en": ["January", "March", "April", "June", "July", "August", "October", "December"],
    "month_es": ["enero", "marzo", "abril", "junio", "julio", "agosto", "octubre", "diciembre"],
    "hour": ["8", "9", "10", "11:30", "12", "16:15", "17", "18:45", "20"],
    "small": ["3", "4", "5", "6", "7", "8", "9", "12", "15"],
}
_OPPOSITES = {
    "open": "closed", "before": "after", "always": "never", "large": "small", "yes": "no", "left": "right",
    "possible": "impossible", "welcome": "unwelcome", "with": "without", "come": "go", "warm": "cold",
    "abre": "cierra", "antes": "después", "siempre": "nunca", "grande": "pequeña", "sí": "no", "con": "sin",
    "posible": "imposible", "entrada": "salida", "tarde": "mañana", "abierta": "cerrada", "dentro": "fuera",
}  # fmt: skip
# One letter apart, and both of them words: the hardest look-alikes.
_NEIGHBOURS = {
    "boat": "goat", "ring": "ringer", "chair": "choir", "table": "tablet", "lamp": "lamb", "tent": "rent", "rod": "god",
    "bike": "hike", "book": "cook", "can": "can't", "does": "doesn't", "order": "older", "card": "cart", "day": "bay",
    "mesa": "meta", "silla": "villa", "boda": "moda", "roja": "hoja", "perro": "pero", "caña": "cama", "foto": "moto",
    "barca": "barba", "pedir": "medir", "puede": "puedo", "nave": "llave", "plata": "planta", "rota": "nota",
}  # fmt: skip
_NEGATED = {
    "is": "is not",
    "will": "will not",
    "has": "has not",
    "es": "no es",
    "tiene": "no tiene",
    "puede": "no puede",
}
_KEYS = {
    key: near
    for row in ("qwertyuiop", "asdfghjklñ", "zxcvbnm")
    for key, near in ((row[i], row[max(0, i - 1) : i] + row[i + 1 : i + 2]) for i in range(len(row)))
}
_BARE = str.maketrans("áéíóúüñ", "aeiouun")
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")


@dataclass(frozen=True)
class Planted:
    """`meaning` is equal for copies only; `kind` says how it was made: "original", "copy 3 %", "name" …"""

    conversation: Conversation
    meaning: str
    kind: str


def talk(name: str, turns: tuple[str, ...]) -> Conversation:
    roles = ("user", "assistant")
    messages = tuple(Message(roles[place % 2], content) for place, content in enumerate(turns))
    return Conversation(name, messages, Origin("planted.csv", None, (1,)))


def originals(count: int, seed: int = 1) -> list[tuple[str, tuple[str, ...]]]:
    """Different conversations in English and Spanish, each with its language; every one of 100 characters at least."""
    draw = random.Random(seed)
    found: dict[tuple[str, ...], str] = {}
    while len(found) < count:
        place = draw.randrange(len(_TEMPLATES))
        language = "en" if place < len(_TEMPLATES) // 2 else "es"
        chosen = {slot: draw.choice(words).strip() for slot, words in _SLOTS.items()}
        chosen |= {f"day_{language}": draw.choice(DAYS[language]), f"side_{language}": draw.choice(SIDES[language])}
        chosen["name"] = draw.choice(NAMES)
        turns = tuple(turn.format(**chosen) for turn in _TEMPLATES[place])
        found[turns] = language
    return [(language, turns) for turns, language in found.items()]


def with_errors(turns: tuple[str, ...], rate: float, draw: random.Random) -> tuple[str, ...]:
    """A copy in which that share of the characters was mistyped; numbers stay."""
    lengths = [len(turn) for turn in turns]
    edits = max(1, round(rate * sum(lengths)))
    copies = list(turns)
    for _ in range(edits):
        which = draw.choices(range(len(turns)), lengths)[0]
        copies[which] = _one_error(copies[which], draw)
    return tuple(copies)


def _one_error(text: str, draw: random.Random) -> str:
    for _ in range(50):
        at = draw.randrange(len(text))
        key = text[at]
        if key.isdigit() or (at and text[at - 1].isdigit()) or text[at + 1 : at + 2].isdigit():
            continue
        if not key.isalpha():
            return text[:at] + draw.choice(["", key, "  ", "."] if key != " " else ["", "  "]) + text[at + 1 :]
        lower = key.lower()
        next_key = text[at + 1 : at + 2]
        made = draw.choice(
            [
                text[:at] + text[at + 1 :],
                text[:at] + key + text[at:],
                text[:at] + next_key + key + text[at + 2 :] if next_key.isalpha() else text,
                text[:at] + draw.choice(_KEYS.get(lower.translate(_BARE), "x")) + text[at + 1 :],
                text[:at] + draw.choice("abcdefghijklmnopqrstuvwxyz") + text[at + 1 :],
                text[:at] + lower.translate(_BARE) + text[at + 1 :],
            ]
        )
        if made != text:
            return made
    return text + "."


def look_alike(language: str, turns: tuple[str, ...], kind: str, draw: random.Random) -> tuple[str, ...] | None:
    """The same but for one word that matters; None where the conversation has nothing of the kind."""
    whole = "\n".join(turns)
    changes = {
        "number": lambda: _swap(whole, re.findall(r"\d+", whole), lambda word: str(int(word) + draw.choice([1, 2, 10])), draw),
        "name": lambda: _swap(whole, _of(whole, NAMES), lambda word: draw.choice([n for n in NAMES if n != word]), draw),
        "weekday": lambda: _swap(whole, _of(whole, DAYS[language]), lambda word: _other(DAYS[language], word, draw), draw),
        "direction": lambda: _swap(whole, _of(whole, SIDES[language]), lambda word: _other(SIDES[language], word, draw), draw),
        "month": lambda: _swap(
            whole, _of(whole, _SLOTS[f"month_{language}"]), lambda word: _other(_SLOTS[f"month_{language}"], word, draw), draw
        ),
        "negation": lambda: _swap(whole, _of(whole, list(_NEGATED)), _NEGATED.__getitem__, draw),
        "opposite": lambda: _swap(whole, _of(whole, list(_OPPOSITES)), _OPPOSITES.__getitem__, draw),
        "content word": lambda: _swap(
            whole,
            [word for word in _WORD.findall(whole) if len(word) > 4 and word not in NAMES],
            lambda word: draw.choice(_contents(language)),
            draw,
        ),
        "one letter": lambda: _swap(whole, _of(whole, list(_NEIGHBOURS)), _NEIGHBOURS.__getitem__, draw),
    }  # fmt: skip
    made = changes[kind]()
    return None if made is None or made == whole else tuple(made.split("\n"))


LOOK_ALIKES = (
    "number", "name", "weekday", "direction", "month", "negation", "opposite", "content word", "one letter",
)  # fmt: skip


def _contents(language: str) -> list[str]:
    return [
        word for slot in ("thing", "place", "do") for word in _SLOTS[f"{slot}_{language}"] if " " not in word.strip()
    ]


def _of(whole: str, words: list[str]) -> list[str]:
    return [word for word in _WORD.findall(whole) if word in words]


def _other(words: list[str], word: str, draw: random.Random) -> str:
    return draw.choice([one for one in words if one != word])


def _swap(whole: str, found: list[str], other, draw: random.Random) -> str | None:
    if not found:
        return None
    word = draw.choice(found)
    return re.sub(rf"(?<!\w){re.escape(word)}(?!\w)", other(word).strip(), whole, count=1)


def planted(
    count: int = 2000, seed: int = 1, rates: tuple[float, ...] = (0.01, 0.02, 0.03, 0.04, 0.05)
) -> list[Planted]:
    """`count` conversations; half of them have a copy with errors, half a look-alike, some of these with errors too."""
    draw = random.Random(seed)
    first = originals(count, seed)
    taken = {turns for _, turns in first}
    made = [Planted(talk(f"o{place}", turns), f"o{place}", "original") for place, (_, turns) in enumerate(first)]
    for place, (language, turns) in enumerate(first):
        if draw.random() < 0.5:
            rate = draw.choice(rates)
            copy = with_errors(turns, rate, draw)
            made.append(Planted(talk(f"c{place}", copy), f"o{place}", f"copy {rate:.0%}"))
        if draw.random() < 0.5:
            kind = draw.choice(LOOK_ALIKES)
            other = look_alike(language, turns, kind, draw)
            if other is None or other in taken:
                continue
            taken.add(other)
            # Left out: "goat" for "boat" amid other errors. Half of those are taken for one more error, as a reader would;
            # with them F1 is 0.944 to 0.953 instead of 0.954 to 0.960 (seeds 11 to 13).
            if draw.random() < 0.3 and kind != "one letter":
                kind, other = f"{kind} + errors", with_errors(other, draw.choice(rates), draw)
            made.append(Planted(talk(f"l{place}", other), f"l{place}", kind))
    draw.shuffle(made)
    return made


@dataclass(frozen=True)
class Score:
    precision: float
    recall: float
    f1: float
    found: dict[str, tuple[int, int]]  # kind of copy → (found, planted)
    wrong: dict[str, tuple[int, int]]  # kind of look-alike → (wrongly dropped, or taken for the one kept; planted)


def score(made: list[Planted], drops) -> Score:
    """How well the drops are the planted copies. A drop is right where both have the same meaning."""
    of = {one.conversation.id: one for one in made}
    kinds = sorted({one.kind for one in made})
    found = {kind: [0, 0] for kind in kinds if kind.startswith("copy")}
    wrong = {kind: [0, 0] for kind in kinds if not kind.startswith("copy")}
    for one in made:
        (found if one.kind in found else wrong)[one.kind][1] += 1
    right = 0
    for drop in drops:
        gone, kept = of[drop.conversation.id], of[drop.resembles]
        if gone.meaning == kept.meaning:
            right += 1
            found[gone.kind if gone.kind in found else kept.kind][0] += 1
        else:
            wrong[
                gone.kind
                if gone.kind in wrong and gone.kind != "original"
                else kept.kind
                if kept.kind in wrong
                else "original"
            ][0] += 1
    copies = sum(count for _, count in found.values())
    precision, recall = right / max(1, len(drops)), right / max(1, copies)
    f1 = 2 * precision * recall / (precision + recall) if right else 0.0
    return Score(
        precision, recall, f1, {k: tuple(v) for k, v in found.items()}, {k: tuple(v) for k, v in wrong.items()}
    )


def distance(one: Conversation, two: Conversation) -> float:
    """The share of characters in which two conversations differ."""
    texts = ["\n".join(message.content for message in other.messages).casefold() for other in (one, two)]
    return Levenshtein.normalized_distance(*texts)


def corpora() -> list[Conversation]:
    """What is installed of chatterbot-corpus (English and Spanish) and chitchat-dataset; they are read as data."""
    found: list[Conversation] = []
    for package, pattern in (("chatterbot_corpus", "*/*.yml"), ("chitchat_dataset", "**/*.json")):
        spec = importlib.util.find_spec(package)
        if spec is None or not spec.submodule_search_locations:
            continue
        root = Path(next(iter(spec.submodule_search_locations)))
        paths = [path.relative_to(root).as_posix() for path in sorted(root.glob("data/" + pattern) or [])]
        paths = paths or [path.relative_to(root).as_posix() for path in sorted(root.rglob(pattern.split("/")[-1]))]
        for path in paths:
            if package == "chitchat_dataset" or "/english/" in path or "/spanish/" in path:
                for table in read([Source(path=path)], root, "Bot"):
                    found += table.conversations
    return [Conversation(f"{n}:{one.id}", one.messages, one.origin) for n, one in enumerate(found)]
