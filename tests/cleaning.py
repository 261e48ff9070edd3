"""What the tests of cleaning share: conversations, good ones and made ones, and a cleaning through a YAML file."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from marcus_nb import clean, ingest
from marcus_nb.clean.split import assign
from marcus_nb.conversation import Conversation, Message, Origin
from marcus_nb.models import find_base, load_tokenizer
from marcus_nb.parameters import ROOT, Clean, Parameters, load
from marcus_nb.parameters.schema import Shared

SHARED = Shared(persona_name="Nell", system_prompt="You are Nell.", base_model="tiny", max_length=2000)
TINY = load_tokenizer(find_base("tiny"))


def talk(name, *contents, customer=None, roles=("user", "assistant"), time=None):
    """`talk("chat:7", "Open?", "Aye.")`: a question and its answer, and so on; the number is its line."""
    messages = tuple(Message(roles[index % len(roles)], content) for index, content in enumerate(contents))
    return Conversation(name, messages, Origin("chat.csv", None, (int(name.split(":")[1]),)), customer, time)


@cache
def good() -> tuple[Conversation, ...]:
    """The example's conversations as 02_clean leaves them: a few hundred, short, in one voice, each customer's own."""
    chosen = load("quickstart")
    raw = ingest.read_sources(chosen.ingest, ROOT, chosen.shared.persona_name).conversations
    cleaned = clean.run(list(raw), Clean(), SHARED, TINY)
    kept = everything(cleaned)
    return tuple(kept[one.id] for one in raw if one.id in kept)


def run(conversations: Sequence[Conversation], probes: Sequence[Any] = (), **chosen: Any) -> clean.Cleaned:
    """Clean with these parameters of `clean`; those of `shared` are SHARED's."""
    return clean.run(conversations, Clean(**chosen), SHARED.model_copy(update={"probes": list(probes)}), TINY)


def through_yaml(folder: Path, sections: dict[str, dict[str, Any]]) -> Parameters:
    """The parameters of an experiment whose YAML says this: `through_yaml(tmp_path, {"clean": {"redact": False}})`."""
    shared = SHARED.model_dump() | sections.get("shared", {})
    written = sections | {"shared": shared, "ingest": {"sources": ["chat.csv"]}}
    path = folder / "acme.yaml"
    path.write_text(yaml.safe_dump(written, allow_unicode=True), encoding="utf-8")
    return load(str(path))


def in_split(name: str, contents: Sequence[str], start: int = 9000, **shares: float) -> Conversation:
    """A conversation with these contents whose customer falls in the named split."""
    shares = {"validation_share": 0.12, "test_share": 0.16} | shares
    candidates = (talk(f"chat:{start}", *contents, customer=f"Guest {number}") for number in range(10_000))
    return next(candidate for candidate in candidates if assign(candidate, **shares) == name)


def everything(cleaned: clean.Cleaned) -> dict[str, Conversation]:
    return {one.id: one for one in (*cleaned.train, *cleaned.validation, *cleaned.test)}


def step(cleaned: clean.Cleaned, rule: str) -> clean.Step:
    return next(step for step in cleaned.steps if step.rule == rule)


def drops(cleaned: clean.Cleaned, rule: str) -> list[clean.Drop]:
    return [drop for drop in cleaned.dropped if drop.rule == rule]
