"""Everything a client says to an authorization server, right and wrong, and what each sentence was answered."""

import base64
import hashlib
import json
from urllib.parse import urlencode

import wire
from browser import Browser, query_of

REDIRECT = "http://127.0.0.1:56121/callback"
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"


class Conversation:
    """One run; `heard` keeps (what was said, what was answered) in order."""

    def __init__(self, server):
        self.server = server
        self.endpoints = server.discover()
        self.heard = []

    def hold(self):
        """Says everything there is to say."""
        self.discovery()
        self.authorize()
        self.wrong_exchanges()
        self.refreshes()
        self.code_reuse()
        self.revocation()
        self.devices()
        return self.heard

    # What is said

    def discovery(self):
        """The endpoints and abilities a client needs."""
        self.note("discovery names its issuer", self.endpoints.get("issuer") == self.server.issuer)
        for endpoint in ("authorization", "token", "device_authorization", "revocation"):
            self.note(f"discovery has the {endpoint} endpoint", f"{endpoint}_endpoint" in self.endpoints)
        for list_name, wanted in (
            ("response_types_supported", "code"),
            ("code_challenge_methods_supported", "S256"),
            ("grant_types_supported", "authorization_code"),
            ("grant_types_supported", "refresh_token"),
            ("grant_types_supported", DEVICE_CODE),
            ("token_endpoint_auth_methods_supported", "none"),
        ):
            self.note(f"{list_name} has {wanted}", wanted in self.endpoints.get(list_name, []))
        self.note("token endpoint by GET", wire.get(self.endpoints["token_endpoint"]).status)

    def authorize(self):
        """Authorize requests: what is sent back, and what is only shown."""
        for what, changes in (
            ("in order", {}),
            ("unknown client", {"client_id": "nobody"}),
            ("no client", {"client_id": None}),
            ("foreign redirect", {"redirect_uri": "https://example.com/cb"}),
            ("no redirect", {"redirect_uri": None}),
            ("no challenge", {"code_challenge": None, "code_challenge_method": None}),
            ("plain challenge", {"code_challenge_method": "plain"}),
            ("challenge without method", {"code_challenge_method": None}),
            ("short challenge", {"code_challenge": "abc"}),
            ("no response type", {"response_type": None}),
            ("unknown response type", {"response_type": "nonsense"}),
            ("another redirect port", {"redirect_uri": "http://127.0.0.1:1/callback"}),
        ):
            target, page = self.redirect(changes)
            sent = query_of(target) if target else {}
            answer = ("sent back", sent.get("error", ""), "code" in sent, sent.get("state"), "iss" in sent)
            self.note(f"authorize, {what}", answer if target else ("shown", page.status))

    def wrong_exchanges(self):
        """Whatever a code exchange can get wrong, then the right one: a refused client or form spends nothing."""
        code = self.code()
        for what, changes in (
            ("without a client", {"client_id": None}),
            ("by an unknown client", {"client_id": "nobody"}),
            ("with a secret", {"client_secret": "s"}),
            ("with a short verifier", {"code_verifier": "x"}),
            ("with a long verifier", {"code_verifier": "x" * 129}),
            ("with odd characters in the verifier", {"code_verifier": "!" * 43}),
            ("without a redirect", {"redirect_uri": None}),
            ("of an unknown code", {"code": "nope"}),
            ("without a code", {"code": None}),
            ("without a grant type", {"grant_type": None}),
            ("by the password grant", {"grant_type": "password"}),
            ("by an unknown grant type", {"grant_type": "urn:example:nonsense"}),
        ):
            self.token(f"exchange {what}", self.exchange(code, changes))
        self.token("exchange as JSON", json.dumps(self.exchange(code)).encode(), {"content-type": "application/json"})
        for name in ("client_id", "grant_type", "code"):
            doubled = urlencode([*self.exchange(code).items(), (name, "twice")]).encode()
            self.token(f"exchange with {name} twice", doubled)
        self.token("a client by HTTP Basic", {"grant_type": "refresh_token"}, {"authorization": "Basic bm9ib2R5OnM="})
        self.token("an empty form", {})
        self.token("exchange, at last", self.exchange(code))
        for what, changes in (
            ("without the verifier", {"code_verifier": None}),
            ("with a wrong verifier", {"code_verifier": "x" * 43}),
            ("with another redirect", {"redirect_uri": "http://127.0.0.1:1/callback"}),
            ("by another client", {"client_id": "other"}),
        ):
            code = self.code()
            self.token(f"exchange {what}", self.exchange(code, changes))
            self.token(f"exchange {what}, then right", self.exchange(code))

    def refreshes(self):
        """Rotation, and what the replay of a spent token costs."""
        first = self.login("login to refresh")
        second = self.token("refresh", self.refresh(first)).json
        self.note("the refresh token is replaced", second.get("refresh_token") not in (None, first["refresh_token"]))
        self.note("the access token is replaced", second.get("access_token") not in (None, first["access_token"]))
        self.note("both say Bearer", (first.get("token_type"), second.get("token_type")))
        self.token("refresh with a wider scope", self.refresh(second, scope="openid everything"))
        self.token("refresh by another client", self.refresh(second, client_id="other"))
        self.token("refresh without a token", {"grant_type": "refresh_token", "client_id": "evergrant"})
        self.token("refresh with an unknown token", self.refresh({"refresh_token": "nope"}))
        third = self.token("refresh again", self.refresh(second)).json
        self.token("replay of the first token", self.refresh(first))
        self.token("the newest token after the replay", self.refresh(third))
        self.token("the replay once more", self.refresh(first))
        self.login("a new login after the replay")

    def code_reuse(self):
        """A code that comes twice ends the grant it gave."""
        code = self.code()
        tokens = self.token("exchange to be repeated", self.exchange(code)).json
        self.token("the code once more", self.exchange(code))
        self.token("refresh after the code came twice", self.refresh(tokens))

    def revocation(self):
        """RFC 7009: by refresh token, by access token, of what is not known, by another client."""
        self.revoke("revoke nothing", {"client_id": "evergrant"})
        self.revoke("revoke as nobody", {"client_id": "nobody", "token": "x"})
        self.revoke("revoke without a client", {"token": "x"})
        self.revoke("revoke an unknown token", {"client_id": "evergrant", "token": "nope"})
        self.revoke("revoke as JSON", b"{}", {"content-type": "application/json"})
        tokens = self.login("login to revoke")
        self.revoke("revoke another client's token", {"client_id": "other", "token": tokens["refresh_token"]})
        tokens = self.token("refresh after another client's revocation", self.refresh(tokens)).json
        self.revoke("revoke the access token", {"client_id": "evergrant", "token": tokens["access_token"]})
        self.token("refresh after the access token is revoked", self.refresh(tokens))
        tokens = self.login("login to revoke by refresh token")
        hinted = {"client_id": "evergrant", "token": tokens["refresh_token"], "token_type_hint": "refresh_token"}
        self.revoke("revoke the refresh token", hinted)
        self.token("refresh after the refresh token is revoked", self.refresh(tokens))
        self.revoke("revoke it once more", hinted)
        tokens = self.login("login to revoke with a wrong hint")
        hinted = {"client_id": "evergrant", "token": tokens["refresh_token"], "token_type_hint": "access_token"}
        self.revoke("revoke with a wrong hint", hinted)
        self.token("refresh after the wrong hint", self.refresh(tokens))

    def devices(self):
        """RFC 8628: pending, approved, and one poll too many."""
        endpoint = self.endpoints["device_authorization_endpoint"]
        self.note("device start as nobody", self.short(wire.post_form(endpoint, {"client_id": "nobody"})))
        self.note("device start without a client", self.short(wire.post_form(endpoint, {"scope": "openid"})))
        self.token("poll with an unknown code", self.poll("nope"))
        self.token("poll without a code", {"grant_type": DEVICE_CODE, "client_id": "evergrant"})
        scope = {"client_id": "evergrant", "scope": "openid offline_access"}
        reply = wire.post_form(endpoint, scope)
        self.note("device start", self.short(reply))
        started = reply.json
        names = ("device_code", "user_code", "verification_uri", "verification_uri_complete", "expires_in")
        for name in names:
            self.note(f"device start has {name}", name in started)
        self.token("poll before anyone approves", self.poll(started["device_code"]))
        self.token("poll by another client", self.poll(started["device_code"], client_id="other"))
        self.note("approve the device", self.server.approve_device(started["verification_uri_complete"]).status)
        tokens = self.token("poll after it is approved", self.poll(started["device_code"])).json
        tokens = self.token("refresh the device's grant", self.refresh(tokens)).json
        self.token("poll after success", self.poll(started["device_code"]))
        self.token("refresh after the poll too many", self.refresh(tokens))

    # How it is said

    def redirect(self, changes):
        """An authorize request; where it ends outside the server, and the page shown if it does not."""
        query = {
            "response_type": "code",
            "client_id": "evergrant",
            "redirect_uri": REDIRECT,
            "scope": "openid offline_access",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
            "state": "a state",
            "nonce": "a nonce",
            "prompt": "consent",
        } | changes
        present = {name: value for name, value in query.items() if value is not None}
        return Browser().redirected_to(f"{self.endpoints['authorization_endpoint']}?{urlencode(present)}")

    def code(self):
        """A good authorization code."""
        return query_of(self.redirect({})[0])["code"]

    def exchange(self, code, changes=None):
        """The form of a code exchange, with the challenge repeated as some servers want it."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": REDIRECT,
            "client_id": "evergrant",
            "code_verifier": VERIFIER,
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
        } | (changes or {})
        return {name: value for name, value in form.items() if value is not None}

    def refresh(self, tokens, **changes):
        """The form of a refresh."""
        form = {"grant_type": "refresh_token", "client_id": "evergrant", "refresh_token": tokens.get("refresh_token", "")}
        return form | changes

    def poll(self, device_code, **changes):
        """The form of a device poll."""
        return {"grant_type": DEVICE_CODE, "client_id": "evergrant", "device_code": device_code} | changes

    def login(self, what):
        """A whole login by code."""
        return self.token(what, self.exchange(self.code())).json

    def token(self, what, form, headers=None):
        """One token request, noted."""
        return self.post("token_endpoint", what, form, headers)

    def revoke(self, what, form, headers=None):
        """One revocation, noted."""
        return self.post("revocation_endpoint", what, form, headers)

    def post(self, endpoint, what, form, headers):
        body = form if isinstance(form, bytes) else urlencode(form).encode()
        reply = wire.send("POST", self.endpoints[endpoint], body, {"content-type": wire.FORM, **(headers or {})})
        caching = (reply.headers.get("cache-control", "may be cached"),) if endpoint == "token_endpoint" else ()
        self.note(what, self.short(reply) + caching)
        return reply

    def short(self, reply):
        """What two servers must have in common: status, error code, kind of body, names of the fields.

        Only `interval` is set aside: it is optional (RFC 8628 section 3.2), and theirs never names one.
        """
        kind = reply.headers.get("content-type", "").split(";")[0] if reply.body else ""
        fields = "" if reply.status != 200 else " ".join(sorted(set(reply.json) - {"interval"}))
        return (reply.status, reply.error(), kind, fields)

    def note(self, what, answer):
        self.heard.append((what, answer))
