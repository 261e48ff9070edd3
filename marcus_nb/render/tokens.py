"""Texts and places to token ids and labels, verified on all data: what is learned decodes to what was said."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from marcus_nb.conversation import PERSONA_ROLE
from marcus_nb.render.manner import Chat, Manner, RenderError, manner_of, special_token_ids, written
from marcus_nb.render.places import Piece, last_piece, pieces, whole_piece

IGNORED = -100  # what torch's cross entropy leaves out (its ignore_index)
_AT_ONCE = 500  # conversations
_MANY = 40  # messages
_CHARACTERS_AT_ONCE = 1_000_000  # each takes about 50 bytes on the way, as a part of a token and its place


@dataclass(frozen=True)
class Rendered:
    """`input_ids` and `labels` of equal length; a label is the token's own id where it carries loss, else -100.

    `weights` is None where every learned token counts alike; else one float a token, 0.0 where nothing is learned.
    """

    input_ids: list[int]
    labels: list[int]
    turns_cut: int = 0  # messages left out at the front to fit the context
    whole: int = 0  # tokens before anything was cut
    weights: list[float] | None = None


def render(tokenizer: Any, chat: Chat, max_length: int | None = None) -> list[Rendered]:
    """Token ids of a whole conversation, with labels on the persona's turns and their end-of-turn tokens.

    `[{"role": "user", "content": "Open?"}, {"role": "assistant", "content": "Aye."}]` becomes, with ChatML, one
    `Rendered`: `<|im_start|>user\\nOpen?<|im_end|>\\n<|im_start|>assistant\\n` unlabelled, `Aye.<|im_end|>` labelled.
    With a template that rewrites earlier turns (Qwen 3, DeepSeek R1, Mistral v0.3) it becomes one a reply, each after
    exactly what `prompt_ids` gives for the conversation so far. Over the list every reply is labelled once.
    Longer than `max_length` tokens, whole exchanges are cut from the front, the system message kept; a reply that then
    fits nowhere is among the messages that `turns_cut` of the last counts.
    A message may have a `weight`, `{"role": "assistant", "content": "Aye.", "weight": 0.5}`; with 0 it is context only.

    Raises RenderError when one exchange alone is too long, when the persona never answers, when a system message stands
    anywhere but at the start, when the text holds the template's special tokens (they would forge turns), or when the
    template refuses the conversation or alters replies so that their tokens cannot be found.
    """
    [rendered] = render_all(tokenizer, [chat], max_length)
    if isinstance(rendered, RenderError):
        raise rendered
    return rendered


def render_all(
    tokenizer: Any, chats: Iterable[Chat], max_length: int | None = None
) -> Iterator[list[Rendered] | RenderError]:
    """What `render` gives for each conversation, in their order, or the error that it raises.

    Hundreds go to the tokenizer at a time, which then works on all cores; what was yielded is not held on to.
    """
    special = special_token_ids(tokenizer)
    for some in _portions(chats):
        try:
            manner = manner_of(tokenizer)
        except RenderError as error:
            yield from [error] * len(some)
            continue
        yield from _Portion(tokenizer, manner, special, max_length).rendered(some)


def prompt_ids(tokenizer: Any, chat: Chat) -> list[int]:
    """Token ids that a reply is generated after: the conversation so far, and the opening of the persona's turn."""
    _refuse_special_tokens(special_token_ids(tokenizer), chat)
    return _ids(tokenizer, written(tokenizer, manner_of(tokenizer), chat, opened=True))


def end_of_turn_ids(tokenizer: Any) -> list[int]:
    """The tokens that end a persona's turn in this template: what generation has to stop at."""
    [rendered] = render(tokenizer, [{"role": "user", "content": "a"}, {"role": PERSONA_ROLE, "content": "b"}])
    last = [label for label in rendered.labels if label != IGNORED][-1]
    return sorted({last} | ({tokenizer.eos_token_id} if tokenizer.eos_token_id is not None else set()))


def share_learned(rendered: Sequence[Rendered]) -> float:
    """Share of all tokens that carry loss; 0.0 for nothing."""
    total = sum(len(item.input_ids) for item in rendered)
    return sum(label != IGNORED for item in rendered for label in item.labels) / total if total else 0.0


def _portions(chats: Iterable[Chat]) -> Iterator[list[Chat]]:
    portion, characters = [], 0
    for chat in chats:
        portion.append(chat)
        characters += sum(len(message["content"]) for message in chat)
        if len(portion) >= _AT_ONCE or characters >= _CHARACTERS_AT_ONCE:
            yield portion
            portion, characters = [], 0
    if portion:
        yield portion


