"""The rules in the order they run, and what each does when it is wrong."""

from collections.abc import Sequence
from dataclasses import dataclass

from marcus_nb.clean import duplicates
from marcus_nb.clean.by_hand import Choices, apply_choices
from marcus_nb.clean.records import Rule
from marcus_nb.clean.rules import canned, languages, lengths, personal, special_tokens, texts, turns
from marcus_nb.parameters.schema import Clean


@dataclass(frozen=True)
class Planned:
    """A rule with its name, which is the parameter that switches it, and whether it is on."""

    name: str
    enabled: bool
    rule: Rule


def plan(parameters: Clean, persona_name: str, special: Sequence[str], choices: Choices) -> list[Planned]:
    """Every rule in its order; `special` are the tokenizer's own special tokens, `choices` those by hand.

    First what people decided, before any rule sees it. Then what changes texts: characters, then what programs added,
    then what may not be learned, then whole turns. Then what drops conversations, duplicates last, so that copies are
    compared as they will be taught.
    """
    chosen = parameters
    return [
        Planned("by_hand", bool(choices), lambda talks: apply_choices(talks, choices)),
        Planned("unicode_repair", chosen.unicode_repair, lambda talks: texts.unicode_repair(talks, chosen)),
        Planned("html_to_text", chosen.html_to_text, lambda talks: texts.html_to_text(talks, chosen)),
        Planned(
            "invisible_characters", chosen.invisible_characters, lambda talks: texts.invisible_characters(talks, chosen)
        ),
        Planned("unicode_nfc", chosen.unicode_nfc, lambda talks: texts.unicode_nfc(talks, chosen)),
        Planned("whitespace", chosen.whitespace, lambda talks: texts.whitespace(talks, chosen)),
        Planned("email_quotes", chosen.email_quotes, lambda talks: texts.email_quotes(talks, chosen)),
        Planned("disclaimers", chosen.disclaimers, lambda talks: texts.disclaimers(talks, chosen)),
        Planned("email_signatures", chosen.email_signatures, lambda talks: texts.email_signatures(talks, chosen)),
        Planned("system_lines", chosen.system_lines, lambda talks: texts.system_lines(talks, chosen)),
        Planned("media_placeholders", chosen.media_placeholders, lambda talks: texts.media_placeholders(talks, chosen)),
        Planned("max_canned_share", True, lambda talks: canned.max_canned_share(talks, chosen)),
        Planned("special_tokens", chosen.special_tokens, lambda talks: special_tokens.special_tokens(talks, special)),
        Planned("redact", chosen.redact, lambda talks: personal.redact(talks, chosen, persona_name)),
        Planned("lowercase", chosen.lowercase, lambda talks: turns.lowercase(talks, chosen)),
        Planned("join_turns", chosen.join_turns, lambda talks: turns.join_turns(talks, chosen)),
        Planned("empty", True, lambda talks: turns.empty(talks, chosen)),
        Planned("drop_one_sided", chosen.drop_one_sided, lambda talks: turns.drop_one_sided(talks, chosen)),
        Planned("min_characters", True, lambda talks: lengths.min_characters(talks, chosen)),
        Planned("max_characters", True, lambda talks: lengths.max_characters(talks, chosen)),
        Planned(
            "drop_wrong_language",
            chosen.drop_wrong_language,
            lambda talks: languages.drop_wrong_language(talks, chosen),
        ),
        Planned("drop_duplicates", chosen.drop_duplicates, duplicates.drop_duplicates),
        Planned(
            "near_duplicate_similarity",
            chosen.drop_duplicates and chosen.near_duplicate_similarity < 1,
            lambda talks: duplicates.near_duplicate_similarity(talks, chosen.near_duplicate_similarity),
        ),
        Planned("max_same_reply", True, lambda talks: duplicates.max_same_reply(talks, chosen.max_same_reply)),
    ]
