"""The text in a message's content, whatever it is made of; and the parts of it that are no text."""

import json
from typing import Any

_TEXT_KEYS = (
    "text",
    "body",
    "content",
    "value",
    "plain",
    "parts",
    "message",
    "markdown",
    "html",
    "message_content",
    "segment",
    "segments",
    "textContent",
)
_TELEGRAM = frozenset(
    [
        "plain",
        "bold",
        "italic",
        "underline",
        "strikethrough",
        "spoiler",
        "link",
        "text_link",
        "mention",
        "mention_name",
        "hashtag",
        "cashtag",
        "email",
        "phone",
        "bot_command",
        "code",
        "pre",
        "bank_card",
        "custom_emoji",
        "blockquote",
    ]
)
_WRITTEN = frozenset(["text", "multimodal_text"])
_DEEPEST = 4
_MOST_SHOWN = 500


def text_of(value: Any, depth: int = 0) -> tuple[str, list[tuple[str, str]]]:
    """The text, "" when there is none, and what else there is: (why it is left out, what it is).

    >>> text_of([{"type": "text", "text": "Look:"}, {"type": "image_url"}])
    ('Look:', [('attachment', '{"type": "image_url"}')])

    Parts stand on lines of their own; the pieces of Telegram's texts, ["See ", {"type": "link", "text": "a"}], do not.
    """
    if isinstance(value, str):
        return (value, []) if value.strip() else ("", [])
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value), []
    if depth >= _DEEPEST:
        return "", []
    if isinstance(value, dict):
        return _of_object(value, depth)
    if isinstance(value, list):
        return _of_list(value, depth)
    return "", []


def _of_object(value: dict[str, Any], depth: int) -> tuple[str, list[tuple[str, str]]]:
    kind = str(value.get("type") or value.get("content_type") or value.get("msgtype") or "")
    reason = _reason(kind)
    if value.get("content_type") and kind not in _WRITTEN and "type" not in value:
        reason = reason or "tool call"  # ChatGPT's code, search results, …
    if reason:
        return "", [(reason, json.dumps(value, ensure_ascii=False)[:_MOST_SHOWN])]
    for key in _TEXT_KEYS:
        if value.get(key):
            text, left = text_of(value[key], depth + 1)
            if text or left:
                return text, left
    if not value or kind in _WRITTEN:
        return "", []
    return "", [("attachment", json.dumps(value, ensure_ascii=False)[:_MOST_SHOWN])]


def _of_list(value: list[Any], depth: int) -> tuple[str, list[tuple[str, str]]]:
    pieces: list[str] = []
    left: list[tuple[str, str]] = []
    entities = [item for item in value if isinstance(item, dict)]
    is_flowing = bool(entities) and all(str(item.get("type")) in _TELEGRAM for item in entities)
    for item in value:
        if isinstance(item, str):
            pieces.append(item)
        elif is_flowing and isinstance(item, dict) and isinstance(item.get("text"), str):
            pieces.append(item["text"])
        else:
            text, others = text_of(item, depth + 1)
            left.extend(others)
            if text:
                pieces.append(text)
    text = ("" if is_flowing else "\n").join(pieces)
    return (text if text.strip() else ""), left


def _reason(kind: str) -> str:
    """Why a part of a type is no text: "tool call", "thinking", "attachment"; "" for text."""
    kind = kind.casefold()
    if any(word in kind for word in ("tool", "function", "execution", "tether", "computer")):
        return "tool call"
    if any(word in kind for word in ("thinking", "reasoning", "thought")):
        return "thinking"
    media = (
        "image",
        "audio",
        "video",
        "file",
        "document",
        "attachment",
        "sticker",
        "photo",
        "media",
        "asset",
        "refusal",
    )
    return "attachment" if any(word in kind for word in media) else ""
