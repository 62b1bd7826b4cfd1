"""A home directory that is thrown away, and the real binary run in it."""

import json
import os
import subprocess
import tempfile
import time
from datetime import datetime
from pathlib import Path

import wire
from processes import PATIENCE_SECS, Child, environment, evergrant


class Run:
    """A run that has ended."""

    def __init__(self, arguments, exit, stdout, stderr):
        self.arguments, self.exit, self.stdout, self.stderr = arguments, exit, stdout, stderr

    @property
    def json(self):
        """stdout as one document; empty where it is none."""
        try:
            return json.loads(self.stdout)
        except ValueError:
            return {}

    @property
    def events(self):
        """stdout as one document a line."""
        return [json.loads(line) for line in self.stdout.splitlines() if line.startswith("{")]

    def code(self):
        """The stable code of a failure, or nothing."""
        return self.json.get("error", {}).get("code", "")

    def __str__(self):
        return f"evergrant {' '.join(self.arguments)}: exit {self.exit} {self.stdout.strip()} {self.stderr.strip()}"


class Home:
    """A scratch home with these rows; `variables` are added to its bare environment."""

    def __init__(self, rows, config="", **variables):
        self.scratch = tempfile.TemporaryDirectory(prefix="evergrant-home-", ignore_cleanup_errors=True)
        self.path = Path(self.scratch.name) / "home"
        (self.path / "providers.d").mkdir(parents=True)
        os.chmod(self.path, 0o700)
        for id, row in rows.items():
            (self.path / "providers.d" / f"{id}.toml").write_text(row)
        if config:
            (self.path / "config.toml").write_text(config)
        self.variables = environment(self.scratch.name, EVERGRANT_HOME=str(self.path), **variables)
        self.logged = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.scratch.cleanup()

    def start(self, *arguments):
        """Starts a run whose end is waited for with `ended`."""
        return subprocess.Popen(
            [evergrant(), *arguments],
            env=self.variables,
            cwd=self.scratch.name,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def ended(self, process, arguments, input=None):
        """Waits for the end of a run."""
        try:
            stdout, stderr = process.communicate(input, timeout=PATIENCE_SECS)
        except subprocess.TimeoutExpired:
            process.kill()
            stdout, stderr = process.communicate()
            stderr += f"\nkilled after {PATIENCE_SECS} s"
        run = Run(arguments, process.returncode, stdout, stderr)
        self.logged.append(run)
        return run

    def run(self, *arguments, input=""):
        """Runs it to its end."""
        return self.ended(self.start(*arguments), arguments, input)

    def at_once(self, count, *arguments):
        """So many of the same run, held at a gate until all of them are there, then let go together."""
        gate, opener = os.pipe()
        held = ["sh", "-c", 'read -r _; exec "$0" "$@"', evergrant(), *arguments]
        pipes = {"stdin": gate, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        processes = [subprocess.Popen(held, env=self.variables, cwd=self.scratch.name, **pipes) for _ in range(count)]
        os.close(gate)
        os.close(opener)
        return [self.ended(process, arguments) for process in processes]

    def serve(self, *arguments, log=None):
        """A running gateway."""
        return Gateway(self, arguments, log)

    # Logins, as a person does them

    def login(self, provider, server, flow="paste", *arguments):
        """A whole login; a run with every event on stdout."""
        arguments = ("login", provider, "--json", "--no-browser", "--flow", flow, *arguments)
        process = self.start(*arguments)
        first = process.stdout.readline()
        event = json.loads(first) if first.startswith("{") else {}
        if "event" not in event:
            return self._with(first, self.ended(process, arguments))
        pasted = None
        if event["event"] == "device":
            server.approve_device(event["verification_uri_complete"])
        elif flow == "paste":
            pasted = f"{server.authorize(event['url'])}\n"
        else:
            server.visit(event["url"])
        return self._with(first, self.ended(process, arguments, pasted))

    @staticmethod
    def _with(first, run):
        run.stdout = first + run.stdout
        return run

    # What is known afterwards

    def credential(self, provider):
        """The provider's first credential as `status --json` shows it."""
        shown = self.run("status", provider, "--json").json
        return next(iter(shown.get("credentials", [])), {})

    def name(self, provider):
        """The name under which commands know the provider's first credential."""
        return f"{provider}/{self.credential(provider).get('label')}"

    def token(self, provider, *arguments):
        """What `token --json` says."""
        return self.run("token", provider, "--json", *arguments)

    def expires_at(self, provider):
        """When the access token that is kept now expires, in whole seconds since 1970."""
        return datetime.fromisoformat(self.credential(provider)["expires_at"].replace("Z", "+00:00")).timestamp()

    def wait_past_expiry(self, provider):
        """Lets the access token that is kept now expire; its time is written in whole seconds, so one more."""
        time.sleep(max(0.0, self.expires_at(provider) - time.time()) + 1.1)


class Gateway(Child):
    """`evergrant serve` on a free port of loopback."""

    def __init__(self, home, arguments, log):
        super().__init__([evergrant(), "serve", "--listen", "127.0.0.1:0", "--json", *arguments], home.variables, log)
        self.base_url = f"http://{self.said['address']}"

    def ask(self, text="hello", stream=False, **headers):
        """One chat completion."""
        body = {"model": "grok-4.3", "stream": stream, "messages": [{"role": "user", "content": text}]}
        return wire.post_json(f"{self.base_url}/v1/chat/completions", body, headers)
