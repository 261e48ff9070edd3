"""Choices saved into an experiment's YAML: the chosen lines and no other, or nothing at all."""

import pytest

from marcus_nb.parameters import ROOT, ParameterError, find, load
from marcus_nb.parameters.saving import edit

PLAIN = """# A persona of ours.
shared:
    persona_name: "Ada"   # as she signs
    system_prompt: You are Ada.
    base_model: tiny
    # probes follow
    probes:
        - question: Which day?
          must: [Tuesday]    # and no other

ingest:
    sources: [a.csv]
# how it learns
train:
    learning_rate: 2e-4  # careful
    fixed_prompts:
        - Who are you?
        # the second
        - Hello

    lora_r: 8
# end
"""


def saved(tmp_path, text: str, choices: dict) -> str:
    path = tmp_path / "acme.yaml"
    path.write_bytes(text.encode())
    made = edit(str(path), choices)
    assert path.read_bytes() == text.encode(), "looking changes nothing"
    made.save()
    assert load(str(path)).as_dict() == load(str(path), choices).as_dict()
    return path.read_bytes().decode()


@pytest.mark.parametrize(
    ("choices", "old", "new"),
    [
        ({"train.lora_r": 16}, "    lora_r: 8\n", "    lora_r: 16\n"),
        ({"train.learning_rate": 0.001}, "learning_rate: 2e-4  # careful", "learning_rate: 0.001  # careful"),
        ({"shared.persona_name": "Eve: the 2nd"}, '"Ada"   # as', '"Eve: the 2nd"   # as'),
        ({"train.max_steps": 3}, "    lora_r: 8\n", "    lora_r: 8\n    max_steps: 3\n"),
        ({"ingest.sources": [{"path": "a.csv"}, {"path": "b.csv", "sheet": "S"}]}, "    sources: [a.csv]\n",
         "    sources:\n      - a.csv\n      - path: b.csv\n        sheet: S\n"),
        ({"ingest.leading_persona_turns": "keep"}, "sources: [a.csv]\n",
         "sources: [a.csv]\n    leading_persona_turns: keep\n"),
        ({"clean.redact": False}, "# end\n", "# end\nclean:\n  redact: false\n"),
        ({"train.fixed_prompts": ["Hi"]},
         "    fixed_prompts:\n        - Who are you?\n        # the second\n        - Hello\n",
         "    fixed_prompts:\n        - Hi\n"),
        ({"train.fixed_prompts": ["Who are you?", "Hello", "2"]},
         "        - Hello\n", "        - Hello\n        - '2'\n"),
        ({"train.fixed_prompts": ["Hi", "Hello"]}, "        - Who are you?\n", "        - Hi\n"),
        ({"train.fixed_prompts": ["Hi", "Who are you?", "Hello"]}, "        - Who", "        - Hi\n        - Who"),
        ({"train.fixed_prompts": ["Who are you?"]}, "        - Hello\n", ""),
        ({"train.fixed_prompts": ["Hello"]}, "        - Who are you?\n", ""),
        ({"train.fixed_prompts": []},
         "    fixed_prompts:\n        - Who are you?\n        # the second\n        - Hello\n",
         "    fixed_prompts: []\n"),
        ({"shared.probes": [{"question": "Which day?", "must": ["Tuesday"]},
                            {"question": "Who?", "must": ["Ada", "a, b"]}]},
         "    # and no other\n", "    # and no other\n        - question: Who?\n          must: [Ada, 'a, b']\n"),
    ],
)  # fmt: skip
def test_only_what_was_chosen_changes(tmp_path, choices, old, new):
    assert PLAIN.count(old) == 1
    assert saved(tmp_path, PLAIN, choices) == PLAIN.replace(old, new)


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_line_ends_and_the_byte_order_mark_stay(tmp_path, ends, mark):
    text = mark + PLAIN.replace("\n", ends)
    assert saved(tmp_path, text, {"train.lora_r": 16}) == text.replace("lora_r: 8", "lora_r: 16")


