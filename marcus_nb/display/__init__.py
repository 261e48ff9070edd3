"""Static tables and figures of what the stages return: they need no widget, no script and no server to be read."""

from marcus_nb.display.blocks import Block, banner, sentence, table
from marcus_nb.display.chat import bubbles, learned_tokens, replies_over_training, side_by_side
from marcus_nb.display.figures import claims_figure, funnel_figure, lengths_figure, loss_figure, times_figure
from marcus_nb.display.ingest import before_after, duplicates, outcomes, recognised, rejected, sources
from marcus_nb.display.stages import (
    changed_examples,
    loss_means,
    metrics_table,
    next_step,
    parameters,
    preflight,
    probes,
    report_card,
    training_summary,
    verdict,
)

__all__ = [
    "Block",
    "banner",
    "before_after",
    "bubbles",
    "changed_examples",
    "claims_figure",
    "duplicates",
    "funnel_figure",
    "learned_tokens",
    "lengths_figure",
    "loss_figure",
    "loss_means",
    "metrics_table",
    "next_step",
    "outcomes",
    "parameters",
    "preflight",
    "probes",
    "recognised",
    "rejected",
    "replies_over_training",
    "report_card",
    "sentence",
    "side_by_side",
    "sources",
    "table",
    "times_figure",
    "training_summary",
    "verdict",
]
