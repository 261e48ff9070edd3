"""The real thing: transformers' own server on `model/`, asked by the official openai client."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from marcus_nb import models
from marcus_nb.evaluate.asking import Judged, Log
from marcus_nb.evaluate.deploy import DeployError, Golden, compare
from marcus_nb.models.serving import Server, ServingError, last_lines, serving, why_no_server

COLUMNS = ["question", "same_reply", "same_stream", "note"]


@dataclass(frozen=True)
class Served:
    """A reply as a client gets it: as a whole, as a stream put together, its number of tokens, and whether it ended."""

    text: str
    stream: str
    tokens: int
    ended: bool  # as far as the server says: one that ends with the last token that it may have counts as cut


def check_served(
    conversations: Sequence[Golden], judged: Judged, folder: Path, max_new_tokens: int, server_log: Path, log: Log
) -> tuple[pd.DataFrame, str]:
    """Serve the folder and ask it these questions, each as a whole and as a stream.

    The first: columns question, same_reply, same_stream, note. The second: why nothing could be asked, with what
    helps, where the packages for serving are missing; else "". Raises DeployError when the server does not start or
    answer, or its replies part from the evaluated model's elsewhere than at a near-tie; its log is `server_log`.
    """
    if problem := why_no_server():
        return pd.DataFrame(columns=COLUMNS), f"{problem}."
    log("transformers' own server starts on model/")
    try:
        with serving(folder, server_log, str(models.device())) as server:
            log(f"the openai client asks it {len(conversations)} questions, each as a whole and as a stream")
            said = [_ask(server, item.question, max_new_tokens) for item in conversations]
    except ServingError as error:
        raise DeployError(str(error)) from error
    rows = []
    for item, reply in zip(conversations, said, strict=True):
        note = compare(judged, item.prompt, item.reply, served_ids(judged.tokenizer, item.reply, reply))
        rows.append((item.question, not note, reply.stream == reply.text, note))
    found = pd.DataFrame(rows, columns=COLUMNS)
    if not found["same_stream"].all():
        question = found.loc[~found["same_stream"], "question"].iloc[0]
        raise DeployError(f"the server streams another reply to {question!r} than it gives as a whole")
    return found, ""


def served_ids(tokenizer: Any, inside: list[int], reply: Served) -> list[int]:
    """The token ids of a served reply, of which only the text is known: those of `inside`, the reply that it should
    be, as far as they make this text, and what follows tokenised anew."""

    def text(ids: list[int]) -> str:
        return tokenizer.decode(ids, skip_special_tokens=True)

    if reply.text == text(inside) and reply.tokens == len(inside):
        return inside
    ends = bool(inside) and inside[-1] in tokenizer.all_special_ids
    spoken = inside[:-1] if ends else inside
    shared = max(place for place in range(len(spoken) + 1) if reply.text.startswith(text(spoken[:place])))
    rest = reply.text.removeprefix(text(spoken[:shared]))
    ids = spoken[:shared] + tokenizer.encode(rest, add_special_tokens=False)
    return [*ids, inside[-1] if ends else tokenizer.eos_token_id] if reply.ended else ids


def _ask(server: Server, question: str, max_new_tokens: int) -> Served:
    import openai  # a second that who serves nothing need not wait

    # Neither a key nor a proxy that the environment holds for the world outside has any business here.
    client = openai.OpenAI(
        base_url=server.url,
        api_key="none",
        max_retries=0,
        timeout=600,
        http_client=openai.DefaultHttpxClient(trust_env=False),
    )
    request = {
        "model": server.model,
        "messages": [{"role": "user", "content": question}],
        "max_tokens": max_new_tokens,
    }
    try:
        with client:
            whole = client.chat.completions.create(**request)
            stream = client.chat.completions.create(**request, stream=True)
            pieces = [chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices]
    except openai.OpenAIError as error:
        raise DeployError(
            f"The server on model/ did not answer {question!r}: {error}\n{last_lines(server.log)}"
        ) from error
    [choice] = whole.choices
    tokens = whole.usage.completion_tokens
    return Served(choice.message.content or "", "".join(pieces), tokens, choice.finish_reason == "stop")
