"""l: what 10,000 mixed answers used, by `evergrant usage`, against what the sandbox told; then a kill -9 under load."""

import http.client
import json
import os
import signal
import sys
import threading
import time
from urllib.parse import urlsplit

from checks import Checks
from home import Home
from servers import Sandbox

ANSWERS = 40_000 if "--full" in sys.argv else 10_000
WORKERS = 8
KEYS = ("ci", "laptop", "agent")
LOAD_SECS = 6.0
# What a crash may cost.
LOST_SECS = 1.0
SURFACES = ("/v1/chat/completions", "/v1/responses", "/v1/messages", "/p/acme/chat/completions", "/v1/embeddings")


def main():
    checks, figure = Checks("usage"), ""
    with checks, Sandbox() as sandbox, Home({"acme": sandbox.row("acme")}) as home:
        checks.done("login", home.login("acme", sandbox))
        keys = [None] + [home.run("key", "add", name, "--json").json["key"] for name in KEYS]
        counted = mixed(checks, sandbox, home, keys)
        figure = killed(checks, sandbox, home, keys, counted)
    checks.finish(figure)


def mixed(checks, sandbox, home, keys):
    """Every surface, whole and streamed, by every key and without one; what `usage` says at the end."""
    numbers = iter(range(ANSWERS))
    with home.serve() as gateway:
        began = time.monotonic()
        answers = together(gateway.base_url, keys, lambda: next(numbers, None))
        took = time.monotonic() - began
        wrong = [answer for answer in answers if answer.status != 200]
        checks.equal("answers", len(answers), ANSWERS)
        checks.equal("answers that are not 200", len(wrong), 0)
        # Not drained: within a second everything is written by itself.
        time.sleep(LOST_SECS)
        shown = total(home)
    told = told_by(sandbox)
    checks.equal("tokens in, out, cached by `usage`, which the sandbox told", shown, told)
    checks.equal("the same as the clients were told", added(answers), told)
    by_key = home.run("usage", "--by", "key", "--json").json.get("usage", [])
    checks.equal("keys", [row["key"] for row in by_key], [None, *sorted(KEYS)])
    checks.equal("requests by key", sum(row["requests"] for row in by_key), ANSWERS)
    for by in ("model", "credential", "day"):
        checks.equal(f"the same sum by {by}", total(home, by), told)
    print(f"usage: {ANSWERS} answers in {took:.1f} s, tokens in {shown[0]}, out {shown[1]}, cached {shown[2]}", flush=True)
    # As it is after a gateway that ended in order: what the next one has not written is then not made up for by this one.
    return total(home)


def killed(checks, sandbox, home, keys, before):
    """A gateway that is killed under load: what `usage` lacks was answered in the last second."""
    numbers = iter(range(1 << 30))
    stop = threading.Event()
    with home.serve() as gateway:
        found = []
        load = threading.Thread(
            target=lambda: found.extend(together(gateway.base_url, keys, lambda: None if stop.is_set() else next(numbers)))
        )
        load.start()
        time.sleep(LOAD_SECS)
        at = time.monotonic()
        os.kill(gateway.process.pid, signal.SIGKILL)
        stop.set()
        load.join()
    answers = [answer for answer in found if answer.status == 200]
    counted = tuple(now - then for now, then in zip(total(home), before))
    told = tuple(now - then for now, then in zip(told_by(sandbox), before))
    old = [answer for answer in answers if answer.at < at - LOST_SECS]
    checks.check("answers before the kill", len(old) > 100, len(answers))
    settled = added(old)
    for what, have, least, most in zip(("in", "out", "cached"), counted, settled, told):
        checks.check(f"tokens {what}: all but those of the last second are counted", least <= have <= most, f"{least} <= {have} <= {most}")
    missing = added(answers)[1] - counted[1]
    last = added([answer for answer in answers if answer.at >= at - LOST_SECS])[1]
    age = lost_age(answers, counted[1], at)
    return f"kill -9 under load: {len(answers)} answers, {max(missing, 0)} tokens out of {last} of the last second missing, the oldest {age:.2f} s old"


