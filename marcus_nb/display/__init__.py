"""Static tables and figures of what the stages return: they need no widget, no script and no server to be read."""

from marcus_nb.display.answers import probes, side_by_side
from marcus_nb.display.blocks import Block, banner, sentence, stack, table
from marcus_nb.display.card import card_figure, profile_figure, profile_table
from marcus_nb.display.chat import bubbles, learned_tokens, replies_over_training
from marcus_nb.display.clean import cleaned, funnel, personal_data, rules, token_examples, tokens
from marcus_nb.display.estimate import preflight, splits
from marcus_nb.display.evaluate import folded, loss_table, measures_table, report_card, verdict
from marcus_nb.display.figures import funnel_figure, lengths_figure, times_figure
from marcus_nb.display.findings import identity, memory
from marcus_nb.display.ingest import before_after, duplicates, outcomes, recognised, rejected, sources
from marcus_nb.display.later import later
from marcus_nb.display.loss import loss_figure
from marcus_nb.display.stages import next_step, parameters
from marcus_nb.display.train import metrics_table, training_events, training_status, training_summary

__all__ = [
    "Block",
    "banner",
    "before_after",
    "bubbles",
    "card_figure",
    "cleaned",
    "duplicates",
    "folded",
    "funnel",
    "funnel_figure",
    "identity",
    "later",
    "learned_tokens",
    "lengths_figure",
    "loss_figure",
    "loss_table",
    "measures_table",
    "memory",
    "metrics_table",
    "next_step",
    "outcomes",
    "parameters",
    "personal_data",
    "preflight",
    "probes",
    "profile_figure",
    "profile_table",
    "recognised",
    "rejected",
    "replies_over_training",
    "report_card",
    "rules",
    "sentence",
    "side_by_side",
    "sources",
    "splits",
    "stack",
    "table",
    "times_figure",
    "token_examples",
    "tokens",
    "training_events",
    "training_status",
    "training_summary",
    "verdict",
]
