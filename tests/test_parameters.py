"""Parameters: every mistake is named with its place, nothing is lost on the way to YAML and back, hashes are frugal."""

import ast
import dataclasses
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import papermill
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from marcus_nb import parameters
from marcus_nb.parameters import (
    ROOT,
    STAGES,
    Clean,
    Evaluate,
    Ingest,
    ParameterError,
    Parameters,
    Probe,
    Shared,
    Source,
    Train,
    cell_source,
    from_cell,
    load,
    load_saved,
    parse_set,
    reference_table,
    save,
)
from marcus_nb.parameters.files import merge_stage, override
from marcus_nb.parameters.schema import SECTIONS, SHARED_OF, fields_of

BASE = """\
shared:
  persona_name: Nell
  system_prompt: You are Nell.
  base_model: tiny
ingest:
  sources: [chat.csv]
"""
EVERY = [(section, name) for section, model in SECTIONS.items() for name in model.model_fields]


def written(folder: Path, text: str, name: str = "acme.yaml") -> str:
    path = folder / name
    path.write_text(text, encoding="utf-8", newline="\n")
    return str(path)


def problems(folder: Path, text: str) -> list[str]:
    with pytest.raises(ParameterError) as caught:
        load(written(folder, text))
    return str(caught.value).splitlines()


def resolved(folder: Path, **overrides) -> Parameters:
    return load(written(folder, BASE), {key.replace("__", "."): value for key, value in overrides.items()})


# ---- what a YAML file may say


def test_values_origins_and_defaults(tmp_path):
    chosen = load(written(tmp_path, BASE + "train:\n  learning_rate: 2e-4\n"), {"train.lora_r": 4})
    assert chosen.experiment == "acme"
    assert (chosen.train.learning_rate, chosen.train.lora_r) == (0.0002, 4)
    assert chosen.ingest.sources == [Source(path="chat.csv")]
    assert chosen.origins["shared.persona_name"] == "acme.yaml"
    assert chosen.origins["train.learning_rate"] == "acme.yaml"
    assert chosen.origins["train.lora_r"] == "--set"
    assert chosen.origins["train.max_steps"] == chosen.origins["clean.redact"] == "default"
    assert set(chosen.origins) == {f"{section}.{name}" for section, name in EVERY}


@pytest.mark.parametrize(
    ("written_as", "value"), [("2e-4", 0.0002), ("1E-3", 0.001), ("0.5", 0.5), ("3.e-4", 0.0003), ("+1e-3", 0.001)]
)
def test_a_number_is_a_number_however_it_is_written(tmp_path, written_as, value):
    assert load(written(tmp_path, BASE + f"train: {{learning_rate: {written_as}}}")).train.learning_rate == value


def test_an_integer_is_a_float_where_a_float_is_wanted(tmp_path):
    chosen = resolved(tmp_path, train__max_grad_norm=2)
    assert type(chosen.train.max_grad_norm) is float
    assert chosen.hash == resolved(tmp_path, train__max_grad_norm=2.0).hash


def test_words_that_look_like_something_else_stay_words(tmp_path):
    text = BASE.replace("persona_name: Nell", "persona_name: no").replace("You are Nell.", '"1e5"')
    shared = load(written(tmp_path, text)).shared
    assert (shared.persona_name, shared.system_prompt) == ("no", "1e5")


def test_anchors_aliases_and_merge_keys(tmp_path):
    text = BASE + "clean:\n  redact: &off false\n  whitespace: *off\ntrain:\n  <<: {lora_r: 4, max_steps: 7}\n"
    chosen = load(written(tmp_path, text))
    assert chosen.clean.redact is False and chosen.clean.whitespace is False
    assert (chosen.train.lora_r, chosen.train.max_steps) == (4, 7)
    # a wrong value from a merge key has no line of its own: the section's, or the file's, must do
    (line,) = problems(tmp_path, BASE + "train:\n  <<: {lora_r: 0}\n")
    assert line.startswith("acme.yaml: train.lora_r: should be greater than or equal to 1, found 0.")


def test_a_source_is_a_path_or_a_path_with_overrulings(tmp_path):
    text = BASE.replace("[chat.csv]", "[chat.csv, {path: b.csv, delimiter: ';', columns: {prompt: Frage}}]")
    sources = load(written(tmp_path, text)).ingest.sources
    assert sources == [Source(path="chat.csv"), Source(path="b.csv", delimiter=";", columns={"prompt": "Frage"})]


def test_empty_sections_and_an_empty_extends_are_nothing(tmp_path):
    assert load(written(tmp_path, "extends:\n" + BASE + "train:\nclean: {}\n")).train == Train()


def test_a_byte_order_mark_and_carriage_returns_do_not_matter(tmp_path):
    (tmp_path / "acme.yaml").write_bytes(b"\xef\xbb\xbf" + BASE.replace("\n", "\r\n").encode())
    assert load(str(tmp_path / "acme.yaml")).shared.system_prompt == "You are Nell."


# ---- what it may not say: the message names file, line, key, what was found, and what to do


