//! The models that a body names, where that decides whether it may go out: read so that no provider can read another one.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use evergrant_engine::failure::{Code, Failure};
use evergrant_engine::remedy::Remedy;
use http::HeaderMap;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};

use super::body::{Body, KEPT_EACH, Progress, crowded};
use super::member_name::plain;
use super::models_within::ModelsWithin;
use super::strict_form::{Doubtful, boundary, model};

/// The models that a body names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NamedModels {
    /// The one that answers.
    pub sole: Option<String>,
    /// Those that tools of it would use.
    pub of_tools: Vec<String>,
    /// Those of the requests that a batch of them has within.
    pub of_requests: Vec<String>,
    /// Whether there is no body.
    pub is_empty: bool,
}

impl Body {
    /// The models that the body names, for a client key that is held to some. The whole body is read, because what stands last
    /// in it may be what counts, and goes out all the same.
    ///
    /// # Errors
    /// A body that names a model twice, in another writing, or in a form in which it cannot be looked for.
    #[doc(hidden)]
    pub async fn named_models(&mut self, headers: &HeaderMap) -> Result<NamedModels, Failure> {
        self.in_one_piece();
        match self.read(|_| false).await? {
            Progress::Ended | Progress::Enough => {}
            Progress::Full => return Err(too_large()),
            Progress::Crowded => return Err(crowded()),
        }
        let whole = self.gathered();
        if whole.is_empty() {
            return Ok(NamedModels {
                is_empty: true,
                ..NamedModels::default()
            });
        }
        if headers.contains_key(CONTENT_ENCODING) {
            return Err(unreadable("it is compressed"));
        }
        let mut typed = headers.get_all(CONTENT_TYPE).iter();
        let (Some(Ok(typed)), None) = (typed.next().map(|typed| typed.to_str()), typed.next()) else {
            return Err(unreadable("it needs one `Content-Type`"));
        };
        let form = boundary(typed).and_then(|boundary| boundary.map(|boundary| model(&whole, &boundary)).transpose());
        let named = match form {
            Ok(Some(sole)) => NamedModels {
                sole,
                ..NamedModels::default()
            },
            Ok(None) if is_json(typed) => of_json(&whole)?,
            Ok(None) => return Err(unreadable("it is neither JSON nor a form with parts")),
            Err(Doubtful) => return Err(unreadable("its form is written in a way that can be read differently")),
        };
        // By it the request goes and is booked: it is not read for that again.
        self.named = named.sole.as_deref().map(Arc::from);
        Ok(named)
    }
}

/// Whether it is JSON for every reader: one that undoes another charset would find other members.
fn is_json(content_type: &str) -> bool {
    let small = content_type.to_ascii_lowercase().replace([' ', '"'], "");
    let (kind, charset) = small.split_once(';').unwrap_or((&small, ""));
    let is_plain = |name: &str| {
        name.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"/.+-".contains(&byte))
    };
    let is_kind = kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json"));
    is_kind && is_plain(kind) && matches!(charset, "" | "charset=utf-8")
}

fn of_json(text: &[u8]) -> Result<NamedModels, Failure> {
    let mut found = Found::default();
    let mut reader = serde_json::Deserializer::from_slice(text);
    let read = (&mut found).deserialize(&mut reader).and_then(|()| reader.end());
    match (read, found.doubt) {
        (_, Some(doubt)) => Err(unreadable(doubt)),
        (Err(_), None) => Err(unreadable("it is no JSON object, or a model that it names is no text")),
        (Ok(()), None) => Ok(NamedModels {
            sole: found.model,
            of_tools: found.of_tools,
            of_requests: found.of_requests,
            is_empty: false,
        }),
    }
}

/// What was found at the top of an object.
#[derive(Default)]
struct Found {
    model: Option<String>,
    of_tools: Vec<String>,
    of_requests: Vec<String>,
    doubt: Option<&'static str>,
}

/// A text as it is written, and whether there are escapes in it.
struct Written {
    text: String,
    escaped: bool,
}

