"""What a person noticed in a conversation becomes the next run's probe or data, as choices of the draft."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from marcus_nb.conversation import read_jsonl, write_jsonl
from marcus_nb.parameters import ROOT, Parameters, Source, load
from marcus_nb.parameters.cell import CHOSEN
from marcus_nb.parameters.files import find
from marcus_nb.runs import choices
from marcus_nb.runs.files import RunError


def add_probe(experiment: str, question: str, must: Sequence[str], must_not: Sequence[str]) -> Parameters:
    """Ask this of the next runs too; a probe with the same question is replaced. Returns the parameters with it.

    Raises ParameterError, and keeps nothing, for a probe without a question or without what the answer must contain.
    """
    probe = {"question": question.strip(), "must": list(must), "must_not": list(must_not)}
    others = [item for item in _now(experiment)["shared"]["probes"] if item["question"] != probe["question"]]
    return choices.choose(experiment, {"shared.probes": [*others, probe]})


def add_conversation(experiment: str, name: str, customer: str, messages: Sequence[dict[str, Any]]) -> Path:
    """Put a conversation into the experiment's own file of added ones and that file among the sources; returns it.

    `messages` are `{"role": "user" or "assistant", "content": …}`, with `"weight": 0` for a reply that is context only.
    One of the same `name` is replaced: it was corrected once more. All of one `customer` come into the same split.
    Raises ParameterError where the experiment has no YAML file, and RunError for a file with a line that is no record.
    """
    path = added_file(experiment)
    row = {"id": name, "customer": customer, "messages": list(messages)}
    try:
        others = [item for item in read_jsonl(path) if item.get("id") != name] if path.is_file() else []
    except (ValueError, AttributeError) as error:
        raise RunError(f"{path.name} was edited and has a line that is no JSON record ({error}): mend it") from error
    write_jsonl(path, [*others, row])
    sources = _now(experiment)["ingest"]["sources"]
    if all((ROOT / source["path"]).resolve() != path.resolve() for source in sources):
        named = path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else path.as_posix()
        choices.choose(experiment, {"ingest.sources": [*sources, Source(path=named).model_dump(mode="json")]})
    return path


def added_file(experiment: str) -> Path:
    """`parameters/acme.added.jsonl`, whether it is there yet or not."""
    written = find(experiment)
    return written.with_name(f"{written.stem}.added.jsonl")


def _now(experiment: str) -> dict[str, dict[str, Any]]:
    """What the next run would be made with: the YAML, and what was clicked since."""
    return load(experiment, choices.read(experiment), CHOSEN).as_dict()
