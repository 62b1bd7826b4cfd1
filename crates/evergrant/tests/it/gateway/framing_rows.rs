//! The table of requests that two readers could read differently.

/// One request, and what becomes of it.
pub(super) struct Row {
    pub(super) name: &'static str,
    pub(super) request: Vec<u8>,
    pub(super) then: Then,
}

/// What becomes of a request.
pub(super) enum Then {
    /// It is refused, its connection ends, and the provider sees nothing.
    Refused,
    /// The provider sees it alone, with this body, and its connection ends.
    Ends(&'static str),
    /// The same, and its connection goes on with what follows.
    GoesOn(&'static str),
    /// The provider sees two, because there are two.
    Both(&'static str, &'static str),
}

use Then::{Both, Ends, GoesOn, Refused};

const SMUGGLED: &str = "GET /v1/smuggled HTTP/1.1\r\nhost: localhost\r\nx-smuggled: 1\r\n\r\n";

/// A request with these header lines and this body.
fn post(name: &'static str, headers: &str, body: &str, then: Then) -> Row {
    let request = format!("POST /v1/row HTTP/1.1\r\nhost: localhost\r\n{headers}\r\n{body}");
    whole(name, request, then)
}

/// One with this body in chunks, as it stands.
fn chunks(name: &'static str, body: &str, then: Then) -> Row {
    post(name, "transfer-encoding: chunked\r\n", body, then)
}

/// One whose first header lines are these, before a body of five bytes.
fn five(name: &'static str, headers: &str, then: Then) -> Row {
    post(name, &format!("{headers}\r\ncontent-length: 5\r\n"), "hello", then)
}

fn whole(name: &'static str, request: impl Into<Vec<u8>>, then: Then) -> Row {
    Row {
        name,
        request: request.into(),
        then,
    }
}

/// All of them.
pub(super) fn rows() -> Vec<Row> {
    [
        both_lengths(),
        codings(),
        lengths(),
        lines(),
        chunked(),
        targets(),
        versions(),
        hops(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn both_lengths() -> Vec<Row> {
    let after = format!("0\r\n\r\n{SMUGGLED}");
    let length = after.len();
    let hidden = format!("{:x}\r\n{SMUGGLED}\r\n0\r\n\r\n", SMUGGLED.len());
    vec![
        post(
            "CL.TE, one byte too many",
            "content-length: 6\r\ntransfer-encoding: chunked\r\n",
            "0\r\n\r\nG",
            Ends(""),
        ),
        post(
            "CL.TE, a request behind the last chunk",
            &format!("content-length: {length}\r\ntransfer-encoding: chunked\r\n"),
            &after,
            Ends(""),
        ),
        post(
            "TE.CL, a request behind the last chunk",
            &format!("transfer-encoding: chunked\r\ncontent-length: {length}\r\n"),
            &after,
            Ends(""),
        ),
        post(
            "TE.CL, a request in a chunk",
            "transfer-encoding: chunked\r\ncontent-length: 4\r\n",
            &hidden,
            Ends(SMUGGLED),
        ),
        post(
            "CL.TE, a request in a chunk",
            "content-length: 4\r\ntransfer-encoding: chunked\r\n",
            &hidden,
            Ends(SMUGGLED),
        ),
        post(
            "a length of nothing beside chunks",
            "content-length: 0\r\ntransfer-encoding: chunked\r\n",
            "5\r\nhello\r\n0\r\n\r\n",
            Ends("hello"),
        ),
        post(
            "a wrong length beside chunks",
            "content-length: x\r\ntransfer-encoding: chunked\r\n",
            "0\r\n\r\n",
            Refused,
        ),
    ]
}

fn codings() -> Vec<Row> {
    let coded = |name, value: &str, then| post(name, &format!("{value}\r\n"), "5\r\nhello\r\n0\r\n\r\n", then);
    vec![
        coded(
            "chunked twice in two lines",
            "transfer-encoding: chunked\r\ntransfer-encoding: chunked",
            Refused,
        ),
        coded(
            "chunked, then identity",
            "transfer-encoding: chunked\r\ntransfer-encoding: identity",
            Refused,
        ),
        coded(
            "identity, then chunked",
            "transfer-encoding: identity\r\ntransfer-encoding: chunked",
            Refused,
        ),
        coded(
            "chunked twice in one line",
            "transfer-encoding: chunked, chunked",
            Refused,
        ),
        coded("chunked, identity", "transfer-encoding: chunked, identity", Refused),
        coded("identity, chunked", "transfer-encoding: identity, chunked", Refused),
        coded("gzip, chunked", "transfer-encoding: gzip, chunked", Refused),
        coded("gzip alone", "transfer-encoding: gzip", Refused),
        coded("xchunked", "transfer-encoding: xchunked", Refused),
        coded("chunked with a parameter", "transfer-encoding: chunked;q=1", Refused),
        coded("chunked in quotes", "transfer-encoding: \"chunked\"", Refused),
        coded(
            "chunked behind a vertical tab",
            "transfer-encoding: \x0bchunked",
            Refused,
        ),
        coded("chunked behind a comma", "transfer-encoding: ,chunked", Refused),
        coded("a space before the colon", "transfer-encoding : chunked", Refused),
        coded("a tab before the colon", "transfer-encoding\t: chunked", Refused),
        coded("a space before the name", " transfer-encoding: chunked", Refused),
        coded(
            "folded into the line before",
            "x-one: 1\r\n transfer-encoding: chunked",
            Refused,
        ),
        coded(
            "a value on a line of its own",
            "transfer-encoding:\r\n chunked",
            Refused,
        ),
        coded("no value", "transfer-encoding:", Refused),
        coded("a tab before the value", "transfer-encoding:\tchunked", GoesOn("hello")),
        coded("in capitals", "TRANSFER-ENCODING: CHUNKED", GoesOn("hello")),
        five(
            "an underscore in the coding's name",
            "transfer_encoding: chunked",
            GoesOn("hello"),
        ),
        five(
            "an underscore in the length's name",
            "content_length: 0",
            GoesOn("hello"),
        ),
    ]
}

fn lengths() -> Vec<Row> {
    let long = |name, length: &str, then| post(name, &format!("content-length:{length}\r\n"), "hello", then);
    vec![
        long("two lengths that differ", " 5\r\ncontent-length: 50", Refused),
        long("two lengths, the first of nothing", " 0\r\ncontent-length: 5", Refused),
        long("the same length twice", " 5\r\ncontent-length: 5", GoesOn("hello")),
        long("a list of lengths", " 5, 5", Refused),
        long("a length with a plus", " +5", Refused),
        long("a length with a minus", " -5", Refused),
        long("a length in hexadecimal", " 0x5", Refused),
        long("a length with a space in it", " 5 0", Refused),
        long("a length with a fraction", " 5.0", Refused),
        long("a length of no digits", "", Refused),
        long("a length past 64 bits", " 18446744073709551621", Refused),
        long("the longest length of 64 bits", " 18446744073709551615", Refused),
        long("a length with a NUL behind it", " 5\0", Refused),
        long("a space before the length's colon", " 0\r\ncontent-length : 5", Refused),
        long("zeros before the length", " 0005", GoesOn("hello")),
        long("spaces around the length", "   5  ", GoesOn("hello")),
    ]
}

fn lines() -> Vec<Row> {
    vec![
        whole(
            "bare line feeds throughout",
            "POST /v1/row HTTP/1.1\nhost: localhost\ncontent-length: 5\n\nhello",
            GoesOn("hello"),
        ),
        post(
            "a length behind a bare line feed",
            "x-one: 1\ncontent-length: 5\r\n",
            "hello",
            GoesOn("hello"),
        ),
        five("a bare carriage return in a value", "x-one: 1\rx-hop: 2", Refused),
        five("a folded line", "x-one: 1\r\n and more", Refused),
        five("a line folded by a tab", "x-one: 1\r\n\tand more", Refused),
        five("a NUL in a value", "x-one: 1\x002", Refused),
        five("a NUL in a name", "x-\0one: 1", Refused),
        five("a bell in a value", "x-one: \x07", Refused),
        five("a line without a colon", "nonsense", Refused),
        five("a line without a name", ": 1", Refused),
        five("a space within a name", "x one: 1", Refused),
        five("a space behind a name", "x-one : 1", Refused),
        five("a colon before the name", ":x-one: 1", Refused),
        five("a name beyond ASCII", "x-\u{e9}: 1", Refused),
        whole(
            "empty lines before the request",
            "\r\n\r\nPOST /v1/row HTTP/1.1\r\nhost: localhost\r\ncontent-length: 5\r\n\r\nhello",
            GoesOn("hello"),
        ),
    ]
}

fn chunked() -> Vec<Row> {
    vec![
        chunks(
            "an extension of a chunk",
            "5;name=\"a value\"\r\nhello\r\n0;last\r\n\r\n",
            GoesOn("hello"),
        ),
        chunks("a line feed in an extension", "5;a\nb\r\nhello\r\n0\r\n\r\n", Refused),
        chunks(
            "an extension without end",
            &format!("5;{}", "x".repeat(40_000)),
            Refused,
        ),
        chunks(
            "a chunk past 64 bits",
            "10000000000000005\r\nhello\r\n0\r\n\r\n",
            Refused,
        ),
        chunks("a chunk's length with 0x", "0x5\r\nhello\r\n0\r\n\r\n", Refused),
        chunks("a chunk's length with a minus", "-5\r\nhello\r\n0\r\n\r\n", Refused),
        chunks("a chunk's length with a plus", "+5\r\nhello\r\n0\r\n\r\n", Refused),
        chunks("a chunk without a length", "\r\nhello\r\n0\r\n\r\n", Refused),
        chunks("a chunk longer than told", "5\r\nhello!\r\n0\r\n\r\n", Refused),
        chunks(
            "a chunk's length behind a bare line feed",
            "5\nhello\r\n0\r\n\r\n",
            Refused,
        ),
        chunks(
            "a chunk that ends with a bare line feed",
            "5\r\nhello\n0\r\n\r\n",
            Refused,
        ),
        chunks(
            "zeros before a chunk's length",
            "00005\r\nhello\r\n0\r\n\r\n",
            GoesOn("hello"),
        ),
        chunks(
            "trailers that no trailer may be",
            "5\r\nhello\r\n0\r\ncontent-length: 50\r\nauthorization: Bearer smuggled\r\nx-hop: 1\r\nhost: smuggled\r\n\r\n",
            GoesOn("hello"),
        ),
        chunks(
            "trailers without end",
            &format!("0\r\n{}\r\n", "x-one: 1\r\n".repeat(3_000)),
            Refused,
        ),
        post(
            "trailers that were announced",
            "trailer: x-hop\r\nte: trailers\r\ntransfer-encoding: chunked\r\n",
            "5\r\nhello\r\n0\r\nx-hop: 1\r\n\r\n",
            GoesOn("hello"),
        ),
    ]
}

fn targets() -> Vec<Row> {
    let get =
        |name, target: &str, headers: &str, then| whole(name, format!("GET {target} HTTP/1.1\r\n{headers}\r\n"), then);
    vec![
        get("two hosts", "/v1/row", "host: localhost\r\nhost: smuggled\r\n", Refused),
        get(
            "the same host twice",
            "/v1/row",
            "host: localhost\r\nhost: localhost\r\n",
            Refused,
        ),
        get("no host", "/v1/row", "", Refused),
        get("a host with a user", "/v1/row", "host: smuggled@localhost\r\n", Refused),
        get("a host with a path", "/v1/row", "host: localhost/smuggled\r\n", Refused),
        get(
            "a host with a space",
            "/v1/row",
            "host: localhost smuggled\r\n",
            Refused,
        ),
        get("another host's name", "/v1/row", "host: smuggled\r\n", Refused),
        get(
            "an address of another host",
            "http://smuggled/v1/row",
            "host: localhost\r\n",
            Refused,
        ),
        get(
            "an address of another port",
            "http://localhost:1/v1/row",
            "host: localhost:2\r\n",
            Refused,
        ),
        get(
            "an address with a user",
            "http://smuggled@localhost/v1/row",
            "host: localhost\r\n",
            Refused,
        ),
        get(
            "an address of the host",
            "http://localhost/v1/row",
            "host: localhost\r\n",
            GoesOn(""),
        ),
        get("a NUL in the path", "/v1/ro\0w", "host: localhost\r\n", Refused),
        get(
            "a space in the path",
            "/v1/row smuggled",
            "host: localhost\r\n",
            Refused,
        ),
        whole(
            "two spaces before the path",
            "GET  /v1/row HTTP/1.1\r\nhost: localhost\r\n\r\n",
            Refused,
        ),
        whole(
            "a control in the method",
            "GE\x01T /v1/row HTTP/1.1\r\nhost: localhost\r\n\r\n",
            Refused,
        ),
        whole(
            "CONNECT",
            "CONNECT localhost:80 HTTP/1.1\r\nhost: localhost:80\r\n\r\n",
            Refused,
        ),
        whole(
            "TRACE, which would show the credential",
            "TRACE /v1/row HTTP/1.1\r\nhost: localhost\r\n\r\n",
            Refused,
        ),
        whole(
            "a body of a GET",
            format!(
                "GET /v1/row HTTP/1.1\r\nhost: localhost\r\ncontent-length: {}\r\n\r\n{SMUGGLED}",
                SMUGGLED.len()
            ),
            GoesOn(SMUGGLED),
        ),
    ]
}

fn versions() -> Vec<Row> {
    let old = |name, headers: &str, body: &str, then| {
        whole(
            name,
            format!("POST /v1/row HTTP/1.0\r\nhost: localhost\r\n{headers}\r\n{body}"),
            then,
        )
    };
    vec![
        whole("HTTP/0.9", "GET /v1/row\r\n\r\n", Refused),
        whole(
            "HTTP/2.0 by name",
            "GET /v1/row HTTP/2.0\r\nhost: localhost\r\n\r\n",
            Refused,
        ),
        whole("HTTP/1.2", "GET /v1/row HTTP/1.2\r\nhost: localhost\r\n\r\n", Refused),
        whole(
            "http/1.1 in small letters",
            "GET /v1/row http/1.1\r\nhost: localhost\r\n\r\n",
            Refused,
        ),
        whole("the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", Refused),
        old(
            "HTTP/1.0 with chunks",
            "connection: keep-alive\r\ntransfer-encoding: chunked\r\n",
            "5\r\nhello\r\n0\r\n\r\n",
            Refused,
        ),
        old(
            "HTTP/1.0 with chunks and a length",
            "content-length: 5\r\ntransfer-encoding: chunked\r\n",
            "hello",
            Refused,
        ),
        old(
            "HTTP/1.0 that stays",
            "connection: keep-alive\r\ncontent-length: 5\r\n",
            "hello",
            GoesOn("hello"),
        ),
        old(
            "HTTP/1.0 that does not",
            "content-length: 5\r\n",
            &format!("hello{SMUGGLED}"),
            Ends("hello"),
        ),
    ]
}

fn hops() -> Vec<Row> {
    let protocol = |name, headers: &str, body: &str, then| {
        whole(
            name,
            format!("GET /v1/row HTTP/1.1\r\nhost: localhost\r\n{headers}\r\n{body}"),
            then,
        )
    };
    let length = SMUGGLED.len();
    vec![
        protocol(
            "an upgrade to h2c",
            "connection: Upgrade, HTTP2-Settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABkAAQAAP__\r\n",
            "",
            GoesOn(""),
        ),
        protocol(
            "an upgrade to h2c or WebSocket",
            "connection: upgrade\r\nupgrade: h2c, websocket\r\n",
            "",
            GoesOn(""),
        ),
        protocol(
            "an upgrade that the connection does not name",
            "upgrade: websocket\r\n",
            "",
            GoesOn(""),
        ),
        protocol(
            "an upgrade with a request for a body",
            &format!("connection: upgrade\r\nupgrade: websocket\r\ncontent-length: {length}\r\n"),
            SMUGGLED,
            GoesOn(SMUGGLED),
        ),
        five(
            "an upgrade by POST",
            "connection: upgrade\r\nupgrade: websocket",
            GoesOn("hello"),
        ),
        five(
            "a connection that names what frames it",
            "connection: content-length, host, authorization",
            GoesOn("hello"),
        ),
        five(
            "a connection that names a header",
            "connection: x-hop\r\nx-hop: smuggled",
            GoesOn("hello"),
        ),
        five(
            "headers of the hop before",
            "te: trailers, chunked\r\nkeep-alive: timeout=5\r\nproxy-connection: keep-alive",
            GoesOn("hello"),
        ),
        five("an expectation", "expect: 100-continue", GoesOn("hello")),
        five(
            "an expectation that nobody knows",
            "expect: 200-smuggled",
            GoesOn("hello"),
        ),
        whole(
            "two requests that are two",
            "POST /v1/row HTTP/1.1\r\nhost: localhost\r\ncontent-length: 3\r\n\r\nonePOST /v1/row HTTP/1.1\r\nhost: localhost\r\n\
             transfer-encoding: chunked\r\n\r\n5\r\nother\r\n0\r\n\r\n",
            Both("one", "other"),
        ),
    ]
}