def test_a_missing_parameter_says_what_it_means(tmp_path):
    lines = problems(tmp_path, "shared:\n  persona_name: Nell\n")
    assert len(lines) == 3
    assert lines[0].startswith("acme.yaml, line 1: shared.system_prompt: required, and missing. The system message of")
    assert lines[1].startswith("acme.yaml, line 1: shared.base_model: required, and missing. A hub id, a local folder")
    assert lines[2].startswith("acme.yaml: ingest.sources: required, and missing. The files to read")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("trian:\n  lora_r: 4\n", "acme.yaml, line 7: no such section 'trian'. Did you mean train? Sections: shared, "),
        ("extend: smoke\n", "acme.yaml, line 7: no such section 'extend'. Did you mean extends?"),
        ("zzz: 1\n", "acme.yaml, line 7: no such section 'zzz'. Sections: shared, ingest, clean, train, evaluate; and"),
        (
            "train:\n  max_steps: 4\n  lerning_rate: 1\n",
            "acme.yaml, line 9: train.lerning_rate: no such parameter. Did you mean learning_rate?",
        ),
        ("train:\n  redact: true\n", "acme.yaml, line 8: train.redact: no such parameter. It belongs below clean."),
        (
            "clean:\n  qqq: 1\n",
            "acme.yaml, line 8: clean.qqq: no such parameter. Known here: by_hand, unicode_repair, ",
        ),
        (
            "evaluate:\n  contrast_sources:\n    - other.csv\n    - path: b.csv\n      delimeter: ;\n",
            "acme.yaml, line 11: evaluate.contrast_sources.1.delimeter: no such parameter. Did you mean delimiter?",
        ),
        (
            "evaluate:\n  contrast_sources:\n    - shape: pairs\n",
            "acme.yaml, line 9: evaluate.contrast_sources.0.path: required, and missing. A file, a folder",
        ),
        ("evaluate:\n  contrast_sources: [7]\n", "0: should be names with values, one NAME: VALUE a line, found 7."),
        (
            "evaluate:\n  contrast_sources:\n  - path: a\n    columns: {prompt: 5}\n",
            "line 10: evaluate.contrast_sources.0.columns.prompt: should be a valid string, found 5 (put it in quotes)"
            ". Which column plays which part",
        ),
        ("train: 5\n", "acme.yaml, line 7: train: should be names with values, one NAME: VALUE a line, found 5."),
        ("train: [lora_r]\n", "acme.yaml, line 7: train: should be names with values, one NAME: VALUE a line, found ["),
    ],
)
def test_a_wrong_name_is_met_with_its_neighbour(tmp_path, text, message):
    (line,) = problems(tmp_path, BASE + text)
    assert message in line


def test_a_mistyped_probe_is_met_with_its_neighbour(tmp_path):
    text = BASE.replace("ingest:", "  probes:\n    - question: Open?\n      must: [x]\n      mustnot: [y]\ningest:")
    (line,) = problems(tmp_path, text)
    assert line == "acme.yaml, line 8: shared.probes.0.mustnot: no such parameter. Did you mean must_not?"


WRONG = [
    ("train", "lora_r", "true", "should be a valid integer, found True"),
    ("train", "lora_r", "8.0", "should be a valid integer, found 8.0"),
    ("train", "lora_r", '"8"', "should be a valid integer, found '8'"),
    ("train", "lora_r", "", "should be a valid integer, found nothing"),
    ("train", "lora_r", "0", "should be greater than or equal to 1, found 0"),
    ("train", "lora_r", "9" * 50, "should be less than or equal to 1024, found 999"),
    ("train", "learning_rate", "true", "should be a valid number, found True"),
    ("train", "learning_rate", "fast", "should be a valid number, found 'fast'"),
    ("train", "learning_rate", ".nan", "should be a finite number, found nan"),
    ("train", "learning_rate", ".inf", "should be a finite number, found inf"),
    ("train", "learning_rate", "-.inf", "should be a finite number, found -inf"),
    ("train", "learning_rate", "1e999", "should be a finite number, found inf"),
    ("train", "learning_rate", "1", "should be less than 1, found 1"),
    ("train", "learning_rate", "0", "should be greater than 0, found 0"),
    ("train", "max_steps", "-1", "should be greater than or equal to 0, found -1"),
    ("train", "dtype", "float16", "should be 'auto', 'float32' or 'bfloat16', found 'float16'"),
    ("train", "fixed_prompts", "Hi", "should be a valid list, found 'Hi'"),
    ("train", "fixed_prompts", "[Hi, 5]", "should be a valid string, found 5 (put it in quotes). Prompts that are"),
    ("clean", "redact", "1", "should be a valid boolean, found 1"),
    ("clean", "redact", "yes", "should be a valid boolean, found 'yes'"),
    ("clean", "redact", "2024-01-02", "should be a valid boolean, found datetime.date(2024, 1, 2)"),
    ("clean", "test_share", "0.5", "should be less than 0.5, found 0.5"),
    ("evaluate", "contrast_persona_name", "", "should be a valid string, found nothing (empty text is written as '')"),
    ("evaluate", "contrast_persona_name", "5", "should be a valid string, found 5 (put it in quotes)"),
    ("evaluate", "contrast_persona_name", f"[{'x' * 500}]", "xxx… (504 characters)"),
    ("evaluate", "contrast_persona_name", '"\\ud83d"', "half a character; write the character itself"),
]


