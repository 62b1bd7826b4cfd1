"""The PyPI `openai` client through the gateway to the sandbox, while the token dies in every wording."""

from checks import Checks
from home import Home
from servers import Sandbox

CALLS = 300
WORDINGS = (
    "stale-wke",
    "stale-reason-message",
    "stale-code",
    "stale-phrase",
    "stale-upper",
    "stale-unknown-reason",
    "stale-401",
    "stale-both",
    "stale-stream",
    "stale-stream-nested",
)


def main():
    checks, figure = Checks("client"), ""
    with checks, Sandbox() as sandbox, Home({"acme": sandbox.row("acme")}) as home:
        checks.done("login", home.login("acme", sandbox))
        with home.serve() as gateway:
            figure = talk(checks, sandbox, gateway)
    checks.finish(figure)


def talk(checks, sandbox, gateway):
    """All the calls; the token dies before one in thirty. The figure."""
    import openai

    # No retry of its own: whatever is repaired, the gateway repairs.
    client = openai.OpenAI(base_url=f"{gateway.base_url}/v1", api_key="none-is-needed-on-loopback", max_retries=0)
    every = CALLS // len(WORDINGS)
    errors, repaired, wrongly = [], {}, []
    streamed = 0
    for call in range(CALLS):
        dies = call % every == every // 2
        wording = WORDINGS[call // every]
        if dies:
            sandbox.order("expire", wording=wording)
        # Each wording also meets a stream: those that are events of one, and the plain ones in turn.
        stream = call % 2 == 0 if not dies else wording.startswith("stale-stream") or (call // every) % 2 == 0
        streamed += stream
        try:
            text, headers = ask(client, call, stream)
        except openai.OpenAIError as error:
            errors.append(f"call {call} ({'stream' if stream else 'plain'}, {wording}): {error}")
            continue
        if not text:
            errors.append(f"call {call}: an empty answer")
        repair = headers.get("x-evergrant-repaired")
        if dies:
            repaired[wording] = repair
        elif repair is not None:
            wrongly.append(call)
    counters = sandbox.counters()
    checks.equal("errors at the client", errors, [])
    checks.check(f"calls of {CALLS} that were streamed", abs(streamed - CALLS // 2) <= len(WORDINGS), streamed)
    for wording in WORDINGS:
        checks.equal(f"{wording}: x-evergrant-repaired", repaired.get(wording), "refresh")
    checks.equal("answers that say so without need", wrongly, [])
    checks.equal("refresh requests", counters["refreshes"], len(WORDINGS))
    checks.equal("reuses of a spent token", counters["refresh_reuses"], 0)
    return f"{CALLS} calls, {streamed} streamed, {len(errors)} errors, {counters['refreshes']} refresh requests"


def ask(client, call, stream):
    """One call by either surface; the text and the headers of the answer."""
    prompt = f"call {call}"
    if call % 4 < 2:
        surface, said = client.chat.completions, {"messages": [{"role": "user", "content": prompt}]}
    else:
        surface, said = client.responses, {"input": prompt}
    raw = surface.with_raw_response.create(model="grok-4.3", stream=stream, **said)
    answer = raw.parse()
    if call % 4 < 2:
        text = "".join(part.choices[0].delta.content or "" for part in answer if part.choices) if stream else answer.choices[0].message.content
    else:
        text = "".join(event.delta for event in answer if event.type == "response.output_text.delta") if stream else answer.output_text
    return text, raw.headers


if __name__ == "__main__":
    main()
