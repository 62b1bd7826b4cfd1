"""k2: what stood on the wire when the code was exchanged and the token refreshed, byte for byte."""

import base64
import hashlib
from urllib.parse import parse_qsl, quote_plus

from checks import Checks
from home import Home
from servers import Sandbox

EXCHANGE = {
    "grant_type",
    "code",
    "redirect_uri",
    "client_id",
    "code_verifier",
    "code_challenge",
    "code_challenge_method",
}
AUTHORIZE = {
    "response_type",
    "client_id",
    "redirect_uri",
    "scope",
    "code_challenge",
    "code_challenge_method",
    "state",
    "nonce",
    "plan",
    "referrer",
}


def main():
    checks, figure = Checks("exchange bytes"), ""
    with checks, Sandbox() as sandbox:
        row = sandbox.row("acme").replace('plan = "generic"', 'plan = "generic", referrer = "evergrant"')
        with Home({"acme": row}) as home:
            checks.done("login", home.login("acme", sandbox))
            checks.done("refresh", home.run("refresh", home.name("acme")))
            asked = dict(parse_qsl(sandbox.look("authorize-queries")[-1]))
            exchange, refresh = (request for request in sandbox.look("token-requests"))
            figure = compare(checks, asked, exchange, refresh)
    checks.finish(figure)


def compare(checks, asked, exchange, refresh):
    """Authorize request against exchange, exchange against RFC 7636, refresh against RFC 6749."""
    checks.equal("fields of the authorize request", sorted(asked), sorted(AUTHORIZE))
    checks.equal("plan, referrer, method", (asked.get("plan"), asked.get("referrer"), asked.get("code_challenge_method")), ("generic", "evergrant", "S256"))
    fields = form(checks, "exchange", exchange)
    checks.equal("fields of the exchange", sorted(fields), sorted(EXCHANGE))
    checks.equal("grant_type", fields.get("grant_type"), "authorization_code")
    checks.equal("code_challenge_method", fields.get("code_challenge_method"), "S256")
    for name in ("redirect_uri", "client_id", "code_challenge"):
        checks.check(f"{name} as in the authorize request", fields.get(name) == asked.get(name), fields.get(name))
    digest = hashlib.sha256(fields.get("code_verifier", "").encode()).digest()
    hashed = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    checks.equal("the verifier gives the challenge", hashed, asked.get("code_challenge"))
    checks.check("the verifier has 43 to 128 characters", 43 <= len(fields.get("code_verifier", "")) <= 128)
    renewed = form(checks, "refresh", refresh)
    checks.equal("fields of the refresh", sorted(renewed), ["client_id", "grant_type", "refresh_token"])
    return f"exchange: {len(exchange['body'])} bytes, {len(fields)} fields; refresh: {len(refresh['body'])} bytes, {len(renewed)} fields"


def form(checks, what, request):
    """The fields of a captured request, once its head and its encoding are right."""
    request_line, *lines = request["head"].rstrip("\r\n").split("\r\n")
    headers = {name.lower(): value.strip() for name, value in (line.split(":", 1) for line in lines)}
    checks.equal(f"{what}: request line", request_line, "POST /oauth2/token HTTP/1.1")
    checks.equal(f"{what}: content type", headers.get("content-type"), "application/x-www-form-urlencoded")
    checks.equal(f"{what}: accept", headers.get("accept"), "application/json")
    checks.equal(f"{what}: content length", headers.get("content-length"), str(len(request["body"])))
    checks.check(f"{what}: no authorization header", "authorization" not in headers)
    pairs = parse_qsl(request["body"], strict_parsing=True, keep_blank_values=True)
    encoded = "&".join(f"{encode(name)}={encode(value)}" for name, value in pairs)
    checks.check(f"{what}: the body is its own form encoding", encoded == request["body"])
    checks.equal(f"{what}: fields that come twice", len(pairs) - len(dict(pairs)), 0)
    return dict(pairs)


def encode(text):
    """As WHATWG and RFC 6749 appendix B have it."""
    return quote_plus(text, safe="*").replace("~", "%7E")


if __name__ == "__main__":
    main()