@pytest.mark.parametrize(("section", "name", "value", "message"), WRONG)
def test_a_wrong_value_is_refused_with_line_and_meaning(tmp_path, section, name, value, message):
    (line,) = problems(tmp_path, BASE + f"{section}:\n  # a comment\n  {name}: {value}\n")
    assert line.startswith(f"acme.yaml, line 9: {section}.{name}")
    assert message in line
    if "half" not in line:
        meaning = " ".join(SECTIONS[section].model_fields[name].description.split())
        assert line.endswith(f". {meaning}")


@pytest.mark.parametrize(("section", "name"), EVERY)
def test_no_parameter_takes_none_or_what_is_of_no_type_of_its_own(section, name):
    values = {"shared": {"persona_name": "N", "system_prompt": "", "base_model": "b"}, "ingest": {"sources": ["a"]}}
    for value in (None, object(), {1: 2}, 5j):
        with pytest.raises(ValidationError):
            SECTIONS[section].model_validate(values.get(section, {}) | {name: value})


def test_every_number_has_a_range_and_its_end_is_held():
    for section, name in EVERY:
        field = SECTIONS[section].model_fields[name]
        if field.annotation not in (int, float):
            continue
        bounds = {type(item).__name__.lower(): item for item in field.metadata}
        assert bounds.keys() & {"ge", "gt"}, f"{section}.{name} has no lower end"
        lowest = bounds["ge"].ge if "ge" in bounds else bounds["gt"].gt
        with pytest.raises(ValidationError):
            SECTIONS[section].model_validate({name: lowest - 1 if "ge" in bounds else lowest})


def test_values_that_contradict_each_other_are_refused(tmp_path):
    (line,) = problems(tmp_path, BASE + "clean:\n  min_characters: 50\n  max_characters: 10\n")
    assert line.startswith("acme.yaml, line 7: clean: min_characters (50) is above max_characters (10): no message can")


def test_all_problems_are_listed_at_once(tmp_path):
    text = BASE.replace("  base_model: tiny\n", "") + "trian: {}\nclean: {redact: 1}\ntrain: {lora_r: 0, dtype: x}\n"
    with pytest.raises(ParameterError) as caught:
        load(written(tmp_path, text), {"train.lora": 1, "redact": False, "train.max_steps": -1})
    lines = str(caught.value).splitlines()
    starts = [
        "acme.yaml, line 6: no such section 'trian'",
        "--set train.lora: no such parameter. Did you mean train.lora_r?",
        "--set redact: no such parameter. Did you mean clean.redact?",
        "acme.yaml, line 1: shared.base_model: required",
        "acme.yaml, line 7: clean.redact",
        "--set: train.max_steps: should be greater than or equal to 0, found -1",
        "acme.yaml, line 8: train.lora_r",
        "acme.yaml, line 8: train.dtype",
    ]
    assert [line[: len(start)] for line, start in zip(lines, starts, strict=True)] == starts


def test_a_value_that_was_set_is_not_blamed_on_the_file(tmp_path):
    path = written(tmp_path, BASE + "train:\n  fixed_prompts:\n    - Hi\n")
    with pytest.raises(ParameterError, match=r"^--set: train\.fixed_prompts\.0: should be a valid string, found 5"):
        load(path, {"train.fixed_prompts": [5]})


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "acme.yaml: expected sections (shared, ingest, clean, train, evaluate), found nothing"),
        (b"- a\n- b\n", "acme.yaml: expected sections (shared, ingest, clean, train, evaluate), found ['a', 'b']"),
        (b"just words", "acme.yaml: expected sections (shared, ingest, clean, train, evaluate), found 'just words'"),
        (("# café\n" + BASE).encode("cp1252"), "acme.yaml: not UTF-8 text (invalid continuation byte at byte 5); save"),
        (BASE.encode("utf-16"), "acme.yaml: not UTF-8 text (invalid start byte at byte 0); save it as UTF-8"),
        ((BASE + "train: \x07\n").encode(), "acme.yaml, line 7: a control character (U+0007)"),
        (BASE.encode() + b"train: [\n", "acme.yaml, line 8: not readable as YAML: "),
        (b"train:\n\tlora_r: 4\n", "acme.yaml, line 2: not readable as YAML: found character '\\t' that cannot start"),
        ((BASE + BASE).encode(), 'acme.yaml, line 7: not readable as YAML: found duplicate key "shared"'),
        (BASE.encode() + b"train: {lora_r: 4, lora_r: 8}\n", 'line 7: not readable as YAML: found duplicate key "lora'),
        (BASE.encode() + b"---\na: 1\n", "acme.yaml, line 7: not readable as YAML: but found another document"),
        (BASE.encode() + b"clean: {redact: 2024-13-45}\n", "not readable as YAML: month must be in 1..12 (quotes make"),
        (BASE.encode() + b"train: {lora_r: " + b"9" * 5000 + b"}\n", "acme.yaml: not readable as YAML: Exceeds the"),
        (BASE.encode() + b"train: " + b"[" * 1000 + b"]" * 1000, "acme.yaml: nested too deeply"),
        (BASE.encode() + b"# " + b"x" * 1_000_000, "acme.yaml: larger than 1,000,000 bytes; a parameters file is a"),
    ],
)
def test_a_file_that_is_no_parameters_file_is_refused(tmp_path, content, message):
    (tmp_path / "acme.yaml").write_bytes(content)
    with pytest.raises(ParameterError) as caught:
        load(str(tmp_path / "acme.yaml"))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_aliases_that_multiply_do_not_fill_the_memory(tmp_path):
    rows = ["train:", "  a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    rows += [f"  a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 10)]
    assert problems(tmp_path, BASE + "\n".join(rows)) == [
        "acme.yaml: more than 50,000 values, or nested too deeply (a YAML alias?)"
    ]


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.sampled_from(["shared", "train", "extends", "lora_r", ":", " ", "\n", "  ", "- ", "{", "}", "[", "]", "'"])
        | st.sampled_from(['"', "&a", "*a", "<<", "!t", "|", ">", "#", "?", ",", "%YAML 1.1\n", "---", "2024-13-45"])
        | st.text(max_size=3),
        max_size=25,
    ).map("".join)
)
@example("shared: !!timestamp x\n")
@example("!!int x")
@example("? [a]\n: b\n")
@example("train: {? {a: b} : c}\n")
def test_whatever_stands_in_the_file_the_answer_is_parameters_or_a_parameter_error(tmp_path_factory, text):
    path = tmp_path_factory.getbasetemp() / "fuzz.yaml"
    path.write_text(text, encoding="utf-8", errors="replace", newline="\n")
    with pytest.raises(ParameterError) as caught:  # nothing that short holds what is required
        load(str(path))
    assert "fuzz.yaml" in str(caught.value)


