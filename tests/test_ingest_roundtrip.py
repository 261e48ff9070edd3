"""Conversations written into every container that can be written come back as they were, whatever they say."""

import csv
import json
import re
from datetime import datetime, timedelta
from pathlib import Path

import openpyxl
import pyarrow
import pyarrow.parquet
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from marcus_nb.formats import Table, read
from marcus_nb.parameters import Source

_TRICKY = st.sampled_from(
    ["=1+1", "+34 600", "-5 °C", "@nell", "=cmd|' /C calc'!A0",
     "a,b;c|d\te", 'say "aye"', '"', "'", '""', "line\nbreak",
     "two\n\nbreaks", "👩🏽‍🚀 off we go", "🙂", "שלום עולם",
     "مرحبا، كيف الحال؟", "ab\u202ecd", "sí, ¿mañana?", "日本語", "007", "1e5",
     "true", "null", "NA", "#N/A", "2025-06-14", "sep=;", "<b>bold</b>", "&amp;", "\\n", "\\", "{x}", "[1]", "- item",
     "A: B", "ﬁ", "e\u0301", "bell\x07", "\x1b[0m", "\u2028", "\x85", "a" * 3000]
)  # fmt: skip
# Blanks at the ends may be dropped by any reader; many control characters make a file no text.
_ALPHABET = st.characters(codec="utf-8", exclude_categories=["Cc"], include_characters="\n\t")
# A message that is one tag, which hypothesis takes from our own source, holds no text: it is rejected as such.
_SAID = st.one_of(
    _TRICKY, st.text(_ALPHABET, min_size=1, max_size=30), st.tuples(_TRICKY, _TRICKY).map(" ".join)
).filter(lambda text: not re.fullmatch(r"\s*<[^<>]*>\s*", text))
TEXT = _SAID.map(str.strip).filter(lambda text: any(char.isalnum() for char in text))
EXCHANGES = st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=4)
CONVERSATIONS = st.lists(EXCHANGES, min_size=2, max_size=5).filter(
    lambda talks: sum(text.count("\x07") + text.count("\x1b") for talk in talks for pair in talk for text in pair) <= 3
)
# The shape can only be seen when conversations repeat in rows, and a persona when it answers; both are then certain.
FIRST = [[("Is the gate open today?", "Since eight, skipper.")], [("And tomorrow, too?", "From nine to six.")]]
QUICK = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
DELIMITERS = [",", ";", "\t", "|", "^"]


def one(path: Path) -> Table:
    (table,) = [table for table in read([Source(path=path.name)], path.parent, "Nell") if table.shape]
    return table


def came_back(table: Table) -> list[list[tuple[str, str]]]:
    back = []
    for conversation in table.conversations:
        contents = [message.content for message in conversation.messages]
        assert [message.role for message in conversation.messages] == ["user", "assistant"] * (len(contents) // 2)
        back.append(list(zip(contents[::2], contents[1::2], strict=True)))
    return back


def log_rows(talks: list[list[tuple[str, str]]]) -> list[dict[str, str]]:
    at = datetime(2025, 6, 1, 9)
    rows = []
    for number, talk in enumerate(talks, start=1):
        for exchange in talk:
            for author, text in zip((f"Customer {number}", "Nell"), exchange, strict=True):
                at += timedelta(minutes=1)
                rows.append({"conversation_id": f"T{number}", "time": f"{at}", "author": author, "message": text})
    return rows


def pair_rows(talks: list[list[tuple[str, str]]]) -> list[dict[str, str]]:
    return [{"question": question, "answer": answer} for talk in talks for question, answer in talk]


def message_rows(talks: list[list[tuple[str, str]]]) -> list[dict]:
    return [
        {"messages": [{"role": role, "content": text} for pair in talk for role, text in zip(ROLES, pair, strict=True)]}
        for talk in talks
    ]


ROLES = ("user", "assistant")


def write_csv(path: Path, rows: list[dict[str, str]], delimiter: str) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), delimiter=delimiter, quoting=csv.QUOTE_ALL)
        writer.writeheader()
        writer.writerows(rows)


