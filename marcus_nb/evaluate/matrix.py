"""Every model on every persona's unseen replies, and asked the same questions: what `apart` judges."""

import gc
import random
from collections.abc import Sequence
from typing import Any

import pandas as pd

from marcus_nb import generate, models, text
from marcus_nb.conversation import Conversation
from marcus_nb.evaluate.across import Compared
from marcus_nb.evaluate.asking import EvaluateError, Log, begins_with_an_answer
from marcus_nb.render import IGNORED, Chat, RenderError, prompt_ids, render

YOURS = "your questions"
LOSSES = ["model", "persona", "conversation", "tokens", "bytes", "base", "tuned"]
REPLIES = ["question", "asked_by", "model", "speaks_as", "reply", "ended"]


def personas(compared: Sequence[Compared]) -> dict[str, Compared]:
    """Each persona and the run whose held-out conversations stand for it: the first that names it."""
    found: dict[str, Compared] = {}
    for item in compared:
        found.setdefault(item.persona, item)
    return found


def why_no_matrix(compared: Sequence[Compared]) -> str:
    """One sentence where there are not two personas to tell apart; else empty."""
    found = personas(compared)
    if len(found) > 1:
        return ""
    return (
        f"All of these runs are {next(iter(found))}, so there is no other persona to tell them from: the matrix is "
        "left out, and the figures above say which run is the better one."
    )


def held_out(compared: Sequence[Compared], most: int, seed: int) -> tuple[dict[str, list[Conversation]], str]:
    """Each persona's test conversations that none of the models learned from, at most so many; and a sentence on it.

    Another run of the same persona may have split it differently: what is a test here was training there.
    """
    learned = {
        _said(item) for run in compared for split in ("train", "validation") for item in run.conversations(split)
    }
    found, told = {}, []
    for persona, run in personas(compared).items():
        test = [item for item in run.conversations("test") if begins_with_an_answer(item)]
        unseen = [item for item in test if _said(item) not in learned]
        chosen = random.Random(seed).sample(unseen, min(most, len(unseen)))
        found[persona] = sorted(chosen, key=lambda item: item.id)
        left_out = f"; {len(test) - len(unseen)} left out, which another run learned from" * (len(test) > len(unseen))
        told.append(f"{len(chosen)} of {len(test)} of {persona}{left_out}")
    return found, f"Test conversations that no model learned from: {', '.join(told)}."


def _said(item: Conversation) -> tuple[str, ...]:
    return tuple(text.comparable(message.content) for message in item.messages)


def prompts(
    compared: Sequence[Compared], unseen: dict[str, list[Conversation]], questions: Sequence[str], each: int, seed: int
) -> pd.DataFrame:
    """What all models are asked: the person's own questions, then the first questions of unseen conversations.

    Columns: question, asked_by ("your questions" or the persona's name). At most `each` of a persona, none twice.
    """
    rows = [(question, YOURS) for question in questions]
    for persona in personas(compared):
        asked = list(dict.fromkeys(item.first_exchange[0] for item in unseen[persona]))
        rows += [(question, persona) for question in random.Random(seed).sample(asked, min(each, len(asked)))]
    return pd.DataFrame(rows, columns=["question", "asked_by"]).drop_duplicates("question").reset_index(drop=True)


def ask(
    compared: Sequence[Compared],
    unseen: dict[str, list[Conversation]],
    asked: pd.DataFrame,
    max_new_tokens: int,
    log: Log,
) -> tuple[pd.DataFrame, pd.DataFrame, list[str]]:
    """Losses and replies of every model, loaded one after the other, so that memory holds one at a time.

    Losses: model, persona, conversation, tokens, bytes (of the persona's turns), base and tuned (nats, summed).
    Replies, greedy, each model under its own system prompt: question, asked_by, model, speaks_as (persona), reply,
    ended; the base models under every persona's prompt. Third, what could not be asked, and why.
    """
    losses, replies, unasked = [], [], []
    by_base: dict[str, list[Compared]] = {}
    for item in compared:
        by_base.setdefault(item.base["sha256"], []).append(item)
    for items in by_base.values():
        base = _same_base(items)
        tokenizer = models.load_tokenizer(base)
        scored = _scorable(unseen, compared, tokenizer, base.name, unasked)
        # A base model says the same whoever's run it is: it is asked once for each prompt.
        speakers = {item.system_prompt: item for item in items}
        plain = models.load_base(base).to(models.device())
        floor = _scores(plain, scored, f"base model {base.name}", log)
        called = "base model" if len(by_base) == 1 else f"base model {base.name}"
        for prompt, item in speakers.items():
            replies += _answers(plain, tokenizer, asked, prompt, (called, item.persona), max_new_tokens, log)
        del plain
        gc.collect()  # before the next one is loaded: a model is a cycle that would wait
        for item in items:
            tuned, _ = models.load_exported(item.run.folder / "model")
            tuned = tuned.to(models.device())
            found = _scores(tuned, scored, item.label, log)
            losses += [
                (item.label, persona, name, tokens, size, floor[place][0], found[place][0])
                for place, (persona, name, tokens, size, _) in enumerate(scored)
            ]
            own = (item.label, item.persona)
            replies += _answers(tuned, tokenizer, asked, item.system_prompt, own, max_new_tokens, log)
            del tuned
            gc.collect()
    return pd.DataFrame(losses, columns=LOSSES), pd.DataFrame(replies, columns=REPLIES), unasked


