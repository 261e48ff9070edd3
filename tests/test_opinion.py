"""The second opinion, from a real endpoint in this process: good, biased, garbage, broken, slow or not there at all."""

import json
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pandas as pd
import pytest
from evaluating import changed, measured_of, quiet

from marcus_nb.evaluate import opinion
from marcus_nb.evaluate.claims import BASE, DIFFERENCE, TUNED
from marcus_nb.evaluate.opinion import COLUMNS, TIE, UNSCORED, choice, judge_opinions, opinions
from marcus_nb.parameters import Evaluate, Shared

NELL = Shared(
    base_model="tiny",
    persona_name="Nell",
    system_prompt="You are Nell.",
    persona_description="Minds the boats.",
    seed=3,
)
PREFERRED, NEITHER, AGREES, MISSING = (
    "preferred by the judge",
    "neither preferred by the judge",
    "judge says the same in both orders",
    "unscored by the judge",
)


@pytest.fixture
def endpoint(monkeypatch):
    """`endpoint(answer)` → parameters whose judge is `answer(prompt, number)`, and the requests it was sent."""
    servers = []
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-another-service")
    monkeypatch.delenv(opinion.KEY, raising=False)

    def start(answer):
        asked = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                asked.append({"path": self.path, "key": self.headers["Authorization"], **body})
                said = answer(body["messages"][0]["content"], len(asked))
                status, kind, content = said if isinstance(said, tuple) else (200, "application/json", completion(said))
                try:
                    self.send_response(status)
                    self.send_header("Content-Type", kind)
                    self.send_header("Content-Length", str(len(content.encode())))
                    self.end_headers()
                    self.wfile.write(content.encode())
                except OSError:
                    pass  # the client had waited long enough

            def log_message(self, *_):
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        servers.append(server)
        return judged_by(f"http://127.0.0.1:{server.server_port}/v1"), asked

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def judged_by(url):
    return Evaluate(judge_base_url=url, judge_model="wise", bootstrap_samples=300)


def completion(said):
    message = {"role": "assistant", "content": said}
    choices = [{"index": 0, "message": message, "finish_reason": "stop"}]
    return json.dumps({"id": "1", "object": "chat.completion", "created": 1, "model": "wise", "choices": choices})


def refusal(status, message):
    return status, "application/json", json.dumps({"error": {"message": message}})


def frame(n=12):
    return pd.DataFrame(
        {
            "conversation": [f"c{place}" for place in range(n)],
            "question": [f"Question {place}?" for place in range(n)],
            "real": [f"Real {place}, skipper." for place in range(n)],
            "base": [f"Certainly {place}." for place in range(n)],
            "tuned": [f"Aye {place}." for place in range(n)],
        }
    )


def likes(word):
    """A judge that chooses the reply with this word."""
    return lambda prompt, _: f"ANSWER: {1 if word in prompt.split('Reply 1:')[1].split('Reply 2:')[0] else 2}"


def outcomes(found):
    return found["outcome"].value_counts().to_dict()


def test_a_good_judge_is_asked_in_both_orders_and_counted(endpoint):
    parameters, asked = endpoint(likes("Aye"))
    found, unscored = opinions(frame(), NELL, parameters, quiet)
    assert found.columns.tolist() == COLUMNS and unscored == []
    assert outcomes(found) == {TUNED: 12} and set(found["base_first"]) == set(found["tuned_first"]) == {TUNED}
    assert len(asked) == 24 and {item["path"] for item in asked} == {"/v1/chat/completions"}
    assert {item["model"] for item in asked} == {"wise"} and {item["temperature"] for item in asked} == {0}
    figures = judge_opinions(found, parameters, 1)
    won = measured_of(figures, PREFERRED, TUNED)
    assert (won.value, won.n, won.high) == (1.0, 12, pytest.approx(1)) and 0.7 < won.low < 0.8
    assert measured_of(figures, PREFERRED, BASE).value == 0 < measured_of(figures, PREFERRED, BASE).high
    assert (measured_of(figures, MISSING, DIFFERENCE).value, measured_of(figures, MISSING, DIFFERENCE).n) == (0, 12)