# ---- extends


def test_a_child_takes_what_it_does_not_choose(tmp_path):
    parent = BASE + "train: {lora_r: 4, max_steps: 9, fixed_prompts: [a, b, c]}\nclean: {redact: false}\n"
    written(tmp_path, parent, "base.yaml")
    child = "extends: base\nshared: {persona_name: Florian}\ntrain: {lora_r: 8, fixed_prompts: [d]}\n"
    chosen = load(written(tmp_path, child))
    assert (chosen.shared.persona_name, chosen.shared.system_prompt) == ("Florian", "You are Nell.")
    assert (chosen.train.lora_r, chosen.train.max_steps, chosen.clean.redact) == (8, 9, False)
    assert chosen.train.fixed_prompts == ["d"]  # a list is replaced, not joined
    assert chosen.origins["train.lora_r"] == "acme.yaml" and chosen.origins["train.max_steps"] == "base.yaml"
    assert chosen.origins["shared.persona_name"] == "acme.yaml" and chosen.origins["clean.redact"] == "base.yaml"


def test_the_position_of_extends_does_not_matter_and_grandparents_count(tmp_path):
    written(tmp_path, BASE, "a.yaml")
    written(tmp_path, "train: {lora_r: 4}\nextends: a\n", "b.yaml")
    chosen = load(written(tmp_path, "train: {max_steps: 3}\nextends: b\n"))
    assert (chosen.shared.persona_name, chosen.train.lora_r, chosen.train.max_steps) == ("Nell", 4, 3)


def test_a_mistake_is_blamed_on_the_file_that_makes_it(tmp_path):
    written(tmp_path, BASE + "train:\n  lora_r: 0\n  fixed_prompts: [1, 2]\n", "base.yaml")
    lines = problems(tmp_path, "extends: base\ntrain:\n  fixed_prompts: [a, 3]\n")
    assert [line.split(":")[0] for line in lines] == ["base.yaml, line 8", "acme.yaml, line 3"]
    lines = problems(tmp_path, "extends: base\ntrain: {lora_r: 1, fixed_prompts: []}\ntrian: {}\n")
    assert [line.split(":")[0] for line in lines] == ["acme.yaml, line 3"]


@pytest.mark.parametrize(
    ("extends", "message"),
    [
        ("bose", "acme.yaml: extends: 'bose' is not an experiment beside this file. Did you mean base? There: base."),
        ("../base", "acme.yaml: extends: '../base' is not an experiment beside this file."),
        ("/etc/passwd", "acme.yaml: extends: '/etc/passwd' is not an experiment beside this file."),
        ("[base]", "acme.yaml: extends: ['base'] is not an experiment beside this file."),
        ("5", "acme.yaml: extends: 5 is not an experiment beside this file."),
        ("acme", "acme.yaml: extends itself"),
    ],
)
def test_a_parent_must_be_there(tmp_path, extends, message):
    written(tmp_path, BASE, "base.yaml")
    (line,) = problems(tmp_path, f"extends: {extends}\n")
    assert message in line


def test_a_cycle_is_named(tmp_path):
    written(tmp_path, "extends: b\n", "a.yaml")
    written(tmp_path, "extends: acme\n", "b.yaml")
    assert problems(tmp_path, "extends: a\n") == [
        "acme.yaml: extends itself by way of acme.yaml → a.yaml → b.yaml → acme.yaml"
    ]


# ---- finding an experiment


@pytest.mark.parametrize(
    "name", ["../pyproject", "..", "", ".", "/etc/passwd", "a/b", "a\\b", "quickstart\n", "x" * 65, "a.", "-x", "C:x"]
)
def test_a_name_is_no_path(name):
    with pytest.raises(ParameterError, match="There is no experiment") as caught:
        load(name)
    assert "Experiments here: " in str(caught.value) and "quickstart" in str(caught.value)


