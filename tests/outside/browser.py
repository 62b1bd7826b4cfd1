"""A person with a browser: keeps cookies, follows redirects, presses the button of a form."""

from html.parser import HTMLParser
from urllib.parse import parse_qsl, urljoin, urlsplit

import wire

MOST_STEPS = 20


class Browser:
    """One session; it stops before it leaves the origin it started at, unless told to go on."""

    def __init__(self, ca=None, **typed):
        """`typed` is what the person types into the fields of these names."""
        self.cookies = {}
        self.ca = ca
        self.typed = typed

    def redirected_to(self, url):
        """Opens an authorize address; the address outside its origin where it ends, or None and the page shown instead."""
        return self._follow(url)

    def visit(self, url):
        """Opens an authorize address and goes wherever it leads, to a loopback listener for a login."""
        target, page = self.redirected_to(url)
        return wire.get(target) if target else page

    def approve(self, url):
        """Opens a page, presses its approving button, and so on until there is nothing left to press."""
        return self._follow(url)[1]

    def _follow(self, url):
        """Follows redirects and sends forms until they lead elsewhere, or until there are no more."""
        origin, method, fields = urlsplit(url)[:2], "GET", None
        for _ in range(MOST_STEPS):
            reply = self._open(method, url, fields)
            if reply.status in (302, 303):
                method, url, fields = "GET", urljoin(url, reply.headers["location"]), None
                if urlsplit(url)[:2] != origin:
                    return url, reply
                continue
            form = Form.of(reply.text)
            if form is None:
                return None, reply
            typed = {name: text for name, text in self.typed.items() if name in form.fields}
            method, url, fields = "POST", urljoin(url, form.action), form.fields | typed
        raise RuntimeError("redirects or forms that never end")

    def _open(self, method, url, fields=None):
        headers = {"accept": "text/html", "cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        reply = wire.get(url, headers, self.ca) if method == "GET" else wire.post_form(url, fields, headers, self.ca)
        for cookie in reply.cookies:
            name, value = cookie.split(";")[0].split("=", 1)
            self.cookies[name] = value
        return reply


class Form(HTMLParser):
    """The first form of a page, filled in as it stands, with the button that approves."""

    def __init__(self):
        super().__init__()
        self.action = None
        self.fields = {}

    @classmethod
    def of(cls, page):
        form = cls()
        form.feed(page)
        return form if form.action is not None else None

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag == "form" and self.action is None:
            self.action = attributes.get("action") or ""
        elif tag == "input" and attributes.get("name"):
            self.fields.setdefault(attributes["name"], attributes.get("value") or "")
        elif tag == "button" and attributes.get("value") in ("approve", "accept"):
            self.fields[attributes["name"]] = attributes["value"]


def query_of(url):
    """The parameters of an address."""
    return dict(parse_qsl(urlsplit(url).query))
