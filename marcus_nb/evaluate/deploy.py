"""What one deploys, and the proof that it behaves outside as it did inside."""

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from marcus_nb import generate, models
from marcus_nb.conversation import Conversation
from marcus_nb.evaluate.measure import Judged, Log, askable, trained_base
from marcus_nb.models.export import CHATML_FOR_OLLAMA, TRAINED, is_chatml
from marcus_nb.render import prompt_ids, shared_template
from marcus_nb.runs import Stage

NEAR_TIE = 0.05  # logits; two tokens closer than this may swap places with the batch they are computed in

# Nothing of ours is imported: this is what a stranger who was given the folder would write.
OUTSIDE = """
import json, sys
from transformers import AutoModelForCausalLM, AutoTokenizer
folder, request, answer = sys.argv[1:]
tokenizer = AutoTokenizer.from_pretrained(folder)
model = AutoModelForCausalLM.from_pretrained(folder)
asked = json.load(open(request, encoding="utf-8"))
found = {"whole": [], "prompts": [], "replies": [], "ours": [m for m in sys.modules if m.startswith("marcus_nb")]}
for chat in asked["whole"]:
    found["whole"].append(tokenizer.apply_chat_template(chat, return_dict=False))
for chat in asked["prompts"]:
    ids = tokenizer.apply_chat_template(chat, add_generation_prompt=True, return_dict=True, return_tensors="pt")
    found["prompts"].append(ids["input_ids"][0].tolist())
    reply = model.generate(**ids, max_new_tokens=asked["max_new_tokens"])
    found["replies"].append(reply[0, ids["input_ids"].shape[1]:].tolist())
json.dump(found, open(answer, "w", encoding="utf-8"))
"""


class DeployError(RuntimeError):
    """The exported model does not behave as the evaluated one; the message says where they part."""


def publish(stage: Stage, log: Log) -> Path:
    """Merge base and what was trained in float32 and write the run's `model/` folder: all of it, or none.

    Raises EvaluateError when the base model is not the one the adapter was trained on.
    """
    base = trained_base(stage)
    if stage.parameters.train.method == "full":
        trained = stage.written_by("train", f"model/{TRAINED}").parent
    else:
        trained = stage.written_by("train", "adapter/adapter_model.safetensors").parent
        stage.written_by("train", "adapter/adapter_config.json")
    shared = stage.parameters.shared
    folder = stage.run.folder / "model"
    temporary = folder.with_name("model.tmp")
    shutil.rmtree(temporary, ignore_errors=True)
    log("merging what was trained into the base model, in float32")
    models.export(models.merge(base, trained), models.load_tokenizer(base), shared.system_prompt, temporary)
    shutil.rmtree(folder, ignore_errors=True)
    temporary.rename(folder)
    return folder


def check_outside(
    test: Sequence[Conversation], judged: Judged, folder: Path, max_new_tokens: int, log: Log, golden: int = 8
) -> pd.DataFrame:
    """Load the folder in a fresh process without our code and compare it with the evaluated model.

    No system message is given there: the exported chat template must bring it. Columns: question, same_tokens,
    same_reply, note. Raises DeployError when token ids differ, or replies part elsewhere than at a near-tie.
    """
    items = [item for item in test if askable(judged, item)][:golden]
    log(f"a fresh process loads model/ and answers {len(items)} questions")
    questions = [[{"role": "user", "content": item.first_exchange[0]}] for item in items]
    found = _ask_outside(folder, [item.as_chat() for item in items], questions, max_new_tokens)
    if found["ours"]:
        raise DeployError(f"the outside check imported our own code: {found['ours']}")
    inside = [judged.chat(("user", item.first_exchange[0])) for item in items]
    replies = generate.reply_ids(judged.tuned, judged.tokenizer, inside, max_new_tokens)
    rows = []
    for position, item in enumerate(items):
        whole = judged.tokenizer.encode(
            judged.tokenizer.apply_chat_template(
                item.as_chat(judged.system_prompt), chat_template=shared_template(judged.tokenizer), tokenize=False
            ),
            add_special_tokens=False,
        )
        prompt = prompt_ids(judged.tokenizer, inside[position])
        if found["whole"][position] != whole or found["prompts"][position] != prompt:
            # Before the replies: other tokens would make other replies, and the cause is here.
            raise DeployError(f"model/ turns {item.first_exchange[0]!r} into other tokens than the evaluation did")
        note = _compare(judged, prompt, replies[position], found["replies"][position])
        rows.append((item.first_exchange[0], True, replies[position] == found["replies"][position], note))
    return pd.DataFrame(rows, columns=["question", "same_tokens", "same_reply", "note"])


def _ask_outside(folder: Path, whole: list, prompts: list, max_new_tokens: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as work:
        request, answer = Path(work, "request.json"), Path(work, "answer.json")
        asked = {"whole": whole, "prompts": prompts, "max_new_tokens": max_new_tokens}
        request.write_text(json.dumps(asked), encoding="utf-8")
        done = subprocess.run(
            [sys.executable, "-c", OUTSIDE, str(folder), str(request), str(answer)],
            cwd=work,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            stdin=subprocess.DEVNULL,
            check=False,
        )
        if done.returncode != 0:
            raise DeployError(f"model/ could not be used by plain transformers:\n{done.stderr.strip()[-1500:]}")
        return json.loads(answer.read_text(encoding="utf-8"))


def _compare(judged: Judged, prompt: list[int], inside: list[int], outside: list[int]) -> str:
    """An empty note for equal replies; where they part at a near-tie, the tie; otherwise DeployError."""
    if inside == outside:
        return ""
    place = next(
        (i for i, (a, b) in enumerate(zip(inside, outside, strict=False)) if a != b), min(len(inside), len(outside))
    )
    if place >= min(len(inside), len(outside)):
        raise DeployError("the same reply ends at different places inside and outside: the stop tokens differ")
    with torch.inference_mode():
        ids = torch.tensor([prompt + inside[:place]], device=judged.tuned.device)
        logits = judged.tuned(input_ids=ids).logits[0, -1]
    gap = float((logits[inside[place]] - logits[outside[place]]).abs())
    if gap > NEAR_TIE:
        raise DeployError(f"replies part at token {place + 1}, where the two choices are {gap:.3f} logits apart")
    return f"near-tie at token {place + 1}: {gap:.4f} logits"


def modelfile(folder: Path, system_prompt: str) -> str:
    """An Ollama Modelfile for the folder, as Ollama's documentation of the format describes it."""
    tokenizer_template = (folder / "chat_template.jinja").read_text(encoding="utf-8")
    lines = ["FROM .", "PARAMETER temperature 0"]
    if is_chatml(tokenizer_template):
        lines += [f'TEMPLATE """{CHATML_FOR_OLLAMA}"""', "PARAMETER stop <|im_end|>"]
    else:
        lines.append("# No TEMPLATE: this chat template has no known Ollama form; check what Ollama makes of it.")
    if system_prompt:
        quoted = system_prompt.replace('"""', "'''")
        lines.append(f'SYSTEM """{quoted}"""')
    return "\n".join(lines) + "\n"
