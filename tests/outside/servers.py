"""The authorization servers of these checks: our sandbox, and `oidc-provider`, which no one here wrote."""

import json
import tempfile
from pathlib import Path

import wire
from browser import Browser
from processes import OUTSIDE, Child, environment, evergrant


class Server:
    """What both have: a discovery document, and a person who approves."""

    ca = None

    def discover(self):
        """The discovery document."""
        return wire.get(f"{self.issuer}/.well-known/openid-configuration", ca=self.ca).json

    def authorize(self, url):
        """The address a browser ends at, for a login by paste."""
        return Browser(self.ca).redirected_to(url)[0]

    def approve_device(self, address):
        """Approves a device login at its complete verification address."""
        return Browser(self.ca).approve(address)


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


class StrictServer(Server):
    """`oidc-provider`: rotates at every refresh, and a replay revokes the grant."""

    def __init__(self):
        node = ["node", str(OUTSIDE / "node" / "strict_server.mjs")]
        self.child = Child(node, environment(OUTSIDE))
        self.issuer = self.child.said["issuer"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.child.end()

    def row(self, id):
        """An ordinary row of `providers.d`."""
        return (
            f'id = "{id}"\nname = "A strict server"\nbase_url = "{self.issuer}"\nhosts = ["127.0.0.1"]\n'
            'auth = "oauth"\nmodels = ["strict-*"]\nprobe = "/me"\n\n[oauth]\n'
            f'issuer = "{self.issuer}"\nclient_id = "evergrant"\nscope = "openid offline_access"\n'
            'redirect = "http://127.0.0.1:0/callback"\nflows = ["browser", "device", "paste"]\n'
            'authorize_params = { prompt = "consent" }\nterminal = ["invalid_grant"]\n'
        )

    def counters(self):
        """What was counted so far; a name that never came is absent."""
        return wire.get(f"{self.issuer}/_server/counters").json

    def steer(self, **values):
        """Sets `access_token_lifetime_secs` or `refresh_delay_ms` for what is issued from now on."""
        query = "&".join(f"{name}={value}" for name, value in values.items())
        return wire.get(f"{self.issuer}/_server/steer?{query}").json

    def newest_refresh_token(self):
        """The refresh token that was issued last, as a thief might hold it."""
        return wire.get(f"{self.issuer}/_server/newest").json["refresh_token"]

    def spend(self, refresh_token):
        """Refreshes as someone else would, with a copy of the token."""
        form = {"grant_type": "refresh_token", "client_id": "evergrant", "refresh_token": refresh_token}
        return wire.post_form(f"{self.issuer}/token", form)

    def accepts(self, access_token):
        """Whether the server takes this access token."""
        return wire.get(f"{self.issuer}/me", {"authorization": f"Bearer {access_token}"}).status == 200