def _same_base(items: Sequence[Compared]) -> models.Base:
    wanted = items[0].base
    base = models.find_base(items[0].run.parameters.shared.base_model)
    if base.sha256 != wanted["sha256"]:
        raise EvaluateError(
            f"{items[0].label} was trained on {wanted['name']} (sha256 {wanted['sha256'][:12]}), and what has that "
            f"name here is another file (sha256 {base.sha256[:12]}): bring that base model back, or compare other runs"
        )
    return base


Scorable = list[tuple[str, str, int, int, list[tuple[list[int], list[int]]]]]


def _scorable(
    unseen: dict[str, list[Conversation]],
    compared: Sequence[Compared],
    tokenizer: Any,
    base: str,
    unasked: list[str],
) -> Scorable:
    """(persona, conversation, tokens, bytes, samples) of what this tokenizer can render."""
    found: Scorable = []
    prompts_of = {persona: run.system_prompt for persona, run in personas(compared).items()}
    longest = min(item.run.parameters.shared.max_length for item in compared)
    for persona, items in unseen.items():
        for item in items:
            try:
                rendered = render(tokenizer, item.as_chat(prompts_of[persona]))
            except RenderError as error:
                unasked.append(f"{item.id} for {base}: {error}")
                continue
            if max(len(one.input_ids) for one in rendered) > longest:
                unasked.append(f"{item.id} for {base}: longer than the {longest} tokens that all models learned with")
                continue
            tokens = sum(label != IGNORED for one in rendered for label in one.labels)
            size = sum(len(reply.encode("utf-8")) for reply in item.replies)
            found.append((persona, item.id, tokens, size, [(one.input_ids, one.labels) for one in rendered]))
    return found


def _scores(model: Any, scored: Scorable, who: str, log: Log) -> list[tuple[float, int]]:
    log(f"{who}: loss on {len(scored)} unseen conversations of all personas")
    flat = [sample for *_, samples in scored for sample in samples]
    results = iter(models.negative_log_likelihood(model, flat))
    sums = []
    for *_, samples in scored:
        own = [next(results) for _ in samples]
        sums.append((sum(loss for loss, _ in own), sum(count for _, count in own)))
    return sums


def _answers(
    model: Any,
    tokenizer: Any,
    asked: pd.DataFrame,
    system_prompt: str,
    who: tuple[str, str],
    max_new_tokens: int,
    log: Log,
) -> list[tuple]:
    log(f"{who[0]} as {who[1]}: {len(asked)} questions")
    chats: list[Chat] = [
        [{"role": "system", "content": system_prompt}, {"role": "user", "content": question}]
        for question in asked["question"]
    ]
    able = []
    for place, chat in enumerate(chats):
        try:
            prompt_ids(tokenizer, chat)
            able.append(place)
        except RenderError:  # a question that forges the edge of a turn gets no reply, which the table shows
            continue
    found = generate.answers(model, tokenizer, [chats[place] for place in able], max_new_tokens, log=log)
    return [
        (*asked.iloc[place][["question", "asked_by"]], *who, reply.text, reply.ended)
        for place, reply in zip(able, found, strict=True)
    ]


def real_replies(compared: Sequence[Compared]) -> dict[str, list[str]]:
    """Each persona's replies in the training conversations of its run."""
    return {
        persona: [reply for item in run.conversations("train") for reply in item.replies]
        for persona, run in personas(compared).items()
    }
