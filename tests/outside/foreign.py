"""Authorization servers that no one here wrote: npm `oidc-provider` and PyPI `django-oauth-toolkit`."""

import base64

import wire
from browser import Browser
from processes import OUTSIDE, ROOT, Child, environment
from servers import Server


class ForeignServer(Server):
    """What is asked of both: their books, their panel, and what they say of a token."""

    def __init__(self, command):
        self.child = Child(command, environment(OUTSIDE))
        self.issuer = self.child.said["issuer"]
        self.origin = "/".join(self.issuer.split("/")[:3])
        self.endpoints = self.discover()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.child.end()

    def counters(self):
        """What was counted so far; a name that never came is absent."""
        return self._panel("counters").json

    def refreshes(self):
        """Every refresh in order, as the server saw it: which token was sent, the status, which token was answered."""
        return self._panel("refreshes").list

    def steer(self, **values):
        """Sets `access_token_lifetime_secs` or `refresh_delay_ms` for what is issued from now on."""
        return self._panel("steer", values).json

    def newest_refresh_token(self):
        """The refresh token that was answered last, as a thief might hold it."""
        return self._panel("newest").json["refresh_token"]

    def spend(self, refresh_token):
        """Refreshes as someone else would, with a copy of the token."""
        form = {"grant_type": "refresh_token", "client_id": "evergrant", "refresh_token": refresh_token}
        return wire.post_form(self.endpoints["token_endpoint"], form)

    def accepts(self, access_token):
        """Whether the server takes this access token."""
        headers = {"authorization": f"Bearer {access_token}"}
        return wire.get(self.endpoints["userinfo_endpoint"], headers).status == 200

    def active(self, access_token):
        """Whether the server calls this access token active when it is asked about it (RFC 7662)."""
        return self._introspected(access_token).json["active"]

    def ends_at(self, access_token):
        """When this access token ends, in seconds since 1970, as the server says when it is asked about it."""
        return self._introspected(access_token).json.get("exp", 0)

    def _panel(self, gauge, values=None):
        query = "&".join(f"{name}={value}" for name, value in (values or {}).items())
        return wire.get(f"{self.origin}/_server/{gauge}{'?' if query else ''}{query}")

    def _row(self, id, name, client_id, flows, more):
        """An ordinary row of `providers.d`."""
        flows = ", ".join(f'"{flow}"' for flow in flows)
        return (
            f'id = "{id}"\nname = "{name}"\nbase_url = "{self.origin}"\nhosts = ["127.0.0.1"]\n'
            f'auth = "oauth"\nmodels = ["{id}-*"]\nprobe = "{self.endpoints["userinfo_endpoint"].removeprefix(self.origin)}"\n\n'
            f'[oauth]\nissuer = "{self.issuer}"\nclient_id = "{client_id}"\n'
            f'redirect = "http://127.0.0.1:0/callback"\nflows = [{flows}]\nterminal = ["invalid_grant"]\n{more}'
        )


class StrictServer(ForeignServer):
    """`oidc-provider`: rotates at every refresh, and a replay revokes the grant."""

    name = "strict"

    def __init__(self):
        super().__init__(["node", str(OUTSIDE / "node" / "strict_server.mjs")])

    def rows(self):
        """One row for every way to log in."""
        more = 'scope = "openid offline_access"\nauthorize_params = { prompt = "consent" }\n'
        return {"strict": self._row("strict", "A strict server", "evergrant", ("browser", "device", "paste"), more)}

    def provider(self, flow):
        """The row that knows this way to log in."""
        return "strict"

    def _introspected(self, token):
        return wire.post_form(self.endpoints["introspection_endpoint"], {"token": token, "client_id": "evergrant"})


class GraceServer(ForeignServer):
    """`django-oauth-toolkit`: rotates at every refresh; for a minute a replay is answered the same pair, later it revokes the grant."""

    name = "grace"

    def __init__(self):
        super().__init__([str(OUTSIDE / "python" / "bin" / "python"), "-B", str(ROOT / "tests" / "outside" / "grace_server.py")])

    def browser(self):
        """The browser of a person who must log in first."""
        return Browser(self.ca, username="user-1", password="user-1")

    def rows(self):
        """Two rows, because the toolkit knows one grant a client; with the endpoints that its OpenID metadata does not name."""
        more = f'scope = "openid models"\nreuse_grace_secs = 60\nrevocation_endpoint = "{self.issuer}/revoke_token/"\n'
        device = f'device_authorization_endpoint = "{self.issuer}/device-authorization/"\n'
        return {
            "grace": self._row("grace", "A patient server", "evergrant", ("browser", "paste"), more),
            "grace-device": self._row("grace-device", "A patient server", "evergrant-device", ("device",), more + device),
        }

    def provider(self, flow):
        """The row that knows this way to log in."""
        return "grace-device" if flow == "device" else "grace"

    def _introspected(self, token):
        asker = base64.b64encode(b"inspector:inspector").decode()
        return wire.post_form(f"{self.issuer}/introspect/", {"token": token}, {"authorization": f"Basic {asker}"})
