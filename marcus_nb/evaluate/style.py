"""Does it sound like the persona? A classifier tries to tell its replies from the real ones.

A classifier two-sample test (arXiv 1610.06545) on character n-grams, by which authorship is told (arXiv 2509.24930).
"""

import re
from collections.abc import Callable, Hashable, Sequence

import numpy as np
import pandas as pd
from scipy.special import expit
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold

from marcus_nb.evaluate.claims import (
    BASE,
    REAL,
    REFUTED,
    SUPPORTED,
    TUNED,
    Claim,
    Measured,
    at_most,
    interval,
    not_measurable,
)
from marcus_nb.evaluate.statistics import auc, bootstrap
from marcus_nb.parameters import Evaluate
from marcus_nb.words import worded

FOLDS = 5
WIDER = (1 + FOLDS / (FOLDS - 1)) ** 0.5
HALVINGS = 5  # of the real replies, for the ceiling
PERMUTATIONS = 1000
TOLD_APART, BY_LENGTH = worded("told from real replies"), worded("told from real replies by length alone")
ACCEPTED = 0.9  # share of the persona's own replies that a voice takes for its own


def judge_style(replies: pd.DataFrame, parameters: Evaluate, seed: int) -> tuple[list[Measured], Claim]:
    """The claim that its replies cannot well be told from the persona's real ones, from the unseen replies.

    The area under the curve (AUC) of a classifier that never saw the conversation it judges: 0.5 when it can only
    guess, 1.0 when it always tells. Floor: the base model's replies; ceiling: one half of the real ones against the
    other. By length alone, too, so that one sees what that explains. The p-value swaps the two labels of each pair.
    """
    name, statement = "style", worded("Sounds like the persona itself")
    answered = replies[(replies["real"].str.strip() != "") & (replies["tuned"].str.strip() != "")]
    n = len(answered)
    if n < parameters.min_style_replies:
        why = worded(
            "Not measurable: {n} unseen replies, where a classifier needs {needed}; bring more conversations.",
            n=n,
            needed=parameters.min_style_replies,
        )
        return [], not_measurable(name, statement, why, n)
    found, words = [], {}
    for who in (BASE, TUNED):
        pairs = answered[answered[who].str.strip() != ""]
        if pairs["conversation"].nunique() < FOLDS:  # a base model that says nothing can be told without a classifier
            continue
        texts, made, clusters = _paired(pairs, who)
        for measure, features in (
            (TOLD_APART, _characters(texts)),
            (BY_LENGTH, _lengths(texts)),
        ):
            scores = _scores(features, made, clusters, seed)
            value, low, high = _interval(scores, made, clusters, parameters, seed)
            words[who, measure] = value
            found.append(Measured(name, measure, "AUC", "lower", who, value, low, high, len(pairs)))
            if (who, measure) == (TUNED, TOLD_APART):
                decided, chance = (value, low, high), _p_value(scores, made, len(pairs), seed)
    ceiling = _halves(answered["real"].tolist(), answered["conversation"].tolist(), parameters, seed)
    found.append(Measured(name, TOLD_APART, "AUC", "lower", REAL, *ceiling, n))
    value, low, high = decided
    base, wanted = words.get((BASE, TOLD_APART), 1.0), parameters.max_style_auc
    status = at_most(value, low, high, wanted)
    if low >= base:
        status = REFUTED
    sentence = worded(
        "A classifier tells its replies from the real ones with AUC {value} ({confidence} interval {low} to {high}, "
        "n = {n}, p = {chance}), the base model's with {base}, one half of the real ones from the other with "
        "{ceiling}; 0.50 is perfect, asked for: at most {wanted}. By length alone: {by_length}.",
        value=f"{value:.2f}",
        **interval(low, high, parameters.confidence, ".2f"),
        n=n,
        chance=f"{chance:.3f}",
        base=f"{base:.2f}",
        ceiling=f"{ceiling[0]:.2f}",
        wanted=f"{wanted:.2f}",
        by_length=f"{words[TUNED, BY_LENGTH]:.2f}",
    )
    advice = worded("Train for more steps, or with more of the persona's own replies: its style is off.")
    advice = "" if status == SUPPORTED else advice
    return found, Claim(name, statement, value, low, high, n, wanted, status, sentence, advice)


def voice(real: Sequence[str], others: Sequence[str], seed: int) -> Callable[[Sequence[str]], np.ndarray]:
    """How probably a text is in the persona's voice: `voice(real, others, 1)(["Aye, skipper."])` → array([0.93]).

    Learned from the persona's real (training) replies against others (the base model's). 0.5 is where nine of ten of
    the persona's own replies lie above, judged by classifiers that had not seen them.
    """
    texts = [_plain(text) for text in (*real, *others)]
    mine = np.arange(len(texts)) < len(real)
    words = _vectorizer()
    features = words.fit_transform(texts)
    unseen = _scores(features, mine, range(len(texts)), seed)
    cut = float(np.quantile(unseen[mine], 1 - ACCEPTED))
    model = _classifier(seed).fit(features, mine)

    def tell(said: Sequence[str]) -> np.ndarray:
        if not said:
            return np.zeros(0)
        given = [_plain(text) for text in said]
        scores = expit(model.decision_function(words.transform(given)) - cut)
        return np.where([bool(text) for text in given], scores, 0.0)

    return tell


