"""Real clients through the gateway to the sandbox while tokens die: none of them sees an error, and each death costs one refresh."""

import json
import os
import subprocess

import agents
from checks import Checks
from home import Home
from processes import OUTSIDE, environment
from servers import Sandbox

CALLS = 50
# Before which call the token dies, and in which words; a stream meets the ones that are events.
DEATHS = {9: "stale-wke", 24: "stale-code", 40: "stale-stream"}
NPM = ("openai-chat", "openai-responses", "ai-compatible", "ai-xai")


def main():
    checks, figures = Checks("clients"), []
    with checks, Sandbox() as sandbox, Home({"acme": sandbox.row("acme")}) as home:
        checks.done("login", home.login("acme", sandbox))
        with home.serve() as gateway:
            figures.append(talk(checks, sandbox, "PyPI openai", python(f"{gateway.base_url}/v1")))
            with Node(f"{gateway.base_url}/v1", home.scratch.name) as node:
                for client in NPM:
                    figures.append(talk(checks, sandbox, f"npm {client}", node.client(client)))
            if os.environ.get("SHOW_FULL"):
                for name, ask in agents.all_of(gateway):
                    figures.append(talk(checks, sandbox, name, ask))
    calls, errors, deaths, refreshes = map(sum, zip(*figures))
    checks.finish(f"{len(figures)} clients, {calls} calls, {deaths} tokens died, {errors} errors seen, {refreshes} refreshes")


def talk(checks, sandbox, name, ask):
    """All the calls of one client; how many calls, errors, deaths and refreshes that were."""
    before, errors = sandbox.counters(), []
    for call in range(CALLS):
        if call in DEATHS:
            sandbox.order("expire", wording=DEATHS[call])
        prompt = f"call {call}"
        try:
            text = ask(prompt, call % 2 == 0)
        except Exception as error:  # Whatever a client throws is what its user sees.
            errors.append(f"{prompt}: {type(error).__name__}: {error}")
            continue
        if prompt not in (text or ""):
            errors.append(f"{prompt}: answered {text!r}")
    after = sandbox.counters()
    refreshes = after["refreshes"] - before["refreshes"]
    checks.equal(f"{name}: errors of {CALLS} calls", errors, [])
    checks.equal(f"{name}: refreshes of {len(DEATHS)} deaths", refreshes, len(DEATHS))
    checks.equal(f"{name}: reuses of a spent token", after["refresh_reuses"] - before["refresh_reuses"], 0)
    return CALLS, len(errors), len(DEATHS), refreshes


def python(base_url):
    """The PyPI `openai` client, by both surfaces in turn."""
    import openai

    client = openai.OpenAI(base_url=base_url, api_key="none-is-needed-on-loopback", max_retries=0)

    def ask(prompt, stream):
        if int(prompt.split()[-1]) % 4 < 2:
            answer = client.chat.completions.create(model="grok-4.3", stream=stream, messages=[{"role": "user", "content": prompt}])
            if not stream:
                return answer.choices[0].message.content
            return "".join(part.choices[0].delta.content or "" for part in answer if part.choices)
        answer = client.responses.create(model="grok-4.3", stream=stream, input=prompt)
        if not stream:
            return answer.output_text
        return "".join(event.delta for event in answer if event.type == "response.output_text.delta")

    return ask


class Node:
    """The npm clients in a process of theirs."""

    def __init__(self, base_url, home):
        command = ["node", str(OUTSIDE / "node" / "clients.mjs"), base_url]
        self.process = subprocess.Popen(command, env=environment(home), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait(30)
        self.process.stdout.close()

    def client(self, name):
        """A way to ask by one of them."""

        def ask(prompt, stream):
            self.process.stdin.write(json.dumps({"client": name, "prompt": prompt, "stream": stream}) + "\n")
            self.process.stdin.flush()
            answer = json.loads(self.process.stdout.readline())
            if "error" in answer:
                raise RuntimeError(answer["error"])
            return answer["text"]

        return ask


if __name__ == "__main__":
    main()
