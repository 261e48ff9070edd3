"""What an evaluation has found so far: kept in the run's files as it comes, judged at the end."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import pandas as pd

from marcus_nb.conversation import read_jsonl, write_jsonl
from marcus_nb.evaluate.claims import BASE, MARKS, REAL, SUPPORTED, TUNED, Claim, Measured
from marcus_nb.evaluate.knowledge import CONTRADICTS, DECLINES, SILENT, WRONG
from marcus_nb.evaluate.verdict import Mistake, Verdict, judge
from marcus_nb.renaming import replace
from marcus_nb.runs import Stage, read_json, write_json
from marcus_nb.runs.files import saying_disk_full
from marcus_nb.words import templates, worded

CLAIMS = (  # in the order in which they are shown: what a customer would notice comes first
    *(
        worded("knowledge"),
        worded("identity"),
        worded("style"),
        worded("steadiness"),
        worded("health"),
        worded("relevance"),
    ),
    *(worded("contrast"), worded("beyond prompting"), worded("without prompt"), worded("loss"), worded("memory")),
    worded("forgetting"),
)


@dataclass
class Report:
    """Samples, figures and claims of one evaluation, in the order they were found."""

    stage: Stage
    samples: dict[str, pd.DataFrame] = field(default_factory=dict)
    unscored: list[tuple[str, str]] = field(default_factory=list)
    measured: list[Measured] = field(default_factory=list)
    claims: list[Claim] = field(default_factory=list)

    def keep(self, kind: str, frame: pd.DataFrame, unscored: Sequence[tuple[str, str]] = ()) -> pd.DataFrame:
        """Keep a frame's rows in `samples.jsonl` at once, and those that could not be scored with the reason.

        What was found stays when a later question fails. Returns the frame.
        """
        self.samples[kind] = frame
        self.unscored += unscored
        write_jsonl(self.stage.folder / "samples.jsonl", self._rows())
        return frame

    def claim(self, measured: Iterable[Measured], claims: Claim | Iterable[Claim]) -> list[Measured]:
        """Keep figures and the claims that rest on them, in `measures.csv` and `results.json`; returns the figures."""
        found = list(measured)
        self.measured += found
        self.claims += [claims] if isinstance(claims, Claim) else claims
        self.claims.sort(key=lambda claim: CLAIMS.index(claim.name))
        self._write({"claims": [asdict(claim) for claim in self.claims]})
        return found

    def said(self, who: str) -> pd.DataFrame:
        """Everything that a model ("tuned" or "base") said so far: columns question, reply."""
        parts = [self.samples[kind][["question", who]] for kind in ("unseen", "seen", "probe", "identity")]
        if who == TUNED:
            parts += [self.samples["unseen"][["question", "sampled"]]]
            steady = self.samples["steadiness"]
            parts += [steady.loc[~steady["kind"].isin((BASE, REAL)), ["question", "reply"]]]
        frames = [part.set_axis(["question", "reply"], axis=1) for part in parts]
        said = pd.concat(frames, ignore_index=True).dropna()
        return said[said["reply"] != ""].reset_index(drop=True)

    def verdict(self) -> Verdict:
        """The verdict over all claims, which is written, too."""
        loss, probes = self.samples["loss"], self.samples["probe"]
        wrong = probes[probes["tuned_outcome"].isin((WRONG, CONTRADICTS))]
        mistakes = [Mistake(row.question, row.tuned, row.must) for row in wrong.itertuples()]
        unanswered = list(probes.loc[probes["tuned_outcome"].isin((DECLINES, SILENT)), "question"])
        parameters = self.stage.parameters.evaluate
        verdict = judge(
            self.claims, len(loss), self._trained(), mistakes, unanswered, parameters, self.stage.run.experiment
        )
        self._write(asdict(verdict))
        return verdict

    def counts(self, verdict: Verdict) -> dict[str, Any]:
        """What the stage's record says."""
        return {
            "verdict": verdict.verdict,
            "deploy": verdict.deploy,
            "claims": {claim.name: claim.status for claim in verdict.claims},
            "samples": {kind: len(frame) for kind, frame in self.samples.items()} | {"unscored": len(self.unscored)},
        }

    def _rows(self) -> list[dict[str, Any]]:
        rows = [
            {"sample": kind, **row}
            for kind, frame in self.samples.items()
            for row in frame.astype(object).where(frame.notna(), None).to_dict("records")
        ]
        return rows + [{"sample": "unscored", "what": name, "reason": why} for name, why in self.unscored]

    def _write(self, results: dict[str, Any]) -> None:
        measures = [asdict(item) for item in self.measured]
        results |= {"measures": measures}
        write_json(self.stage.folder / "results.json", results | {"templates": templates(results)})
        path = self.stage.folder / "measures.csv"
        temporary = path.with_suffix(".csv.tmp")
        with saying_disk_full(path):
            pd.DataFrame(measures).to_csv(temporary, index=False, encoding="utf-8", lineterminator="\n")
            replace(temporary, path)

    def _trained(self) -> dict[str, int | float]:
        outcome = read_json(self.stage.written_by("train", "outcome.json"))
        history = read_jsonl(self.stage.written_by("train", "metrics.jsonl"))
        losses = [row["validation_loss"] for row in history if "validation_loss" in row]
        return {
            "conversations": outcome["plan"]["conversations"],
            "steps": outcome["steps"],
            "epochs": self.stage.parameters.train.num_train_epochs,
            "best": min(losses),
            "kept": outcome["kept_validation_loss"],
        }


def headline(verdict: Verdict) -> list[str]:
    """The lines the console shows: each claim, what it comes to, and what to do next."""
    return [
        *(one_line(claim) for claim in verdict.claims),
        f"{verdict.verdict.capitalize()}: {verdict.summary}",
        f"Deploy: {verdict.deploy}. {' '.join(verdict.why)}",
        *(f"Next: {step}" for step in verdict.next_steps[:3]),
    ]


def one_line(claim: Claim) -> str:
    """`✓ identity: Says who it is`; of a claim that does not hold, the figures: `✗ style: A classifier tells …`."""
    return f"{MARKS[claim.status]} {claim.name}: {claim.statement if claim.status == SUPPORTED else claim.sentence}"
