//! Finds the field `model` of a form with parts (RFC 7578) while it is coming in.

use bytes::BytesMut;

/// Reads a form piece by piece.
#[derive(Debug)]
pub(super) struct Multipart {
    /// `\r\n--` and the boundary.
    delimiter: Vec<u8>,
    window: BytesMut,
    inside: Inside,
    model: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Inside {
    /// A part nobody asks for, or what stands before the first one.
    Other,
    /// A part's headers.
    Head,
    /// The part that is wanted.
    Model,
    /// Nothing any more.
    End,
}

impl Multipart {
    /// A reader for this content type; `None` if it is no form with parts.
    pub(super) fn new(content_type: &str) -> Option<Self> {
        let end = content_type.bytes().position(|byte| byte == b';')?;
        let (kind, parameters) = content_type.split_at(end);
        if !kind
            .as_bytes()
            .trim_ascii()
            .eq_ignore_ascii_case(b"multipart/form-data")
        {
            return None;
        }
        let boundary = parameters.split(';').map(str::trim).find_map(|parameter| {
            let (name, value) = parameter.split_once('=')?;
            name.eq_ignore_ascii_case("boundary").then(|| value.trim_matches('"'))
        })?;
        if boundary.is_empty() || boundary.len() > BOUNDARY_LIMIT {
            return None;
        }
        Some(Self {
            delimiter: format!("\r\n--{boundary}").into_bytes(),
            // The first delimiter has no line before it.
            window: BytesMut::from(&b"\r\n"[..]),
            inside: Inside::Other,
            model: None,
        })
    }

    /// Reads on; answers whether the model is known or cannot come any more.
    pub(super) fn feed(&mut self, piece: &[u8]) -> bool {
        self.window.extend_from_slice(piece);
        while self.step() {}
        self.inside == Inside::End
    }

    /// The model, if it was there.
    pub(super) fn found(self) -> Option<String> {
        self.model
    }

    /// One step through the window; answers whether it could be made.
    fn step(&mut self) -> bool {
        match self.inside {
            Inside::End => {
                self.window.clear();
                false
            }
            Inside::Other => match find(&self.window, &self.delimiter) {
                Some(at) => {
                    let _ = self.window.split_to(at + self.delimiter.len());
                    self.inside = Inside::Head;
                    true
                }
                None => {
                    let passed = self.window.len().saturating_sub(self.delimiter.len());
                    let _ = self.window.split_to(passed);
                    false
                }
            },
            Inside::Head if self.window.starts_with(b"--") => {
                self.inside = Inside::End;
                true
            }
            Inside::Head => match find(&self.window, b"\r\n\r\n") {
                Some(at) => {
                    let head = self.window.split_to(at + 4);
                    self.inside = if names_model(&head) {
                        Inside::Model
                    } else {
                        Inside::Other
                    };
                    true
                }
                None if self.window.len() > HEAD_LIMIT => {
                    self.inside = Inside::End;
                    true
                }
                None => false,
            },
            Inside::Model => match find(&self.window, b"\r\n") {
                Some(at) if at <= VALUE_LIMIT => {
                    self.model = std::str::from_utf8(&self.window[..at]).ok().map(str::to_owned);
                    self.inside = Inside::End;
                    true
                }
                None if self.window.len() <= VALUE_LIMIT => false,
                Some(_) | None => {
                    self.inside = Inside::End;
                    true
                }
            },
        }
    }
}

fn names_model(head: &[u8]) -> bool {
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    let line = head.lines().find(|line| line.starts_with("content-disposition:"));
    line.is_some_and(|line| {
        line.split(';')
            .map(str::trim)
            .any(|word| word == "name=\"model\"" || word == "name=model")
    })
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len()).position(|window| window == wanted)
}

/// RFC 2046 section 5.1.1 allows 70 characters.
const BOUNDARY_LIMIT: usize = 70;

/// A part's headers are a few short lines.
const HEAD_LIMIT: usize = 8 * 1024;

/// Longer than the name of any model.
const VALUE_LIMIT: usize = 512;

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(body: &str, model: Option<&str>) {
        for size in [1, 2, 5, 16, body.len()] {
            let mut form = Multipart::new("multipart/form-data; charset=x; boundary=\"b1\"").unwrap();
            for piece in body.as_bytes().chunks(size) {
                form.feed(piece);
            }
            assert_eq!(form.found().as_deref(), model, "in pieces of {size}");
        }
    }

    #[test]
    fn the_field_is_found_and_nothing_that_only_looks_like_it() {
        let file =
            "--b1\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\nname=\"model\"\r\n\r\nno\r\n";
        let field = "--b1\r\ncontent-disposition: form-data; name=\"model\"\r\n\r\nwhisper-1\r\n--b1--\r\n";
        check(&format!("{file}{field}"), Some("whisper-1"));
        check(field, Some("whisper-1"));
        check(&format!("{file}--b1--\r\n"), None);
        check(
            "--b1\r\nContent-Disposition: form-data; name=\"x\"\r\n\r\n\r\n--b1--\r\n",
            None,
        );
        assert!(Multipart::new("application/json").is_none());
        assert!(Multipart::new("multipart/form-data").is_none());
    }
}