def test_experiments_that_windows_cannot_tell_apart_are_refused(tmp_path):
    for name in ("acme", "ACME"):
        shutil.copy(ROOT / "parameters" / "smoke.yaml", tmp_path / f"{name}.yaml")
    if len(list(tmp_path.glob("*.yaml"))) == 2:  # a file system that can tell them apart
        with pytest.raises(ParameterError, match="ACME and acme differ only in upper and lower case"):
            parameters.find(str(tmp_path / "acme.yaml"))
    (tmp_path / "ACME.yaml").unlink()
    shutil.copy(ROOT / "parameters" / "smoke.yaml", tmp_path / "Bob.yaml")
    assert parameters.find(str(tmp_path / "Bob.yaml")).stem == "Bob"


def test_a_name_does_not_reach_out_of_the_folder(tmp_path, monkeypatch):
    monkeypatch.setattr("marcus_nb.parameters.files.ROOT", tmp_path)
    (tmp_path / "parameters").mkdir()
    written(tmp_path, BASE, "secret.yaml")
    written(tmp_path / "parameters", BASE, "acme.yaml")
    assert load("acme").experiment == "acme"
    with pytest.raises(ParameterError, match=r"There is no experiment '\.\./secret'"):
        load("../secret")


def test_an_unknown_experiment_is_met_with_those_there_are():
    with pytest.raises(ParameterError) as caught:
        load("quickstrat")
    message = str(caught.value)
    assert "There is no experiment 'quickstrat' (looked for " in message and "Did you mean quickstart?" in message
    assert f"Experiments here: {', '.join(parameters.experiments())}." in message


def test_a_path_is_meant_from_where_the_person_stands(tmp_path, monkeypatch):
    written(tmp_path, BASE)
    monkeypatch.setenv("MARCUS_CWD", str(tmp_path))
    assert load("acme.yaml").experiment == "acme"
    monkeypatch.setenv("MARCUS_CWD", str(tmp_path.parent))
    with pytest.raises(ParameterError, match=r"There is no experiment 'acme\.yaml'"):
        load("acme.yaml")


# ---- --set


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("train.lora_r=8", ("train.lora_r", 8)),
        ("train.learning_rate=2e-4", ("train.learning_rate", 0.0002)),
        (" train.lora_r = 8", ("train.lora_r", 8)),
        ("clean.redact=false", ("clean.redact", False)),
        ("shared.persona_name=no", ("shared.persona_name", "no")),
        ("shared.system_prompt=a=b", ("shared.system_prompt", "a=b")),
        ("shared.system_prompt=''", ("shared.system_prompt", "")),
        ("ingest.sources=[a.csv, {path: b.csv}]", ("ingest.sources", ["a.csv", {"path": "b.csv"}])),
        ("train.lora_r=", ("train.lora_r", None)),
    ],
)
def test_set_reads_values_as_yaml_does(text, expected):
    assert parse_set(text) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("train.lora_r", "--set train.lora_r: expected SECTION.PARAMETER=VALUE, such as train.num_train_epochs=1"),
        ("train.lora_r=[", "--set train.lora_r=[: the value is not readable as YAML ("),
        ("shared.persona_name=A: B: C", "not readable as YAML (mapping values are not allowed here); try quotes"),
        ("train.lora_r=\x00", "the value is not readable as YAML ("),
        ("train.lora_r=2024-13-45", "not readable as YAML (month must be in 1..12); try quotes"),
    ],
)
def test_set_says_what_it_cannot_read(text, message):
    with pytest.raises(ParameterError) as caught:
        parse_set(text)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("lora_r", "--set lora_r: no such parameter. Did you mean train.lora_r?"),
        ("clean.lora_r", "--set clean.lora_r: no such parameter. Did you mean train.lora_r?"),
        ("train.lora_rr", "--set train.lora_rr: no such parameter. Did you mean train.lora_r?"),
        ("train", "--set train: no such parameter."),
        ("", "--set : no such parameter."),
        ("ingest.sources.0", "--set ingest.sources.0: no such parameter. Did you mean ingest.sources?"),
    ],
)
def test_set_knows_the_nearest_name(tmp_path, key, message):
    with pytest.raises(ParameterError) as caught:
        load(written(tmp_path, BASE), {key: 1})
    assert str(caught.value).startswith(message)


def test_an_empty_value_is_refused_by_name(tmp_path):
    with pytest.raises(
        ParameterError, match=r"--set: shared.system_prompt: .* found nothing \(empty text is written as"
    ):
        load(written(tmp_path, BASE), dict([parse_set("shared.system_prompt=")]))


# ---- hashes


def other_value(model: type, name: str):
    field = model.model_fields[name]
    if name == "sources":
        return ["other.csv"]
    if name == "contrast_sources":
        return ["other.csv"]
    if name == "probes":
        return [{"question": "Open?", "must": ["eight"]}]
    if name == "redact_policy":
        return {"email": "drop"}
    if name == "redact_regions":
        return ["FR"]
    if field.annotation is bool:
        return not field.default
    if field.annotation is int:
        return field.default + 1
    if field.annotation is float:
        return field.default * 0.9 or 0.25
    if field.annotation is str:
        return "something else"
    if field.annotation == list[str]:
        return ["something else"]
    return next(value for value in field.annotation.__args__ if value != field.default)


@pytest.mark.parametrize(("section", "name"), EVERY)
def test_a_parameter_changes_the_hash_of_the_stages_that_use_it_and_of_no_other(tmp_path, section, name):
    before = resolved(tmp_path)
    after = override(before, {f"{section}.{name}": other_value(SECTIONS[section], name)}, "test")
    changed = {stage for stage in STAGES if before.stage_hash(stage) != after.stage_hash(stage)}
    users = {stage for stage in STAGES if name in SHARED_OF[stage]} if section == "shared" else {section}
    assert changed == users and users
    assert before.hash != after.hash