@dataclass
class _Portion:
    """Some conversations on their way to token ids together."""

    tokenizer: Any
    manner: Manner
    special: dict[str, int]
    max_length: int | None

    def rendered(self, chats: Sequence[Chat]) -> list[list[Rendered] | RenderError]:
        found: list[list[Rendered] | RenderError] = []
        waiting: list[tuple[int, Piece]] = []  # the conversation's place, and a text of it
        begun: dict[int, list[int]] = {}  # messages that a very long one has lost before, and its tokens with them
        for place, chat in enumerate(chats):
            try:
                _refuse(self.special, chat)
                chat, *begun[place] = self._within(chat)
                waiting += [(place, piece) for piece in pieces(self.tokenizer, self.manner, chat)]
                found.append([])
            except RenderError as error:
                found.append(error)
        encoded = _encoded(self.tokenizer, [piece.text for _, piece in waiting])
        last = {place: piece for place, piece in waiting}
        learned: list[tuple[int, list[int], str]] = []  # the conversation's place, tokens of a reply, what they say
        for (place, piece), (ids, offsets) in zip(waiting, encoded, strict=True):
            own = found[place]
            if isinstance(own, RenderError):
                continue
            try:
                item, spans = self._labelled(piece, ids, offsets)
            except RenderError as error:
                # An earlier reply that is too long even alone is cut from what follows it, and counted there.
                if piece is last[place] or not error.tokens:
                    found[place] = error
                continue
            cut, whole = begun[place]
            own.append(replace(item, turns_cut=item.turns_cut + cut, whole=whole) if cut else item)
            learned += [(place, *span) for span in spans]
        self._verify(found, learned)
        return found

    def _labelled(
        self, piece: Piece, ids: list[int], offsets: Sequence[tuple[int, int]]
    ) -> tuple[Rendered, list[tuple[list[int], str]]]:
        """Ids and labels of a text, cut to the context; and for each reply its tokens, with what they have to say."""
        ids, starts = self._parted(piece, ids, offsets)
        whole, cut, long, limit = len(ids), 0, piece, self.max_length
        while self.max_length is not None and limit is not None and len(ids) > self.max_length:
            chat, cut = self._shortened(long.messages, long.is_whole, whole, limit)
            piece = (whole_piece if long.is_whole else last_piece)(self.tokenizer, self.manner, chat)
            [(ids, offsets)] = _encoded(self.tokenizer, [piece.text])
            ids, starts = self._parted(piece, ids, offsets)
            limit -= max(1, len(ids) - self.max_length)  # the parts may be a token longer than the whole was
        labels, spans = [IGNORED] * len(ids), []
        weighted = any(place.weight != 1 for place in piece.places)
        weights = [0.0] * len(ids) if weighted else None
        end_id = self.special[self.manner.end]
        for place, start in zip(piece.places, starts, strict=True):
            end = ids.index(end_id, start)  # no reply holds it
            labels[start : end + 1] = ids[start : end + 1]
            if weights is not None:
                weights[start : end + 1] = [place.weight] * (end + 1 - start)
            spans.append((ids[start:end], piece.text[place.start : place.end]))
        return Rendered(ids, labels, cut, whole, weights), spans

    def _parted(self, piece: Piece, ids: list[int], offsets: Sequence[tuple[int, int]]) -> tuple[list[int], list[int]]:
        """Ids of a text, and where in them the replies begin.

        `assistant\\n` and `\\nAye` may be read as `assistant`, `\\n\\n`, `Aye`. Generation never sees such a token:
        what it is given ends where the reply begins. So the text is taken apart there, as when the model replies.
        """
        edges, tail = [place.start for place in piece.places], list(self.manner.tail)
        starts = [bisect_left(offsets, (edge,)) for edge in edges]
        if all(ids[start - len(tail) : start] == tail for start in starts):
            return ids, starts
        first, *parts = [_ids(self.tokenizer, piece.text[: edges[0]]), *self._parts(piece, edges)]
        if None in parts:
            if any(start and offsets[start - 1][1] > edge for start, edge in zip(starts, edges, strict=True)):
                raise RenderError("a token of the chat template runs into the reply, so the two cannot be told apart")
            return ids, starts
        ids, starts = list(first), []
        for part in parts:
            starts.append(len(ids))
            ids += part or []
        return ids, starts

    def _parts(self, piece: Piece, edges: Sequence[int]) -> Iterator[list[int] | None]:
        """Ids of what stands between each edge and the next; None where the tokenizer adds to it."""
        mark, sample = self.manner.end, f"{self.manner.end}\nx"
        decoded = self.tokenizer.backend_tokenizer.decode(_ids(self.tokenizer, sample), skip_special_tokens=False)
        for left, right in pairwise([*edges, len(piece.text)]):
            # Behind a mark: some tokenizers put a blank in front of a text; Llama 2's does so behind a mark too.
            yield _ids(self.tokenizer, mark + piece.text[left:right])[1:] if decoded == sample else None

    def _within(self, chat: Chat) -> tuple[Chat, int, int]:
        """A conversation, the messages it has lost and its tokens before; only very long ones lose any here.

        Each reply is looked for after a text of its own, which takes long where hundreds are cut away after all.
        """
        if self.max_length is None or len(chat) < _MANY:
            return chat, 0, 0
        tokens = len(_ids(self.tokenizer, written(self.tokenizer, self.manner, chat)))
        system, last = chat[: chat[0]["role"] == "system"], [m for m in chat if m["role"] != "system"][-4:]
        rewrites = last[0]["role"] == "user" and len(pieces(self.tokenizer, self.manner, [*system, *last])) > 1
        if tokens <= self.max_length or rewrites:
            return chat, 0, 0
        return *self._shortened(chat, True, tokens, self.max_length), tokens

    def _shortened(self, chat: Chat, is_whole: bool, tokens: int, max_length: int) -> tuple[Chat, int]:
        """The conversation without as few exchanges at its front as make it fit, and how many messages that leaves out.

        Found by bisection: with fewer exchanges it is never longer.
        """
        system = chat[:1] if chat[0]["role"] == "system" else []
        # A customer's turn that no reply follows would leave nothing to learn.
        last = max(position for position, message in enumerate(chat) if message["role"] == PERSONA_ROLE)
        starts = [position for position in range(len(system) + 1, last) if chat[position]["role"] == "user"]
        low, high, needed = 0, len(starts), tokens
        while low < high:
            middle = (low + high) // 2
            needed = len(_ids(self.tokenizer, self._text([*system, *chat[starts[middle] :]], is_whole)))
            low, high = (low, middle) if needed <= max_length else (middle + 1, high)
        if low == len(starts):  # then the shortest was tried last
            said = f"needs at least {needed} tokens where shared.max_length allows {self.max_length}"
            raise RenderError(said, tokens)
        return [*system, *chat[starts[low] :]], starts[low] - len(system)

    def _text(self, chat: Chat, is_whole: bool) -> str:
        if is_whole:
            return written(self.tokenizer, self.manner, chat)
        return last_piece(self.tokenizer, self.manner, chat).text

    def _verify(self, found: list[list[Rendered] | RenderError], learned: Sequence[tuple[int, list[int], str]]) -> None:
        """Put an error where the tokens to learn do not decode to what was said, blanks around it apart."""
        backend = self.tokenizer.backend_tokenizer
        decoded = backend.decode_batch([ids for _, ids, _ in learned], skip_special_tokens=False)
        for (place, _, said), words in zip(learned, decoded, strict=True):
            if words.strip() == said.strip():
                continue
            if self._normalized(words) != self._normalized(said):
                found[place] = RenderError(
                    f"the tokens to learn say {words.strip()[:60]!r} where the persona said {said.strip()[:60]!r}: the "
                    "base model's tokenizer has no token for some of its characters"
                )

    def _normalized(self, text: str) -> str:
        """A text as the tokenizer reads it: some know only one of the two ways to write é."""
        normalizer = self.tokenizer.backend_tokenizer.normalizer
        return normalizer.normalize_str(text.strip()) if normalizer else text.strip()


def _ids(tokenizer: Any, text: str) -> list[int]:
    return tokenizer.encode(text, add_special_tokens=False)


def _encoded(tokenizer: Any, texts: list[str]) -> Iterator[tuple[list[int], list[tuple[int, int]]]]:
    """Token ids of each text, and where in it each token begins and ends."""
    if not texts:
        return iter(())
    encoded = tokenizer(texts, add_special_tokens=False, return_offsets_mapping=True, return_attention_mask=False)
    return zip(encoded["input_ids"], encoded["offset_mapping"], strict=True)


def _refuse(special: dict[str, int], chat: Chat) -> None:
    _refuse_special_tokens(special, chat)
    if any(message["role"] == "system" for message in chat[1:]):
        raise RenderError("holds a system message of its own: the persona has one, at the start (shared.system_prompt)")
    if not any(message["role"] == PERSONA_ROLE for message in chat):
        raise RenderError("holds no reply of the persona, so there is nothing to learn from it")


def _refuse_special_tokens(special: dict[str, int], chat: Chat) -> None:
    for message in chat:
        for token in special:
            if token in message["content"]:
                raise RenderError(f"the text holds {token}, which the model reads as the edge of a turn")
