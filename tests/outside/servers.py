"""The authorization servers of these checks: what all of them have, and our sandbox."""

import json
import tempfile
from pathlib import Path

import wire
from browser import Browser
from processes import Child, environment, evergrant


class Server:
    """What all have: a discovery document, and a person who approves."""

    ca = None

    def discover(self):
        """The discovery document."""
        return wire.get(f"{self.issuer}/.well-known/openid-configuration", ca=self.ca).json

    def authorize(self, url):
        """The address a browser ends at, for a login by paste."""
        return self.browser().redirected_to(url)[0]

    def visit(self, url):
        """Goes with a browser wherever a login leads, to its listener at the end."""
        return self.browser().visit(url)

    def approve_device(self, address):
        """Approves a device login at its complete verification address."""
        return self.browser().approve(address)

    def browser(self):
        """The browser of a person who has an account here."""
        return Browser(self.ca)


class Sandbox(Server):
    """`evergrant sandbox` with its panel."""

    def __init__(self, **config):
        self.directory = tempfile.TemporaryDirectory(prefix="evergrant-sandbox-")
        folder = Path(self.directory.name)
        (folder / "sandbox.toml").write_text("".join(f"{key} = {json.dumps(value)}\n" for key, value in config.items()))
        command = [evergrant(), "sandbox", "--json", "--config", str(folder / "sandbox.toml")]
        self.child = Child(command, environment(folder))
        self.issuer = self.child.said["issuer"]
        self.base_url = self.child.said["base_url"]
        if self.child.said["ca"]:
            self.ca = str(folder / "ca.pem")
            Path(self.ca).write_text(self.child.said["ca"])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.child.end()
        self.directory.cleanup()

    def row(self, id):
        """A row that logs in here by OAuth."""
        return self.child.said["row"].replace('id = "sandbox"', f'id = "{id}"')

    def key_row(self, id):
        """A row that uses this sandbox with an API key, offered for the same models."""
        return (
            f'id = "{id}"\nname = "Sandbox with a key"\nbase_url = "{self.base_url}"\nhosts = ["127.0.0.1"]\n'
            'auth = "api-key"\nheader = "authorization"\nmodels = ["grok-4.3", "grok-4.3-mini"]\nprobe = "/models"\n'
            'key_env = ["EVERGRANT_OUTSIDE_KEY"]\n'
        )

    def look(self, gauge):
        """A gauge of the panel: `counters`, `log`, `state`, `token-requests` ..."""
        return json.loads(wire.get(f"{self.issuer}/_sandbox/{gauge}", ca=self.ca).body)

    def order(self, switch, **parameters):
        """Turns a switch of the panel: `scenario`, `expire`, `advance`, `reset` ..."""
        reply = wire.post_json(f"{self.issuer}/_sandbox/{switch}", parameters, ca=self.ca)
        if reply.status != 200:
            raise RuntimeError(f"the panel refused `{switch}`: {reply.text}")
        return reply.json

    def disarm(self):
        """Removes every armed scenario."""
        wire.send("DELETE", f"{self.issuer}/_sandbox/scenario", ca=self.ca)

    def counters(self):
        """What was counted so far."""
        return self.look("counters")