def test_hashes_are_the_same_every_time_and_know_values_only(tmp_path):
    first = load(written(tmp_path, BASE + "train: {lora_r: 16}\n"))
    second = load(written(tmp_path, "ingest: {sources: [{path: chat.csv}]}\n" + BASE.partition("ingest")[0]))
    assert (second.train.lora_r, first.origins["train.lora_r"]) == (16, "acme.yaml")
    assert first.hash == second.hash
    assert re.fullmatch("[0-9a-f]{64}", first.hash)
    assert {first.stage_hash(stage) for stage in STAGES} == {second.stage_hash(stage) for stage in STAGES}


def test_what_a_stage_depends_on_is_json(tmp_path):
    for stage in STAGES:
        values = resolved(tmp_path).stage(stage)
        assert json.loads(json.dumps(values, allow_nan=False)) == values
        assert list(values) == [name for _, name in fields_of(stage)]


def test_parameters_cannot_be_changed_behind_the_record(tmp_path):
    chosen = resolved(tmp_path)
    with pytest.raises(ValidationError, match="frozen"):
        chosen.train.lora_r = 5
    with pytest.raises(dataclasses.FrozenInstanceError):
        chosen.experiment = "other"


# ---- saving

LOOKALIKES = "no 1e5 null ~ true 0x1F 2024-01-01 12:30 # ' \" \\ {{ }} % --- ... &a *a !x | > @ ` = << .inf .nan 0o7 ?"
SPACED = ["", "- a", "a: b", "\n", "a\n\n b\n", "\t", " lead", "trail ", "\r\n", "\x00", "\x85", "\u2028", "\ufeff"]
ODD = st.sampled_from([*LOOKALIKES.split(), *SPACED, "🦦", "e\u0301", "x y " * 1500])
CONTROLLED = st.characters(exclude_categories=["Cs"])
TEXT = ODD | st.text(CONTROLLED, max_size=20) | st.tuples(ODD, ODD, ODD).map("".join)
FILLED = TEXT.filter(bool).map(lambda text: text[:80])
SOURCE = st.builds(Source, path=TEXT, sheet=TEXT, header_row=st.integers(0), columns=st.dictionaries(TEXT, TEXT))
PROBE = st.builds(
    Probe, question=FILLED, must=st.lists(TEXT, min_size=1, max_size=2), must_not=st.lists(TEXT, max_size=2)
)
FLOATS = st.floats(0, 1, exclude_min=True, exclude_max=True)
PARAMETERS = st.builds(
    Parameters,
    st.just("acme"),
    st.builds(
        Shared,
        persona_name=FILLED,
        persona_description=TEXT,
        system_prompt=TEXT,
        base_model=FILLED,
        seed=st.integers(0, 2**32 - 1),
        probes=st.lists(PROBE, max_size=2),
    ),
    st.builds(Ingest, sources=st.lists(SOURCE, min_size=1, max_size=2)),
    st.builds(Clean, redact=st.booleans(), max_similarity=FLOATS),
    st.builds(Train, learning_rate=FLOATS, weight_decay=FLOATS, fixed_prompts=st.lists(TEXT, max_size=3)),
    st.builds(Evaluate, contrast_persona_name=TEXT, contrast_sources=st.lists(SOURCE, max_size=1)),
    origins=st.just({}),
)


@settings(max_examples=60, deadline=None)
@given(PARAMETERS)
def test_what_is_saved_is_what_is_loaded(tmp_path_factory, chosen):
    path = tmp_path_factory.getbasetemp() / "parameters.yaml"
    save(chosen, path)
    again = load_saved(path, "acme", {"train.lora_r": "acme.yaml"})
    assert again == chosen
    assert again.hash == chosen.hash
    assert again.origins["train.lora_r"] == "acme.yaml"


def test_saving_is_stable_and_leaves_nothing_behind(tmp_path):
    chosen = resolved(tmp_path)
    (tmp_path / "out").mkdir()
    save(chosen, tmp_path / "out/parameters.yaml")
    first = (tmp_path / "out/parameters.yaml").read_bytes()
    save(chosen, tmp_path / "out/parameters.yaml")
    assert (tmp_path / "out/parameters.yaml").read_bytes() == first
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["parameters.yaml"]
    assert b"\r" not in first and b"!!" not in first


def test_saved_parameters_of_another_version_say_so(tmp_path):
    folder = tmp_path / "acme" / "draft"
    folder.mkdir(parents=True)
    save(resolved(tmp_path), folder / "parameters.yaml")
    text = (folder / "parameters.yaml").read_text(encoding="utf-8")
    (folder / "parameters.yaml").write_text(text.replace("lora_r:", "lora_rank:"), encoding="utf-8")
    with pytest.raises(ParameterError) as caught:
        load_saved(folder / "parameters.yaml", "acme", {})
    assert "train.lora_rank: no such parameter. Did you mean lora_r?" in str(caught.value)
    assert "The run draft of acme kept these parameters" in str(caught.value)
    assert "start a new run (a draft may be deleted: " in str(caught.value)


# ---- overriding and merging


