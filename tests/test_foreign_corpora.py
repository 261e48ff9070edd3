"""Files that nobody here wrote: chatterbot-corpus (YAML, 28 languages) and chitchat-dataset (a chat platform's JSON).

Both come from PyPI and are read as data: their packages are found, never imported, and the tests are skipped where
they are not installed (`pip install --no-deps chatterbot-corpus chitchat-dataset`). Expected counts are made here from
the files themselves.
"""

import importlib.util
import json
from collections import Counter
from pathlib import Path

import pytest
import recount
import yaml

from marcus_nb.formats import read
from marcus_nb.parameters import Source


def package(name: str) -> Path:
    """The folder of an installed package; skips the test where there is none."""
    found = importlib.util.find_spec(name)
    if found is None or not found.submodule_search_locations:
        pytest.skip(f"{name} is not installed: pip install --no-deps {name.replace('_', '-')}")
    return Path(next(iter(found.submodule_search_locations)))


def flat(lines: object) -> list[str]:
    """The lines of a conversation, also where somebody nested them once more by mistake."""
    return [text for line in lines for text in (flat(line) if isinstance(line, list) else [line])]


def chatterbot_files() -> list[Path]:
    return sorted(package("chatterbot_corpus").rglob("*.yml"))


def test_chatterbot_corpus_is_read_whole():
    files = chatterbot_files()
    assert len(files) > 200 and len({path.parent.name for path in files}) > 25
    root = package("chatterbot_corpus")
    tables = read([Source(path="data")], root, "ChatterBot")
    by_file = {table.file: table for table in tables}
    told = Counter()
    for path in files:
        own = yaml.load(path.read_text(encoding="utf-8"), yaml.BaseLoader)
        records = own["conversations"]
        table = by_file[path.relative_to(root).as_posix()]
        assert (table.container, table.shape, table.records) == ("yaml", "lines", len(records)), path
        good = {
            place: lines for place, lines in enumerate(records, start=1) if isinstance(lines, list) and len(lines) > 1
        }
        told["conversations"] += len(table.conversations)
        told["good"] += len(good)
        assert table.used + len(table.rejected) + len(table.set_aside) == table.records
        for conversation in table.conversations:
            lines = [text for text in flat(records[conversation.origin.lines[0] - 1]) if text.strip()]
            said = [message.content for message in conversation.messages]
            assert recount.plain("\n".join(said)) == recount.plain("\n".join(lines[: len(said)])), (path, conversation)
            roles = [message.role for message in conversation.messages]
            assert roles == ["user", "assistant"] * (len(said) // 2)
            assert len(lines) - len(said) in (0, 1)  # a last question that nobody answers
    assert told["conversations"] >= told["good"] * 0.999, told


def test_chitchat_dataset_is_read_whole():
    root = package("chitchat_dataset")
    own = json.loads((root / "dataset.json").read_text(encoding="utf-8"))
    (table,) = [table for table in read([Source(path="dataset.json")], root, "Nobody") if table.shape]
    assert (table.container, table.shape, table.records) == ("json", "messages", len(own))
    talks = list(own.values())
    speakers = [
        {line["sender"] for burst in talk["messages"] for line in burst if line["text"].strip()} for talk in talks
    ]
    with_two = {place for place, names in enumerate(speakers, start=1) if len(names) > 1}
    lines = [conversation.origin.lines for conversation in table.conversations]
    # nobody of these 1,315 people is in half of the talks: whoever answers is the persona, and no talk of two is lost
    assert table.persona_speaker is None
    assert {line for (line,) in lines} == with_two and len(lines) == len(with_two) > 4000
    assert table.used + len(table.set_aside) == len(own) and not table.rejected
    for conversation in table.conversations:
        check_talk(conversation, talks[conversation.origin.lines[0] - 1])


def check_talk(conversation, talk: dict) -> None:
    """The second to speak is the persona; every message is in its burst's order, from the first question on."""
    said = [(line["sender"], line["text"]) for burst in talk["messages"] for line in burst if line["text"].strip()]
    first = said[0][0]
    wanted = [("user" if who == first else "assistant", text) for who, text in said]
    found = [(message.role, part) for message in conversation.messages for part in message.content.split("\n")]
    wanted = [(role, part) for role, text in wanted for part in text.split("\n")][: len(found)]
    assert [(role, part.strip()) for role, part in found] == [(role, part.strip()) for role, part in wanted]


def test_chitchat_dataset_with_the_persona_named():
    root = package("chitchat_dataset")
    own = json.loads((root / "dataset.json").read_text(encoding="utf-8"))
    count = Counter(
        name
        for talk in own.values()
        for name in {line["sender"] for burst in talk["messages"] for line in burst if line["text"].strip()}
    )
    busiest = count.most_common(1)[0][0]
    (table,) = [t for t in read([Source(path="dataset.json", persona_speaker=busiest)], root, "Nobody") if t.shape]
    assert table.persona_speaker == busiest and 0 < len(table.conversations) <= count[busiest]
    talks = list(own.values())
    for conversation in table.conversations:
        talk = talks[conversation.origin.lines[0] - 1]
        hers = {part.strip() for burst in talk["messages"] for line in burst if line["sender"] == busiest
                for part in line["text"].split("\n")}  # fmt: skip
        assert all(part.strip() in hers for reply in conversation.replies for part in reply.split("\n"))