def lost_age(answers, counted, at):
    """How old the oldest answer was that is not counted, if they are counted in the order in which they came."""
    for answer in sorted(answers, key=lambda answer: answer.at):
        counted -= answer.tokens[1]
        if counted < 0:
            return at - answer.at
    return 0.0


class Answer:
    """One answer as its client saw it."""

    def __init__(self, status, tokens):
        self.status, self.tokens, self.at = status, tokens, time.monotonic()


def together(base_url, keys, number):
    """All answers of some workers that ask for as long as there are numbers."""
    answers, lock = [], threading.Lock()

    def work():
        address = urlsplit(base_url)
        connection = http.client.HTTPConnection(address.hostname, address.port, timeout=30)
        while True:
            with lock:
                turn = number()
            if turn is None:
                break
            try:
                answers.append(ask(connection, keys, turn))
            except (OSError, http.client.HTTPException):
                connection.close()
                answers.append(Answer(0, (0, 0, 0)))
                time.sleep(0.01)
        connection.close()

    workers = [threading.Thread(target=work) for _ in range(WORKERS)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return answers


def ask(connection, keys, turn):
    """One question: surface, form, key and length by its number."""
    path = SURFACES[turn % len(SURFACES)]
    stream = turn // len(SURFACES) % 2 == 1 and "embeddings" not in path
    key = keys[turn // (2 * len(SURFACES)) % len(keys)]
    said = "hello " * (1 + turn % 7)
    body = {"model": "grok-4.3", "max_tokens": 64, "stream": stream}
    if "responses" in path or "embeddings" in path:
        body["input"] = said
    else:
        body["messages"] = [{"role": "user", "content": said}]
    if stream and "chat" in path:
        body["stream_options"] = {"include_usage": True}
    headers = {"content-type": "application/json"}
    if key:
        carried = turn % 3
        headers |= ({"authorization": f"Bearer {key}"}, {"x-api-key": key}, {"x-goog-api-key": key})[carried]
    connection.request("POST", path, json.dumps(body), headers)
    answer = connection.getresponse()
    text = answer.read().decode()
    return Answer(answer.status, used(text, stream) if answer.status == 200 else (0, 0, 0))


def used(text, stream):
    """Tokens in, out and cached, as an answer tells them."""
    documents = [json.loads(text)] if not stream else [json.loads(line[6:]) for line in text.splitlines() if line.startswith("data: {")]
    usage = {}
    for document in documents:
        inner = document.get("response") or document.get("message") or {}
        usage |= document.get("usage") or inner.get("usage") or {}
    if "prompt_tokens" in usage:
        cached = usage.get("prompt_tokens_details", {}).get("cached_tokens", 0)
        return usage["prompt_tokens"], usage.get("completion_tokens", 0), cached
    if "input_tokens_details" in usage:
        return usage["input_tokens"], usage["output_tokens"], usage["input_tokens_details"]["cached_tokens"]
    cached = usage["cache_read_input_tokens"]
    return usage["input_tokens"] + cached, usage["output_tokens"], cached


def added(answers):
    """The sum of some answers."""
    return tuple(sum(answer.tokens[place] for answer in answers) for place in range(3))


def total(home, by="key"):
    """What `usage` shows in all."""
    shown = home.run("usage", "--by", by, "--json").json.get("total", {})
    return tuple(shown.get(name, 0) for name in ("input", "output", "cached"))


def told_by(sandbox):
    """What the sandbox counted that it told; messages alone leave out of their input what came from a cache."""
    told = (0, 0, 0)
    for path, counts in sandbox.counters()["tokens_told"].items():
        apart = counts["cached"] if path == "/messages" else 0
        told = tuple(map(sum, zip(told, (counts["input"] + apart, counts["output"], counts["cached"]))))
    return told


if __name__ == "__main__":
    main()
