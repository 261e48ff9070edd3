"""04_evaluate: did the model acquire the personality? Measure, claim with intervals, judge, deploy.

`asking` holds the two models. Each measure (`losses`, `style`, `knowledge`, `identity`, `steadiness`, `health`,
`memory`, `forgetting`) has functions that ask them and one that turns the answers into figures and a claim. `report`
keeps what is found, `verdict` judges it, `deploy` writes what one deploys and proves that it behaves outside as inside.
"""

from marcus_nb.evaluate.asking import EvaluateError, Judged, load_judged, read_splits
from marcus_nb.evaluate.card import check_sentences, write_card
from marcus_nb.evaluate.claims import Claim, Measured
from marcus_nb.evaluate.contrast import contrast_replies
from marcus_nb.evaluate.deploy import DeployError, check_merge, check_outside, golden, publish
from marcus_nb.evaluate.forgetting import general_losses, judge_forgetting, task_answers
from marcus_nb.evaluate.gains import judge_losses
from marcus_nb.evaluate.health import broken_replies, judge_health
from marcus_nb.evaluate.identity import identity_answers, judge_identity, own_languages
from marcus_nb.evaluate.knowledge import judge_knowledge, probe_answers
from marcus_nb.evaluate.losses import conversation_losses, ways_of_asking
from marcus_nb.evaluate.memory import continued_replies, judge_memory
from marcus_nb.evaluate.ollama import gguf_note
from marcus_nb.evaluate.opinion import judge_opinions, opinions
from marcus_nb.evaluate.profile import style_profile
from marcus_nb.evaluate.replies import seen_replies, side_by_side, unseen_replies
from marcus_nb.evaluate.report import Report, headline
from marcus_nb.evaluate.serving import check_served
from marcus_nb.evaluate.steadiness import judge_steadiness, steady_replies
from marcus_nb.evaluate.style import judge_style, voice
from marcus_nb.evaluate.verbatim import masked_originals, personal_data_said, verbatim_spans
from marcus_nb.evaluate.verdict import ACQUIRED, INCONCLUSIVE, NOT_ACQUIRED, Verdict, judge

__all__ = [
    "ACQUIRED",
    "INCONCLUSIVE",
    "NOT_ACQUIRED",
    "Claim",
    "DeployError",
    "EvaluateError",
    "Judged",
    "Measured",
    "Report",
    "Verdict",
    "broken_replies",
    "check_merge",
    "check_outside",
    "check_sentences",
    "check_served",
    "continued_replies",
    "contrast_replies",
    "conversation_losses",
    "general_losses",
    "gguf_note",
    "golden",
    "headline",
    "identity_answers",
    "judge",
    "judge_forgetting",
    "judge_health",
    "judge_identity",
    "judge_knowledge",
    "judge_losses",
    "judge_memory",
    "judge_opinions",
    "judge_steadiness",
    "judge_style",
    "load_judged",
    "masked_originals",
    "opinions",
    "own_languages",
    "personal_data_said",
    "probe_answers",
    "publish",
    "read_splits",
    "seen_replies",
    "side_by_side",
    "steady_replies",
    "style_profile",
    "task_answers",
    "unseen_replies",
    "verbatim_spans",
    "voice",
    "ways_of_asking",
    "write_card",
]