impl<'de> DeserializeSeed<'de> for &mut Found {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<(), D::Error> {
        reader.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for &mut Found {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<(), M::Error> {
        let mut seen = HashSet::new();
        while let Some(name) = map.next_key_seed(Text)? {
            let small = plain(&name.text);
            if SEVERAL.contains(&small.as_str()) {
                self.doubt = Some("it names several models to choose from");
            }
            let list = match small.as_str() {
                "tools" => Some(&mut self.of_tools),
                "requests" => Some(&mut self.of_requests),
                _ => None,
            };
            if let Some(found) = list {
                map.next_value_seed(ModelsWithin { found, is_one: false })?;
                continue;
            }
            if small != "model" {
                map.next_value::<IgnoredAny>()?;
                continue;
            }
            if name.escaped || name.text != "model" {
                self.doubt = Some("it writes the name of `model` in a way of its own");
            }
            if !seen.insert(small) {
                self.doubt = Some("it names a model more than once");
            }
            let value = map.next_value_seed(Text)?;
            if value.escaped {
                self.doubt = Some("it writes its model with escapes");
            }
            self.model = Some(value.text);
        }
        Ok(())
    }
}

/// Reads a text; anything else is an error.
struct Text;

impl<'de> DeserializeSeed<'de> for Text {
    type Value = Written;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Written, D::Error> {
        reader.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Text {
    type Value = Written;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    /// Only what has no escapes can be lent.
    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Written, E> {
        Ok(Written {
            text: text.to_owned(),
            escaped: false,
        })
    }

    fn visit_str<E>(self, text: &str) -> Result<Written, E> {
        Ok(Written {
            text: text.to_owned(),
            escaped: true,
        })
    }
}

fn unreadable(why: &str) -> Failure {
    let message = format!("a client key that is held to some models cannot send this body: {why}");
    Failure::new(Code::ClientKeyForbidden, message).with_remedy(Remedy::ChangeRequest)
}

fn too_large() -> Failure {
    let limit = KEPT_EACH / (1024 * 1024);
    let message =
        format!("a client key that is held to some models can send at most {limit} MiB, which must be read first");
    Failure::new(Code::BodyTooLarge, message).with_remedy(Remedy::ChangeRequest)
}

/// Members in which a router is given models to choose from.
const SEVERAL: [&str; 3] = ["models", "fallbacks", "fallback_models"];

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http_body_util::Full;

    use super::super::body::Budget;
    use super::*;

    #[track_caller]
    fn check(body: &str, expected: Result<Option<&str>, ()>) {
        let found = of_json(body.as_bytes()).map(|found| found.sole);
        assert_eq!(found.as_ref().map(Option::as_deref).map_err(|_| ()), expected, "{body}");
    }

    #[test]
    fn a_model_is_named_once_and_plainly() {
        check(
            r#"{"model":"grok-4.3","messages":[{"model":"x"}]}"#,
            Ok(Some("grok-4.3")),
        );
        check(r#" {"messages":"\u0061", "model" : "a/b:c" } "#, Ok(Some("a/b:c")));
        check("{}", Ok(None));
        for body in [
            r#"{"model":"a","model":"b"}"#,
            r#"{"model":"a","mod\u0065l":"b"}"#,
            r#"{"mod\u0065l":"a"}"#,
            r#"{"model":"\u0061"}"#,
            r#"{"model":"a","Model":"b"}"#,
            r#"{"MODEL":"a"}"#,
            r#"{"model":"a","model\u0000":"b"}"#,
            r#"{"model":"a","fallbacks":["b"]}"#,
            r#"{"model":"a","models":["b"]}"#,
            r#"{"model":"a"}{"model":"b"}"#,
            r#"{"model":["a"]}"#,
            r#"{"model":null}"#,
            r#"{"model":"a",}"#,
            r#"{"model":"a""#,
            r#"[{"model":"a"}]"#,
            "model=a",
        ] {
            check(body, Err(()));
        }
    }

    #[tokio::test]
    async fn who_finds_no_room_may_come_again() {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, "application/json".parse().unwrap());
        let whole = Full::new(Bytes::from_static(b"{\"model\":\"a\"}"));
        let failure = Body::coming(whole.clone(), &Budget::taken())
            .named_models(&headers)
            .await;
        let failure = failure.unwrap_err();
        assert_eq!(failure.code, Code::Transient);
        assert!(failure.retry_after.is_some() && failure.remedy == Some(Remedy::Wait { until: None }));
        let rest = Full::new(Bytes::from_static(b"{\"input\":1,"));
        let failure = Body::coming(rest, &Budget::taken()).model(&headers).await;
        assert_eq!(failure.unwrap_err().code, Code::Transient);
        let named = Body::coming(whole, &Budget::default()).named_models(&headers).await;
        assert_eq!(named.unwrap().sole.as_deref(), Some("a"));
    }

    #[tokio::test]
    async fn what_was_proved_is_what_the_request_goes_by() {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, "application/json".parse().unwrap());
        let mut body = Body::full(Bytes::from_static(b"{\"model\":\"a\"}"));
        body.named_models(&headers).await.unwrap();
        assert_eq!(body.named.as_deref(), Some("a"));
        // Whatever another way of reading would find.
        headers.insert(CONTENT_ENCODING, "x-own".parse().unwrap());
        assert_eq!(body.model(&headers).await.unwrap().as_deref(), Some("a"));
    }