def _paired(replies: pd.DataFrame, who: str) -> tuple[list[str], np.ndarray, list[Hashable]]:
    """Texts (the real ones first), which of them the model made, and their conversations.

    Where the model was cut short, both of a pair are cut to the same number of words, and lose the word that may have
    been cut in two: otherwise its missing end would give it away.
    """
    real, made = [], []
    for row in replies.itertuples():
        first, second = _plain(row.real).split(" "), _plain(getattr(row, who)).split(" ")
        if not getattr(row, f"{who}_ended"):
            words = max(1, min(len(first), len(second)) - 1)
            first, second = first[:words], second[:words]
        real.append(" ".join(first))
        made.append(" ".join(second))
    clusters = replies["conversation"].tolist()
    return real + made, np.arange(2 * len(real)) >= len(real), clusters + clusters


def _plain(text: str) -> str:
    """Line breaks are the file's more than the persona's."""
    return re.sub(r"\s+", " ", text).strip()


def _vectorizer() -> TfidfVectorizer:
    return TfidfVectorizer(analyzer="char", ngram_range=(2, 5), sublinear_tf=True, lowercase=False, min_df=2)


def _characters(texts: Sequence[str]) -> np.ndarray:
    return _vectorizer().fit_transform(texts)


def _lengths(texts: Sequence[str]) -> np.ndarray:
    counts = np.array([(len(text), text.count(" ") + 1) for text in texts], dtype=float)
    return np.column_stack([np.log1p(counts), np.log1p(counts) ** 2])


def _classifier(seed: int) -> LogisticRegression:
    return LogisticRegression(C=10, class_weight="balanced", max_iter=300, random_state=seed)


def _scores(features: np.ndarray, labels: np.ndarray, clusters: Sequence[Hashable], seed: int) -> np.ndarray:
    """Score of each text from a classifier that saw no text of its conversation.

    The features carry no label, so they are counted over all texts at once.
    """
    names = {cluster: place for place, cluster in enumerate(dict.fromkeys(clusters))}
    groups = np.array([names[cluster] for cluster in clusters])
    scores = np.zeros(len(labels))
    folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed)
    for train, test in folds.split(features, labels, groups):
        scores[test] = _classifier(seed).fit(features[train], labels[train]).decision_function(features[test])
    return scores


def _interval(
    scores: np.ndarray, labels: np.ndarray, clusters: Sequence[Hashable], parameters: Evaluate, seed: int
) -> tuple[float, float, float]:
    """The AUC of these scores, its interval from conversations drawn again, and widened for what that leaves out.

    Drawing again over fixed scores misses that other conversations would have made another classifier. Nadeau and
    Bengio (Machine Learning 52, 2003): the variance of the K folds' mean is not S²/K but S²(1/K + 1/(K - 1)).
    """
    samples = min(parameters.bootstrap_samples, 1000)
    value, low, high = bootstrap(
        lambda places: auc(scores[places], labels[places]), clusters, parameters.confidence, samples, seed
    )
    return value, max(0.0, value - WIDER * (value - low)), min(1.0, value + WIDER * (high - value))


def _p_value(scores: np.ndarray, labels: np.ndarray, pairs: int, seed: int) -> float:
    """How often an AUC as far from 0.5 comes when chance says which of a pair is the real one (Phipson, Smyth 2010).

    The classifier is not fitted again, so what chance gives is widened as the interval is.
    """
    chance = np.random.default_rng(seed)
    here = abs(auc(scores, labels) - 0.5)
    further = 0
    for _ in range(PERMUTATIONS):
        swapped = chance.random(pairs) < 0.5
        drawn = np.where(np.concatenate([swapped, swapped]), ~labels, labels)
        further += WIDER * abs(auc(scores, drawn) - 0.5) >= here - 1e-12
    return (further + 1) / (PERMUTATIONS + 1)


def _halves(
    real: Sequence[str], conversations: Sequence[Hashable], parameters: Evaluate, seed: int
) -> tuple[float, float, float]:
    """What the same classifier makes of one half of the real replies against the other, over several halvings."""
    features = _characters([_plain(text) for text in real])
    names = list(dict.fromkeys(conversations))
    found = []
    for halving in range(HALVINGS):
        chosen = np.random.default_rng([seed, halving]).permutation(len(names)) < len(names) / 2
        first = dict(zip(names, chosen, strict=True))
        labels = np.array([first[name] for name in conversations])
        scores = _scores(features, labels, conversations, seed)
        found.append(_interval(scores, labels, conversations, parameters, seed + halving))
    return tuple(float(value) for value in np.mean(found, axis=0))