def test_the_judge_sees_the_persona_and_others_of_its_replies_and_neither_this_one_nor_who_wrote_which(endpoint):
    parameters, asked = endpoint(likes("Aye"))
    opinions(frame(), NELL, parameters, quiet)
    for item in asked:
        prompt = item["messages"][0]["content"]
        number = prompt.split("Now somebody writes:\n===\nQuestion ")[1].split("?")[0]
        assert "Nell" in prompt and "Minds the boats." in prompt
        assert prompt.count(", skipper.") == 3 and f"Real {number}," not in prompt
        assert "base" not in prompt and "tuned" not in prompt


def test_the_base_model_may_win(endpoint):
    parameters, _ = endpoint(likes("Certainly"))
    found, _ = opinions(frame(), NELL, parameters, quiet)
    assert outcomes(found) == {BASE: 12}


def test_a_judge_that_goes_by_the_place_prefers_nobody(endpoint):
    parameters, _ = endpoint(lambda *_: "ANSWER: 1")
    found, unscored = opinions(frame(), NELL, parameters, quiet)
    assert outcomes(found) == {TIE: 12} and not unscored
    figures = judge_opinions(found, parameters, 1)
    assert measured_of(figures, PREFERRED, TUNED).value == 0.0
    assert measured_of(figures, NEITHER, DIFFERENCE).value == 1.0
    assert measured_of(figures, AGREES, DIFFERENCE).value == 0.0


def test_the_same_reply_from_both_is_a_tie_that_nobody_is_asked_about(endpoint):
    parameters, asked = endpoint(likes("Aye"))
    replies = frame()
    replies.loc[:3, "base"] = replies.loc[:3, "tuned"].str.upper()
    found, _ = opinions(replies, NELL, parameters, quiet)
    assert outcomes(found) == {TUNED: 8, TIE: 4} and len(asked) == 16
    agrees = measured_of(judge_opinions(found, parameters, 1), AGREES, DIFFERENCE)
    assert (agrees.value, agrees.n) == (1.0, 8)


def test_a_model_that_learned_nothing_ties_with_its_base_everywhere(endpoint):
    parameters, asked = endpoint(likes("Aye"))
    found, unscored = opinions(frame().assign(tuned=frame()["base"]), NELL, parameters, quiet)
    assert (outcomes(found), unscored, asked) == ({TIE: 12}, [], [])


def test_what_cannot_be_read_is_unscored_with_what_was_said_and_never_a_loss(endpoint):
    def sometimes(prompt, number):
        return (
            "As a language model I like both."
            if "writes:\n===\nQuestion 5?" in prompt
            else likes("Aye")(prompt, number)
        )

    parameters, _ = endpoint(sometimes)
    found, unscored = opinions(frame(), NELL, parameters, quiet)
    assert outcomes(found) == {TUNED: 11, UNSCORED: 1}
    assert found["note"][5] == unscored[0][1].removeprefix("the judge: ") and unscored[0][0] == "c5"
    assert "I like both" in unscored[0][1]
    figures = judge_opinions(found, parameters, 1)
    assert (measured_of(figures, PREFERRED, TUNED).value, measured_of(figures, PREFERRED, TUNED).n) == (1.0, 11)
    assert (measured_of(figures, MISSING, DIFFERENCE).value, measured_of(figures, MISSING, DIFFERENCE).n) == (1.0, 12)


def test_garbage_only_leaves_everything_unscored_and_no_share(endpoint):
    parameters, _ = endpoint(lambda *_: "42 fish")
    found, unscored = opinions(frame(), NELL, parameters, quiet)
    assert outcomes(found) == {UNSCORED: 12} and len(unscored) == 12
    assert [(item.measure, item.value) for item in judge_opinions(found, parameters, 1)] == [(MISSING, 12.0)]


@pytest.mark.parametrize(
    "answer",
    [
        (200, "text/html", "<html>Welcome</html>"),
        (200, "application/json", "{"),
        (200, "application/json", "{}"),
        (200, "application/json", '{"choices": []}'),
        (200, "application/json", "[]"),
    ],
)
def test_what_is_no_such_endpoint_is_said_to_be_none(endpoint, answer):
    parameters, asked = endpoint(lambda *_: answer)
    found, unscored = opinions(frame(), NELL, parameters, quiet)
    assert outcomes(found) == {UNSCORED: 12} and len(asked) <= 4
    assert len(unscored) == 1 and "OpenAI-compatible" in unscored[0][1] and "12 of 12" in unscored[0][1]