    #[test]
    fn models_of_tools_are_named_too() {
        let body = br#"{"model":"a","tools":[{"type":"image_generation","model":"b"},{"name":"x","parameters":{"model":"no"}}]}"#;
        assert_eq!(of_json(body).unwrap().of_tools, ["b"]);
    }

    #[test]
    fn models_of_a_batchs_requests_are_named_too() {
        let body = br#"{"requests":[{"model":"models/a","content":{"model":"no"}},{"MODEL":"b"},{}],"Requests":[{"model":"c"}]}"#;
        assert_eq!(of_json(body).unwrap().of_requests, ["models/a", "b", "c"]);
    }

    #[test]
    fn a_tool_that_names_two_names_both() {
        for (tools, expected) in [
            (r#"[{"model":"b","model":"c","Model":"d"}]"#, &["b", "c", "d"][..]),
            (
                r#"[[{"model":"no"}],7,null,"x",{"model":null},{"a":{"model":"no"}}]"#,
                &[],
            ),
            (r#"{"model":"no"}"#, &[]),
            ("null", &[]),
        ] {
            let body = format!("{{\"model\":\"a\",\"tools\":{tools}}}");
            assert_eq!(of_json(body.as_bytes()).unwrap().of_tools, expected, "{tools}");
        }
    }

    #[test]
    fn a_model_within_is_a_text_or_none() {
        let many: String = (0..65).map(|number| format!("{{\"model\":\"m{number}\"}},")).collect();
        let deep = format!("{{\"model\":[{}[0]]}},", "[0],".repeat(100_000));
        let long = format!("{{\"model\":\"{}\"}},", "m".repeat(513));
        for part in [
            "{\"model\":7},",
            "{\"model\":{}},",
            "{\"model\":true},",
            &many,
            &deep,
            &long,
        ] {
            let body = format!("{{\"model\":\"a\",\"tools\":[{part}{{}}]}}");
            assert!(of_json(body.as_bytes()).is_err(), "{}", &part[..20.min(part.len())]);
        }
        let alike = "{\"model\":\"b\"},".repeat(100_000);
        let body = format!("{{\"model\":\"a\",\"tools\":[{alike}{{}}]}}");
        assert_eq!(of_json(body.as_bytes()).unwrap().of_tools, ["b"]);
    }

    #[test]
    fn only_what_everybody_reads_as_json_is_read_as_that() {
        for json in [
            "application/json",
            "Application/JSON; charset=\"UTF-8\"",
            "application/problem+json",
        ] {
            assert!(is_json(json), "{json}");
        }
        for other in [
            "text/json",
            "application/json; charset=utf-7",
            "application/json, text/plain",
            "text/plain",
            "",
        ] {
            assert!(!is_json(other), "{other}");
        }
    }
}