def test_override_notes_only_what_differs(tmp_path):
    base = resolved(tmp_path, train__max_steps=3)
    after = override(base, {"train.lora_r": base.train.lora_r, "train.max_steps": 4}, "this cell")
    assert after.train.max_steps == 4
    assert after.origins == base.origins | {"train.max_steps": "this cell"}
    assert base.train.max_steps == 3 and base.origins["train.max_steps"] == "--set"


def test_override_refuses_a_bool_where_an_integer_of_that_value_stands(tmp_path):
    with pytest.raises(ParameterError, match=r"train\.max_steps: should be a valid integer, found True"):
        override(resolved(tmp_path, train__max_steps=1), {"train.max_steps": True}, "this cell")


def test_a_draft_takes_over_one_stage_and_what_it_shares(tmp_path):
    kept = resolved(tmp_path, train__lora_r=4, clean__redact=False)
    chosen = resolved(tmp_path, train__lora_r=8, clean__redact=True, shared__seed=7, shared__persona_description="New")
    merged = merge_stage(kept, chosen, "train")
    assert merged.train == chosen.train and merged.shared.seed == 7
    assert merged.clean == kept.clean and merged.shared.persona_description == ""
    assert merged.origins["train.lora_r"] == "--set"


# ---- the notebooks' parameters cell


@pytest.mark.parametrize("stage", STAGES)
def test_the_cell_is_python_that_names_every_parameter_once(stage):
    nodes = ast.parse(cell_source(stage)).body
    assert all(isinstance(node, ast.AnnAssign) and isinstance(node.annotation, ast.Name) for node in nodes)
    names = [node.target.id for node in nodes]
    assert names == ["experiment", "run", *(name for _, name in fields_of(stage))]
    namespace = {}
    exec(compile(cell_source(stage), "cell", "exec"), namespace)
    assert (namespace["experiment"], namespace["run"]) == ("quickstart", "draft")
    assert {namespace[name] for name in names[2:]} == {None}


@pytest.mark.parametrize("stage", STAGES)
def test_papermill_reads_type_and_help_of_every_parameter(tmp_path, stage):
    cell = nbformat.v4.new_code_cell(cell_source(stage), metadata={"tags": ["parameters"]})
    book = nbformat.v4.new_notebook(cells=[cell])
    book.metadata.kernelspec = {"name": "python3", "language": "python", "display_name": "Python 3"}
    nbformat.write(book, tmp_path / "book.ipynb")
    seen = papermill.inspect_notebook(str(tmp_path / "book.ipynb"))
    assert list(seen) == ["experiment", "run", *(name for _, name in fields_of(stage))]
    for section, name in fields_of(stage):
        field = SECTIONS[section].model_fields[name]
        said = seen[name]
        kind = getattr(field.annotation, "__origin__", field.annotation)
        assert said["inferred_type_name"] == (kind.__name__ if isinstance(kind, type) else "str")
        assert said["default"] == "None"
        first_words = field.description.split()[:2]
        assert said["help"].split()[:2] == first_words or said["help"].startswith(first_words[0].rstrip(".:"))
        if not field.is_required():
            assert "; default " in said["help"]
        unit = (field.json_schema_extra or {}).get("unit")
        assert not unit or f"[{unit}]" in said["help"]


def test_every_parameter_says_what_it_means():
    for model in (*SECTIONS.values(), Source, Probe):
        for name, field in model.model_fields.items():
            assert field.description and len(field.description) > 10, f"{model.__name__}.{name}"


def cell_of(stage: str, **values) -> dict:
    """What vars() holds in a notebook that runs without IPython's history."""
    names = {}
    exec(compile(cell_source(stage), "cell", "exec"), names)
    return names | values


def test_a_typed_value_wins_over_the_file(tmp_path):
    path = written(tmp_path, BASE + "train: {lora_r: 4, max_steps: 5}\n")
    chosen = from_cell("train", cell_of("train", experiment=path, lora_r=8, learning_rate=0.0001))
    assert (chosen.train.lora_r, chosen.train.max_steps, chosen.train.learning_rate) == (8, 5, 0.0001)
    assert chosen.origins["train.lora_r"] == chosen.origins["train.learning_rate"] == "this cell"
    assert chosen.origins["train.max_steps"] == "acme.yaml" and chosen.origins["train.dtype"] == "default"


def test_falsy_values_are_typed_too(tmp_path):
    path = written(tmp_path, BASE + "clean: {redact: true}\ntrain: {fixed_prompts: [a]}\n")
    assert from_cell("clean", cell_of("clean", experiment=path, redact=False)).clean.redact is False
    chosen = from_cell("train", cell_of("train", experiment=path, system_prompt="", fixed_prompts=[], max_steps=0))
    assert (chosen.shared.system_prompt, chosen.train.fixed_prompts) == ("", [])
    assert chosen.origins["shared.system_prompt"] == "this cell"


def test_with_a_base_the_run_stands_in_for_the_file(tmp_path):
    base = resolved(tmp_path, train__lora_r=4)
    same = from_cell("train", cell_of("train", experiment="not even there", **base.stage("train")), base)
    assert same == base and same.origins == base.origins
    other = from_cell("train", cell_of("train", experiment="not even there", lora_r=8), base)
    assert other.train.lora_r == 8 and other.origins["train.lora_r"] == "this cell"