def test_an_endpoint_that_breaks_down_is_left_alone_and_what_was_judged_is_kept(endpoint):
    def dies(prompt, number):
        return likes("Aye")(prompt, number) if number <= 10 else refusal(500, "out of memory")

    parameters, asked = endpoint(dies)
    lines = []
    found, unscored = opinions(frame(), NELL, parameters, lines.append)
    assert outcomes(found) == {TUNED: 5, UNSCORED: 7}
    assert len(asked) == 10 + opinion.TRIES * opinion.FAILURES
    assert len(unscored) == 1 and "7 of 12" in unscored[0][1]
    assert "HTTP 500" in unscored[0][1] and "out of memory" in unscored[0][1]
    assert parameters.judge_base_url in lines[0] and "5 of 12" in lines[-1]
    assert measured_of(judge_opinions(found, parameters, 1), PREFERRED, TUNED).n == 5


def test_one_failure_among_many_is_one_unscored_reply(endpoint):
    def hiccup(prompt, number):
        return refusal(500, "busy") if "writes:\n===\nQuestion 7?" in prompt else likes("Aye")(prompt, number)

    parameters, _ = endpoint(hiccup)
    found, unscored = opinions(frame(), NELL, parameters, quiet)
    assert outcomes(found) == {TUNED: 11, UNSCORED: 1} and unscored[0][0] == "c7" and "busy" in unscored[0][1]


@pytest.mark.parametrize(("status", "helps"), [(401, opinion.KEY), (403, opinion.KEY), (404, "evaluate.judge_model")])
def test_a_refusal_for_good_is_taken_at_once_and_says_what_helps(endpoint, status, helps):
    parameters, asked = endpoint(lambda *_: refusal(status, "no"))
    found, unscored = opinions(frame(), NELL, parameters, quiet)
    assert outcomes(found) == {UNSCORED: 12} and len(asked) == 1
    assert len(unscored) == 1 and helps in unscored[0][1] and f"HTTP {status}" in unscored[0][1]


def test_a_slow_judge_is_not_waited_for(endpoint, monkeypatch):
    monkeypatch.setattr(opinion, "SECONDS_A_REQUEST", 0.2)
    parameters, asked = endpoint(lambda *_: time.sleep(0.6) or "ANSWER: 1")
    started = time.monotonic()
    found, unscored = opinions(frame(), NELL, parameters, quiet)
    assert outcomes(found) == {UNSCORED: 12} and len(asked) == opinion.TRIES * opinion.FAILURES
    assert "no answer within 0.2 seconds" in unscored[0][1] and time.monotonic() - started < 10


def test_when_the_time_is_over_the_rest_is_unscored(endpoint, monkeypatch):
    monkeypatch.setattr(opinion, "SECONDS_IN_ALL", 0.3)
    parameters, _ = endpoint(lambda prompt, number: time.sleep(0.1) or likes("Aye")(prompt, number))
    found, unscored = opinions(frame(), NELL, parameters, quiet)
    assert 1 <= outcomes(found)[TUNED] <= 4 and outcomes(found)[TUNED] + outcomes(found)[UNSCORED] == 12
    assert len(unscored) == 1 and "0.3 seconds" in unscored[0][1]


def test_an_endpoint_that_is_down_leaves_everything_unscored_with_one_reason():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        parameters = judged_by(f"http://127.0.0.1:{free.getsockname()[1]}/v1")
    replies = frame()
    replies.loc[0, "base"] = replies.loc[0, "tuned"]  # no tie without a judge
    found, unscored = opinions(replies, NELL, parameters, quiet)
    assert outcomes(found) == {UNSCORED: 12} and len(unscored) == 1
    assert "12 of 12" in unscored[0][1] and "cannot be reached" in unscored[0][1]
    assert parameters.judge_base_url in unscored[0][1] and set(found["note"]) == {unscored[0][1].split(": ", 1)[1]}


