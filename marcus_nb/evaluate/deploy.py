"""What one deploys, and the proof that it behaves outside as it did inside."""

import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from marcus_nb import generate, models
from marcus_nb.conversation import Conversation
from marcus_nb.evaluate.asking import Judged, Log, askable, trained_base
from marcus_nb.models.export import TRAINED
from marcus_nb.renaming import replace
from marcus_nb.render import Chat, prompt_ids, shared_template
from marcus_nb.runs import Stage

GOLDEN = 10
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


@dataclass(frozen=True)
class Golden:
    """A held-out conversation as the evaluation had it: `tokens` of the whole, `prompt` of its first question, and
    `reply`, the judged model's likeliest one, as token ids; `chat` has no system message."""

    question: str
    chat: Chat
    tokens: list[int]
    prompt: list[int]
    reply: list[int]


def publish(stage: Stage, log: Log) -> Path:
    """Merge base and what was trained in float32 and write the run's `model/` folder: all of it, or none.

    The adapter alone lies in its `adapter/` (there is none where every weight was trained). Raises EvaluateError when
    the base model is not the one the adapter was trained on.
    """
    base = trained_base(stage)
    trained = _trained(stage)
    folder = stage.run.folder / "model"
    temporary = folder.with_name("model.tmp")
    shutil.rmtree(temporary, ignore_errors=True)
    log("merging what was trained into the base model, in float32")
    system_prompt = stage.parameters.shared.system_prompt
    models.export(models.merge(base, trained), models.load_tokenizer(base), system_prompt, temporary)
    if not _every_weight(stage):
        models.export_adapter(trained, temporary / "adapter")
    shutil.rmtree(folder, ignore_errors=True)
    replace(temporary, folder)
    return folder


def golden(test: Sequence[Conversation], judged: Judged, max_new_tokens: int, count: int = GOLDEN) -> list[Golden]:
    """The first held-out conversations that can be asked, with what the evaluation makes of them."""
    items = [item for item in test if askable(judged, item)][:count]
    questions = [item.first_exchange[0] for item in items]
    asked = [judged.chat(("user", question)) for question in questions]
    replies = generate.reply_ids(judged.tuned, judged.tokenizer, asked, max_new_tokens)
    return [
        Golden(question, item.as_chat(), _tokens(judged, item), prompt_ids(judged.tokenizer, chat), reply)
        for item, question, chat, reply in zip(items, questions, asked, replies, strict=True)
    ]


def check_merge(stage: Stage, conversations: Sequence[Golden], judged: Judged, log: Log) -> float | None:
    """The largest difference of any logit between the base model with its adapter put on and the deployed model, over
    all tokens of these conversations. None where every weight was trained, so that nothing was merged.

    Raises DeployError where it is so large that a reply could change by more than a near-tie.
    """
    if _every_weight(stage):
        return None
    log(f"the adapter unmerged against the merged model, on {len(conversations)} conversations")
    largest = 0.0
    with models.with_adapter(judged.base, _trained(stage)) as adapted, torch.inference_mode():
        for item in conversations:
            ids = torch.tensor([item.tokens], device=adapted.device)
            apart = (adapted(input_ids=ids).logits - judged.tuned(input_ids=ids).logits).abs().max()
            largest = max(largest, float(apart))
    if not largest <= NEAR_TIE:
        raise DeployError(
            f"Merging changed the model: its logits are up to {largest:.3f} away from those of base and adapter, and "
            f"{NEAR_TIE} are allowed"
        )
    return largest


def check_outside(
    conversations: Sequence[Golden], judged: Judged, folder: Path, max_new_tokens: int, log: Log
) -> pd.DataFrame:
    """Load the folder in a fresh process without our code and compare it with the evaluated model.

    No system message is given there: the exported chat template must bring it. Columns: question, same_tokens,
    same_reply, note. Raises DeployError when token ids differ, or replies part elsewhere than at a near-tie.
    """
    log(f"a fresh process loads model/ and answers {len(conversations)} questions")
    questions = [[{"role": "user", "content": item.question}] for item in conversations]
    found = _ask_outside(folder, [item.chat for item in conversations], questions, max_new_tokens)
    if found["ours"]:
        raise DeployError(f"the outside check imported our own code: {found['ours']}")
    rows = []
    for place, item in enumerate(conversations):
        if found["whole"][place] != item.tokens or found["prompts"][place] != item.prompt:
            # Before the replies: other tokens would make other replies, and the cause is here.
            raise DeployError(f"model/ turns {item.question!r} into other tokens than the evaluation did")
        reply = found["replies"][place]
        note = compare(judged, item.prompt, item.reply, reply)
        rows.append((item.question, True, reply == item.reply, note))
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


def compare(judged: Judged, prompt: list[int], inside: list[int], outside: list[int]) -> str:
    """An empty note for equal replies; where they part at a near-tie, the tie; otherwise DeployError."""
    if inside == outside:
        return ""
    shorter = min(len(inside), len(outside))
    place = next((i for i, (a, b) in enumerate(zip(inside, outside, strict=False)) if a != b), shorter)
    if place >= shorter:
        raise DeployError("the same reply ends at different places inside and outside: the stop tokens differ")
    with torch.inference_mode():
        ids = torch.tensor([prompt + inside[:place]], device=judged.tuned.device)
        logits = judged.tuned(input_ids=ids).logits[0, -1]
    gap = float((logits[inside[place]] - logits[outside[place]]).abs())
    if gap > NEAR_TIE:
        raise DeployError(f"replies part at token {place + 1}, where the two choices are {gap:.3f} logits apart")
    return f"near-tie at token {place + 1}: {gap:.4f} logits"


def _every_weight(stage: Stage) -> bool:
    return stage.parameters.train.method == "full"


def _trained(stage: Stage) -> Path:
    """The folder of what 03_train wrote, checked."""
    if _every_weight(stage):
        return stage.written_by("train", f"model/{TRAINED}").parent
    stage.written_by("train", "adapter/adapter_config.json")
    return stage.written_by("train", "adapter/adapter_model.safetensors").parent


def _tokens(judged: Judged, item: Conversation) -> list[int]:
    """The whole conversation, rendered by the base model's own template with the persona's system message."""
    tokenizer = judged.tokenizer
    text = tokenizer.apply_chat_template(
        item.as_chat(judged.system_prompt), chat_template=shared_template(tokenizer), tokenize=False
    )
    return tokenizer.encode(text, add_special_tokens=False)