@pytest.mark.parametrize("text", ["{train}", "train:\n", "train: {lora_r: 8}\n", "train: {}\n", "train:\n  lora_r: 8"])
def test_every_way_to_write_a_section(tmp_path, text):
    text = PLAIN.partition("# how")[0] + text.replace("{train}", "")
    after = saved(tmp_path, text, {"train.max_steps": 3, "train.lora_r": 4, "clean.languages": ["es", "en"]})
    assert after.startswith(PLAIN.partition("# how")[0].rstrip())


@pytest.mark.parametrize(
    ("section", "choice", "comment"),
    [
        ("train: {lora_r: 8, # small\n  max_steps: 3}", {"train.max_steps": 4}, "# small"),
        ("train:\n  target_modules: [q_proj, #a\n    v_proj]", {"train.target_modules": ["q_proj"]}, "#a"),
    ],
)
def test_a_comment_within_brackets_is_never_lost(tmp_path, section, choice, comment):
    path = tmp_path / "acme.yaml"
    path.write_text(PLAIN.partition("# how")[0] + section, encoding="utf-8")
    with pytest.raises(ParameterError, match=rf"line 1[34]: '{comment}' stands within the brackets of train.*above"):
        edit(str(path), choice)
    noted = path.read_text(encoding="utf-8").replace(comment, "")
    assert saved(tmp_path, noted.replace("q_proj", "'q # proj'"), choice)


def test_several_choices_at_once_and_texts_of_every_kind(tmp_path):
    words = "línea uno\nlínea dos: «ñ» # no comment\t'\"\\ {x} [y] & * ! | > % @ `"
    saved(tmp_path, PLAIN, {"shared.persona_description": words, "train.fixed_prompts": [words, "", "yes", "2e-4"]})
    saved(tmp_path, PLAIN, {"shared.probes": [{"question": words, "must": ["14", "no"], "must_not": [words]}]})


@pytest.mark.parametrize("name", ["smoke", "quickstart", "florian"])
def test_the_experiments_that_ship_can_be_saved_into(tmp_path, monkeypatch, name):
    for path in (ROOT / "parameters").glob("*.yaml"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    path = tmp_path / f"{name}.yaml"
    before = path.read_text(encoding="utf-8").splitlines()
    choices = {"train.lora_r": 4, "shared.seed": 7, "clean.redact_allow": ["@acme.com"], "evaluate.confidence": 0.9}
    made = edit(str(path), choices)
    made.save()
    after = path.read_text(encoding="utf-8").splitlines()
    assert load(str(path)).as_dict() == load(str(path), choices).as_dict()
    assert [line for line in before if line not in after and "lora_r" not in line and "seed" not in line] == []
    assert made.difference.count("\n+") <= 9


def test_a_file_that_was_changed_meanwhile_is_not_written_over(tmp_path):
    path = tmp_path / "acme.yaml"
    path.write_text(PLAIN, encoding="utf-8")
    made = edit(str(path), {"train.lora_r": 16})
    assert "-    lora_r: 8\n+    lora_r: 16" in made.difference
    path.write_text(PLAIN + "# mine\n", encoding="utf-8")
    with pytest.raises(ParameterError, match=r"acme\.yaml was changed meanwhile, so nothing was saved"):
        made.save()
    assert path.read_text(encoding="utf-8").endswith("# mine\n") and list(tmp_path.iterdir()) == [path]


def test_what_cannot_be_written_right_is_not_written(tmp_path):
    path = tmp_path / "acme.yaml"
    text = PLAIN.replace("lora_r: 8", "lora_r: &r 8\n    lora_alpha: *r")
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ParameterError, match=r"acme\.yaml: the choices cannot be written"):
        edit(str(path), {"train.lora_r": 16})
    with pytest.raises(ParameterError, match=r"train\.lora_r"):
        edit(str(path), {"train.lora_r": "many"})
    assert find(str(path)).read_text(encoding="utf-8") == text


def test_nothing_chosen_changes_nothing(tmp_path):
    path = tmp_path / "acme.yaml"
    path.write_text(PLAIN, encoding="utf-8")
    assert edit(str(path), {}).difference == ""
