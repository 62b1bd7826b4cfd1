"""HTTP on loopback without proxies, cookies or followed redirects: what was asked and what came back."""

import http.client
import json
import ssl
from urllib.parse import urlencode, urlsplit

FORM = "application/x-www-form-urlencoded"


class Reply:
    """One answer: status, headers with lower-case names, and the body."""

    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.cookies = []
        self.body = body

    @property
    def text(self):
        return self.body.decode("utf-8", "replace")

    @property
    def json(self):
        """The body as an object; empty where it is none."""
        try:
            document = json.loads(self.body)
        except ValueError:
            return {}
        return document if isinstance(document, dict) else {}

    @property
    def list(self):
        """The body as a list; empty where it is none."""
        try:
            document = json.loads(self.body)
        except ValueError:
            return []
        return document if isinstance(document, list) else []

    def error(self):
        """The code of an OAuth error, or nothing."""
        return str(self.json.get("error") or "")


def send(method, url, body=b"", headers=None, ca=None, timeout=30):
    """Sends one request on a connection of its own."""
    parts = urlsplit(url)
    if parts.scheme == "https":
        trusted = ssl.create_default_context(cafile=ca)
        connection = http.client.HTTPSConnection(parts.hostname, parts.port, timeout=timeout, context=trusted)
    else:
        connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=timeout)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        connection.request(method, target, body or None, headers or {})
        answer = connection.getresponse()
        reply = Reply(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())
        reply.cookies = answer.msg.get_all("set-cookie") or []
        return reply
    finally:
        connection.close()


def get(url, headers=None, ca=None):
    """Asks for a page."""
    return send("GET", url, headers=headers, ca=ca)


def post_form(url, fields, headers=None, ca=None):
    """Sends a form."""
    return send("POST", url, urlencode(fields).encode(), {"content-type": FORM, **(headers or {})}, ca)


def post_json(url, document, headers=None, ca=None):
    """Sends a JSON document."""
    body = json.dumps(document).encode()
    return send("POST", url, body, {"content-type": "application/json", **(headers or {})}, ca)