@pytest.mark.parametrize("url", ["127.0.0.1:9/v1", "ftp://127.0.0.1/v1", "http://[", "http://\x07"])
def test_an_address_that_is_none_is_no_exception(url):
    found, unscored = opinions(frame(), NELL, judged_by(url), quiet)
    assert outcomes(found) == {UNSCORED: 12} and len(unscored) == 1


def test_the_key_is_the_environments_own_and_shows_nowhere(endpoint, monkeypatch):
    parameters, asked = endpoint(lambda *_: refusal(401, "Incorrect API key provided: s3cret"))
    opinions(frame(), NELL, parameters, quiet)
    assert asked[0]["key"] == "Bearer none", "no key of another service goes there"
    monkeypatch.setenv(opinion.KEY, " s3cret\n")
    lines = []
    found, unscored = opinions(frame(), NELL, parameters, lines.append)
    assert asked[-1]["key"] == "Bearer s3cret"
    assert "s3cret" not in f"{unscored} {found.to_dict()} {lines}"


@pytest.mark.parametrize("key", ["schlüssel", "two\nlines"])
def test_a_key_that_cannot_be_sent_is_no_exception(endpoint, monkeypatch, key):
    monkeypatch.setenv(opinion.KEY, key)
    parameters, _ = endpoint(likes("Aye"))
    found, unscored = opinions(frame(), NELL, parameters, quiet)
    assert outcomes(found) == {UNSCORED: 12} and key not in str(unscored)


def test_a_model_that_wants_no_temperature_is_asked_without(endpoint):
    refused = []

    def picky(prompt, number):
        if not refused:
            refused.append(number)
            return refusal(400, "Unsupported value: 'temperature'")
        return likes("Aye")(prompt, number)

    parameters, asked = endpoint(picky)
    found, _ = opinions(frame(), NELL, parameters, quiet)
    assert outcomes(found) == {TUNED: 12} and "temperature" not in asked[-1] and len(asked) == 25


def test_without_a_judge_nothing_is_asked_and_without_its_model_it_says_so():
    found, unscored = opinions(frame(), NELL, Evaluate(), quiet)
    assert (len(found), found.columns.tolist(), unscored) == (0, COLUMNS, [])
    assert judge_opinions(found, Evaluate(), 1) == []
    found, unscored = opinions(frame(), NELL, Evaluate(judge_base_url="http://127.0.0.1:9/v1"), quiet)
    assert outcomes(found) == {UNSCORED: 12} and "evaluate.judge_model" in unscored[0][1]


def test_it_asks_no_more_replies_than_a_claim_may(endpoint):
    parameters, asked = endpoint(likes("Aye"))
    found, _ = opinions(frame(), NELL, changed(parameters, replies_per_claim=4), quiet)
    assert len(found) == 4 and len(asked) == 8


def test_the_interval_draws_conversations():
    wins = pd.DataFrame({"outcome": [TUNED] * 40 + [BASE] * 40, "tuned_first": TUNED, "base_first": TUNED})
    apart, together = (wins.assign(conversation=[f"c{place // size}" for place in range(80)]) for size in (1, 8))
    narrow, wide = (measured_of(judge_opinions(f, Evaluate(), 1), PREFERRED, TUNED) for f in (apart, together))
    assert narrow.value == wide.value == 0.5 and narrow.n == wide.n == 80
    assert wide.high - wide.low > 2 * (narrow.high - narrow.low)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("ANSWER: 1", 1),
        ("answer: 2.", 2),
        ("**ANSWER:** 2", 2),
        ("Reply 2 is blunt, reply 1 warm.\nANSWER: reply 1", 1),
        ("1", 1),
        (" Reply 2.\n", 2),
        ("<think>ANSWER: 1? No.</think>ANSWER: 2", 2),
        ("ANSWER: 1 or ANSWER: 2", None),
        ("ANSWER: 12", None),
        ("ANSWER: 3", None),
        ("Reply 1 has 2 flaws.", None),
        ("<think>ANSWER: 1", None),
        ("", None),
        ("Neither.", None),
    ],
)
def test_the_choice_is_read_or_it_is_none(said, expected):
    assert choice(said) == expected
