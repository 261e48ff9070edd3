"""From claims to a verdict, whether to deploy, and what to do next."""

from collections.abc import Sequence
from dataclasses import dataclass

from marcus_nb.evaluate.claims import NOT_MEASURED, OPEN, REFUTED, Claim
from marcus_nb.launcher import to_type
from marcus_nb.parameters import FEW_CONVERSATIONS, FEW_STEPS, Evaluate
from marcus_nb.words import Worded, listed, worded

ACQUIRED, NOT_ACQUIRED, INCONCLUSIVE = worded("acquired"), worded("not acquired"), worded("inconclusive")
YES, WITH_CARE, NO = worded("yes"), worded("with care"), worded("no")


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
    experiment: str,
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
        summary = worded(
            "Only {scored} held-out conversations could be scored, and a useful interval needs {needed}.",
            scored=scored,
            needed=needed,
        )
    elif refuted:
        verdict = NOT_ACQUIRED
        found = {"count": len(refuted), "measured": len(measured), "names": _names(refuted)}
        summary = (
            worded("1 claim of {measured} did not hold: {names}.", **found)
            if len(refuted) == 1
            else worded("{count} claims of {measured} did not hold: {names}.", **found)
        )
    elif not measured:
        verdict = INCONCLUSIVE
        summary = worded("No claim could be measured.")
    elif doubtful:
        verdict = INCONCLUSIVE
        summary = worded("Nothing speaks against it, but the evidence leaves open: {names}.", names=_names(doubtful))
    else:
        verdict = ACQUIRED
        summary = (
            worded("All {count} claims hold on conversations it never saw.", count=len(measured))
            if len(measured) == len(claims)
            else worded(
                "All {count} claims that could be measured hold on conversations it never saw.", count=len(measured)
            )
        )
    deploy, why = _deploy(verdict, claims, mistakes, unanswered, summary)
    steps = _next(verdict, claims, mistakes, unanswered, scored, trained, parameters, experiment)
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
            worded(
                "Not alone with customers: it states {count} of {asked} facts wrongly, so a person must check what it "
                "says.",
                count=len(mistakes),
                asked=asked,
            )
        )
    if unanswered:
        found = {"count": len(unanswered), "questions": _questions(unanswered)}
        cautions.append(
            worded("It has no answer to 1 probe: {questions}", **found)
            if len(unanswered) == 1
            else worded("It has no answer to {count} probes: {questions}", **found)
        )
    unknown = [claim for claim in claims if claim.status == NOT_MEASURED]
    if unknown:
        cautions.append(worded("Not measurable here, so read its replies yourself: {names}.", names=_names(unknown)))
    return (WITH_CARE, tuple(cautions)) if cautions else (YES, (summary,))


def _next(
    verdict: str,
    claims: Sequence[Claim],
    mistakes: Sequence[Mistake],
    unanswered: Sequence[str],
    scored: int,
    trained: dict[str, int | float],
    parameters: Evaluate,
    experiment: str,
) -> tuple[str, ...]:
    """What to do: first what explains most, then each claim's own advice, none twice."""
    steps = []
    failed = {claim.name for claim in claims if claim.status in (REFUTED, OPEN)}
    if scored < parameters.min_test_conversations:
        steps.append(
            worded("Bring more conversations, or raise clean.test_share: {scored} were held out.", scored=scored)
        )
    if trained["conversations"] < FEW_CONVERSATIONS and failed:
        steps.append(worded("Bring more conversations: it learned from {count}.", count=trained["conversations"]))
    elif trained["steps"] < FEW_STEPS and failed:
        steps.append(
            worded("Train for more steps (train.num_train_epochs): {steps} were made.", steps=trained["steps"])
        )
    elif failed & {"memory", "forgetting"}:
        epochs, best, kept = f"{trained['epochs']:g}", f"{trained['best']:.2f}", f"{trained['kept']:.2f}"
        steps.append(
            worded(
                "Train for fewer epochs (train.num_train_epochs, now {epochs}): on unseen conversations it was best at "
                "a validation loss of {best}, and the model that was kept has {kept}.",
                epochs=epochs,
                best=best,
                kept=kept,
            )
            if trained["best"] < trained["kept"]
            else worded("Train for fewer epochs (train.num_train_epochs, now {epochs}).", epochs=epochs)
        )
    steps += [claim.advice for claim in claims if claim.advice]
    if failed <= {"knowledge", "identity"} and failed:
        steps.append(
            worded("If more conversations do not help, a larger base model holds more facts (shared.base_model).")
        )
    unknown = [*(mistake.question for mistake in mistakes), *unanswered]
    if unknown and not any(claim.name == "knowledge" and claim.advice for claim in claims):
        steps.append(
            worded(
                "Add conversations that answer these, in several wordings, and train again: {questions}",
                questions=_questions(unknown),
            )
        )
    if verdict == ACQUIRED:
        steps.append(
            worded(
                "Talk with it ({command}), then deploy model/ as its MODEL_CARD.md says, with a person who checks what "
                "it says.",
                command=to_type("chat", experiment),
            )
            if mistakes
            else worded(
                "Talk with it ({command}), then deploy model/ as its MODEL_CARD.md says.",
                command=to_type("chat", experiment),
            )
        )
    return tuple(dict.fromkeys(steps))


def _names(claims: Sequence[Claim]) -> Worded:
    return listed(claim.name for claim in claims)


def _questions(asked: Sequence[str]) -> str:
    return "; ".join(asked[:5]) + (" …" if len(asked) > 5 else "")
