"""From claims to a verdict, whether to deploy, and what to do next."""

from collections.abc import Sequence
from dataclasses import dataclass

from marcus_nb.evaluate.claims import NOT_MEASURED, OPEN, REFUTED, Claim
from marcus_nb.parameters import FEW_CONVERSATIONS, FEW_STEPS, Evaluate

ACQUIRED, NOT_ACQUIRED, INCONCLUSIVE = "acquired", "not acquired", "inconclusive"
YES, WITH_CARE, NO = "yes", "with care", "no"


@dataclass(frozen=True)
class Mistake:
    """A probe that was answered wrong: `Mistake("When do you open?", "At nine, skipper.", "eight or 8")`."""

    question: str
    said: str
    right: str


@dataclass(frozen=True)
class Verdict:
    """`verdict` is acquired, not acquired or inconclusive; `deploy` is yes, with care or no, and `why` says why.

    `summary` is one sentence, `next_steps` plain sentences, the most important first; `mistakes` are the facts that it
    states wrongly.
    """

    verdict: str
    summary: str
    claims: tuple[Claim, ...]
    deploy: str
    why: tuple[str, ...]
    next_steps: tuple[str, ...]
    mistakes: tuple[Mistake, ...] = ()


def judge(
    claims: Sequence[Claim],
    scored: int,
    trained: dict[str, int | float],
    mistakes: Sequence[Mistake],
    unanswered: Sequence[str],
    parameters: Evaluate,
) -> Verdict:
    """The verdict: *acquired* needs every measurable claim supported; one that is refuted makes it *not acquired*;
    anything else, and too few held-out conversations, is *inconclusive*.

    `scored` is how many held-out conversations could be scored, `mistakes` are the probes answered wrong,
    `unanswered` those declined or met with silence, and `trained` says what the training was (its lowest and its kept
    validation loss): {"conversations": 221, "steps": 112, "epochs": 4.0, "best": 2.53, "kept": 2.80}.
    """
    refuted = [claim for claim in claims if claim.status == REFUTED]
    doubtful = [claim for claim in claims if claim.status == OPEN]
    measured = [claim for claim in claims if claim.status != NOT_MEASURED]
    needed = parameters.min_test_conversations
    if scored < needed:
        verdict = INCONCLUSIVE
        summary = f"Only {scored} held-out conversations could be scored, and a useful interval needs {needed}."
    elif refuted:
        verdict = NOT_ACQUIRED
        summary = f"{_count(len(refuted), 'claim')} of {len(measured)} did not hold: {_names(refuted)}."
    elif not measured:
        verdict = INCONCLUSIVE
        summary = "No claim could be measured."
    elif doubtful:
        verdict = INCONCLUSIVE
        summary = f"Nothing speaks against it, but the evidence leaves open: {_names(doubtful)}."
    else:
        verdict = ACQUIRED
        known = "" if len(measured) == len(claims) else " that could be measured"
        summary = f"All {len(measured)} claims{known} hold on conversations it never saw."
    deploy, why = _deploy(verdict, claims, mistakes, unanswered, summary)
    steps = _next(verdict, claims, mistakes, unanswered, scored, trained, parameters)
    return Verdict(verdict, summary, tuple(claims), deploy, why, steps, tuple(mistakes))


def _deploy(
    verdict: str, claims: Sequence[Claim], mistakes: Sequence[Mistake], unanswered: Sequence[str], summary: str
) -> tuple[str, tuple[str, ...]]:
    if verdict != ACQUIRED:
        return NO, (summary,)
    cautions = []
    if mistakes:
        asked = next((claim.n for claim in claims if claim.name == "knowledge"), len(mistakes))
        cautions.append(
            f"Not alone with customers: it states {len(mistakes)} of {asked} facts wrongly, so a person must check "
            "what it says."
        )
    if unanswered:
        cautions.append(f"It has no answer to {_count(len(unanswered), 'probe')}: {_questions(unanswered)}")
    unknown = [claim for claim in claims if claim.status == NOT_MEASURED]
    if unknown:
        cautions.append(f"Not measurable here, so read its replies yourself: {_names(unknown)}.")
    return (WITH_CARE, tuple(cautions)) if cautions else (YES, (summary,))


def _next(
    verdict: str,
    claims: Sequence[Claim],
    mistakes: Sequence[Mistake],
    unanswered: Sequence[str],
    scored: int,
    trained: dict[str, int | float],
    parameters: Evaluate,
) -> tuple[str, ...]:
    """What to do: first what explains most, then each claim's own advice, none twice."""
    steps = []
    failed = {claim.name for claim in claims if claim.status in (REFUTED, OPEN)}
    if scored < parameters.min_test_conversations:
        steps.append(f"Bring more conversations, or raise clean.test_share: {scored} were held out.")
    if trained["conversations"] < FEW_CONVERSATIONS and failed:
        steps.append(f"Bring more conversations: it learned from {trained['conversations']}.")
    elif trained["steps"] < FEW_STEPS and failed:
        steps.append(f"Train for more steps (train.num_train_epochs): {trained['steps']} were made.")
    elif failed & {"memory", "forgetting"}:
        step = f"Train for fewer epochs (train.num_train_epochs, now {trained['epochs']:g})"
        if trained["best"] < trained["kept"]:
            step += (
                f": on unseen conversations it was best at a validation loss of {trained['best']:.2f}, and the model "
                f"that was kept has {trained['kept']:.2f}"
            )
        steps.append(f"{step}.")
    steps += [claim.advice for claim in claims if claim.advice]
    if failed <= {"knowledge", "identity"} and failed:
        steps.append("If more conversations do not help, a larger base model holds more facts (shared.base_model).")
    unknown = [*(mistake.question for mistake in mistakes), *unanswered]
    if unknown and not any(claim.name == "knowledge" and claim.advice for claim in claims):
        steps.append(
            f"Add conversations that answer these, in several wordings, and train again: {_questions(unknown)}"
        )
    if verdict == ACQUIRED:
        checked = ", with a person who checks what it says" if mistakes else ""
        steps.append(f"Talk with it (./run_all.sh chat), then deploy model/ as its MODEL_CARD.md says{checked}.")
    return tuple(dict.fromkeys(steps))


def _names(claims: Sequence[Claim]) -> str:
    return ", ".join(claim.name for claim in claims)


def _questions(asked: Sequence[str]) -> str:
    return "; ".join(asked[:5]) + (" …" if len(asked) > 5 else "")


def _count(n: int, word: str) -> str:
    return f"{n} {word}" + ("" if n == 1 else "s")