def test_a_wrong_value_in_the_cell_is_blamed_on_the_cell(tmp_path):
    path = written(tmp_path, BASE + "train: {lora_r: 4}\n")
    with pytest.raises(ParameterError, match=r"^this cell: train.lora_r: should be a valid integer, found 'many'"):
        from_cell("train", cell_of("train", experiment=path, lora_r="many"))


def test_a_typo_that_papermill_injects_is_met_with_its_neighbour(tmp_path):
    path = written(tmp_path, BASE)
    with pytest.raises(ParameterError) as caught:
        from_cell("train", cell_of("train", experiment=path, lerning_rate=0.1, lora_rank=4))
    lines = str(caught.value).splitlines()
    assert lines[0] == "lerning_rate: no such parameter of train. Did you mean learning_rate?"
    assert lines[1].startswith("lora_rank: no such parameter of train. Did you mean lora_")
    assert lines[2].startswith("Known here: experiment, run, persona_name, ")
    with pytest.raises(ParameterError, match="redact: no such parameter of train"):
        from_cell("train", cell_of("train", experiment=path, redact=True))


def history(*cells: str) -> list[str]:
    return ["", *cells, "from marcus_nb import runs\nstage = runs.open_stage('train', vars())"]


def test_names_of_later_cells_do_not_disturb_a_person_who_runs_the_cell_again(tmp_path):
    path = written(tmp_path, BASE)
    cell, later = cell_source("train"), ["headline = ['a']\n%time\n", "counts = {}\nlora = 3"]
    names = cell_of("train", experiment=path, headline=["a"], counts={}, lora=3)
    assert from_cell("train", names | {"In": history(cell, *later)}).train == Train()
    # an old typo that the person has corrected does not haunt the notebook either
    typo = cell + "\nlerning_rate = 1"
    assert from_cell("train", names | {"lerning_rate": 1, "In": history(typo, *later, cell)}).train == Train()


@pytest.mark.parametrize(
    "cells",
    [
        [cell_source("train"), "# Parameters\nlerning_rate = 0.1\n"],
        [cell_source("train"), '# Parameters\nexperiment = "acme"\nrun = "x"\nlerning_rate = 0.1\n'],
        [cell_source("train") + "\nlerning_rate = 0.1"],
    ],
)
def test_with_a_history_too_a_typo_is_found(tmp_path, cells):
    names = cell_of("train", experiment=written(tmp_path, BASE), lerning_rate=0.1, counts={}, In=history(*cells))
    with pytest.raises(
        ParameterError, match=r"^lerning_rate: no such parameter of train. Did you mean learning_rate\?"
    ):
        from_cell("train", names)


def test_in_a_real_notebook_session(tmp_path):
    """IPython's own history, as in a kernel: a typo is found and corrected, and a cell is run again at the end."""
    cell, path = cell_source("train"), written(tmp_path, BASE)
    resolve = "from marcus_nb.parameters import from_cell\nlast = from_cell('train', vars())"
    cells = [
        *(cell, f"# Parameters\nexperiment = {path!r}\nlerning_rate = 0.1\n", resolve),
        *(cell, f"# Parameters\nexperiment = {path!r}\nlora_r = 4\n", resolve),
        *("%precision 3", "headline = ['a']\ncounts = {}\nlora = 3", resolve),
    ]
    script = (
        "from IPython.core.interactiveshell import InteractiveShell\n"
        "shell = InteractiveShell()\n"
        "shell.showtraceback = lambda *a, **k: None\n"
        f"results = [shell.run_cell(cell, store_history=True) for cell in {cells!r}]\n"
        "print([str(r.error_in_exec).splitlines()[0] for r in results if 'from_cell' in r.info.raw_cell])\n"
        "print(shell.user_ns['last'].train.lora_r)\n"
    )
    environment = os.environ | {"IPYTHONDIR": str(tmp_path / "ipython"), "PYTHONUTF8": "1"}
    answer = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        encoding="utf-8",
        timeout=100,
        check=False,
    )
    wrong = "lerning_rate: no such parameter of train. Did you mean learning_rate?"
    assert answer.stdout.splitlines()[-2:] == [str([wrong, "None", "None"]), "4"], answer.stdout + answer.stderr


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            {"experiment": 5, "run": "draft"},
            'experiment: expected a name in quotes, such as experiment = "draft", found',
        ),
        ({"experiment": "smoke", "run": None}, "run: expected a name in quotes, such as run = .*, found None"),
        ({}, "experiment: expected a name in quotes, .*, found nothing: run the parameters cell first"),
    ],
)
def test_experiment_and_run_are_names(values, message):
    with pytest.raises(ParameterError, match=message):
        parameters.experiment_and_run(values)


def test_the_reference_has_every_parameter_in_a_proper_row():
    rows = reference_table().splitlines()
    assert rows[:2] == ["| parameter | type | default | meaning |", "|---|---|---|---|"]
    assert [re.match(r"\| `([a-z_.]+)` \|", row)[1] for row in rows[2:]] == [f"{s}.{n}" for s, n in EVERY]
    for row, (section, name) in zip(rows[2:], EVERY, strict=True):
        assert len(re.findall(r"(?<!\\)\|", row)) == 5, row
        assert ("**required**" in row) == SECTIONS[section].model_fields[name].is_required()


def test_the_root_is_the_projects():
    assert (ROOT / "pyproject.toml").is_file()