def write_values(path: Path, rows: list[dict]) -> None:
    if path.suffix == ".jsonl":
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    elif path.suffix == ".json":
        text = json.dumps(rows, indent=1)
    else:
        text = yaml.safe_dump(rows, allow_unicode=True, width=80)
    path.write_text(text, encoding="utf-8", newline="\n")


def write_book(path: Path, rows: list[dict[str, str]]) -> None:
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("Chat")
    sheet.append(list(rows[0]))
    for row in rows:
        cells = [openpyxl.cell.WriteOnlyCell(sheet, value) for value in row.values()]
        for cell in cells:
            cell.data_type = "s"  # text stays text, also where it looks like a formula
        sheet.append(cells)
    book.save(path)


@pytest.mark.parametrize("delimiter", DELIMITERS)
@QUICK
@given(CONVERSATIONS)
def test_csv(tmp_path_factory, delimiter, talks):
    talks = FIRST + talks
    folder = tmp_path_factory.mktemp("csv")
    write_csv(folder / "log.csv", log_rows(talks), delimiter)
    log = one(folder / "log.csv")
    assert (log.container, log.shape, came_back(log)) == ("csv", "row_per_message", talks)
    write_csv(folder / "pairs.csv", pair_rows(talks), delimiter)
    pairs = one(folder / "pairs.csv")
    assert (pairs.container, pairs.shape) == ("csv", "pairs")
    assert came_back(pairs) == [[pair] for talk in talks for pair in talk]


@pytest.mark.parametrize("ending", ["jsonl", "json", "yaml"])
@QUICK
@given(CONVERSATIONS)
def test_nested_values(tmp_path_factory, ending, talks):
    talks = FIRST + talks
    folder = tmp_path_factory.mktemp(ending)
    for name, rows in (("messages", message_rows(talks)), ("pairs", pair_rows(talks)), ("log", log_rows(talks))):
        write_values(folder / f"{name}.{ending}", rows)
    messages, pairs, log = (one(folder / f"{name}.{ending}") for name in ("messages", "pairs", "log"))
    assert {table.container for table in (messages, pairs, log)} == {ending}
    assert (messages.shape, came_back(messages)) == ("messages", talks)
    assert (pairs.shape, came_back(pairs)) == ("pairs", [[pair] for talk in talks for pair in talk])
    assert (log.shape, came_back(log)) == ("row_per_message", talks)


@QUICK
@given(CONVERSATIONS)
def test_parquet(tmp_path_factory, talks):
    talks = FIRST + talks
    folder = tmp_path_factory.mktemp("parquet")
    for name, rows in (("messages", message_rows(talks)), ("pairs", pair_rows(talks)), ("log", log_rows(talks))):
        pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), folder / f"{name}.parquet")
    messages, pairs, log = (one(folder / f"{name}.parquet") for name in ("messages", "pairs", "log"))
    assert {table.container for table in (messages, pairs, log)} == {"parquet"}
    assert came_back(messages) == came_back(log) == talks
    assert came_back(pairs) == [[pair] for talk in talks for pair in talk]


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(CONVERSATIONS)
def test_excel(tmp_path_factory, talks):
    legal = openpyxl.cell.cell.ILLEGAL_CHARACTERS_RE
    talks = FIRST + [[tuple(legal.sub("·", text) for text in pair) for pair in talk] for talk in talks]
    folder = tmp_path_factory.mktemp("excel")
    write_book(folder / "log.xlsx", log_rows(talks))
    write_book(folder / "pairs.xlsx", pair_rows(talks))
    log, pairs = one(folder / "log.xlsx"), one(folder / "pairs.xlsx")
    assert (log.container, log.shape, came_back(log)) == ("excel", "row_per_message", talks)
    assert (pairs.shape, came_back(pairs)) == ("pairs", [[pair] for talk in talks for pair in talk])
