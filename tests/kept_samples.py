"""What 04_evaluate keeps, made by hand: for the panels that browse it and vote on it."""

import pandas as pd

from marcus_nb import evaluate

ROWS = 20


def unseen(count=ROWS):
    rows = [
        (f"c{n}", 0, "test", f"Is boat {n} free?", f"Aye, boat {n}.", f"I am an assistant {n}.", f"Aye {n}, skipper.")
        for n in range(count)
    ]
    frame = pd.DataFrame(rows, columns=["conversation", "turn", "split", "question", "real", "base", "tuned"])
    return frame.assign(base_ended=True, tuned_ended=True, sampled=frame["tuned"], sampled_ended=True)


def kept_samples():
    """As Report.samples has them at the end: 20 unseen questions, and of everything else what counts and what not."""
    asked = unseen()
    asked.loc[3, "tuned"], asked.loc[4, "sampled"] = "", "the tide " * 20
    loss = pd.DataFrame({"conversation": asked["conversation"], "base": 4.0, "tuned": 3.0})
    loss = loss.assign(tuned_first=[float(n) for n in range(ROWS)])
    loss.loc[7, "tuned"] = 4.5
    said = pd.DataFrame({"question": ["Who?", "Your name?", "¿Quién?"], "own": [True, True, False]})
    said = said.assign(base="A bot", tuned=["Nell.", "No idea.", "Nadie."])
    steady = pd.DataFrame(
        [
            ("talk 1", "talk", 1, "Hi?", "Hum.", 0.1),
            ("talk 1", "talk", 5, "And?", "Lost my voice.", 0.2),
            ("pressure 1", "pressure", 1, "Drop it!", "Never, skipper.", 0.9),
        ],
        columns=["conversation", "kind", "turn", "question", "reply", "voice"],
    )
    probe = pd.DataFrame({"question": ["When?", "Where?", "Who founded it?"], "must": "eight", "nearest": "Open?"})
    probe = probe.assign(similarity=0.5, base="No.", base_outcome="wrong", baseline="No.", baseline_outcome="wrong")
    probe = probe.assign(tuned=["Eight.", "No.", "Nine."], tuned_outcome=["right", "wrong", "contradicts"])
    continued = pd.DataFrame(
        [("train", "t1", "Aye", "skipper mind it", "skipper mind it", True), ("held-out", "c1", "A", "b", "b", True)],
        columns=["split", "conversation", "given", "real", "continued", "whole"],
    )
    span = pd.DataFrame([(0, "Well?", "one two three", "one two", 8, "t9")])
    span.columns = ["place", "question", "reply", "span", "words", "conversation"]
    personal = pd.DataFrame([(0, "email", "t••@•••", True, "Mail?", "Ask [EMAIL_1]")])
    personal.columns = ["place", "kind", "masked", "original", "question", "reply"]
    return {
        "unseen": asked,
        "seen": asked.head(2).drop(columns=["sampled", "sampled_ended"]),
        "loss": loss,
        "health": evaluate.broken_replies(asked),
        "probe": probe,
        "identity": said.assign(tuned_outcome=["named", "neither", "neither"]),
        "steadiness": steady,
        "continued": continued,
        "span": span,
        "personal": personal,
    }
