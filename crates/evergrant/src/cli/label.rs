//! A label as it is typed: one that can be seen and typed again.

use evergrant_driver::Label;

/// Reads one.
pub(crate) fn typed_label(text: &str) -> Result<Label, String> {
    if text.is_empty() || text.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Err("a label is a word, without white space".to_owned());
    }
    if text.chars().count() > LABEL_LIMIT {
        return Err(format!("a label has at most {LABEL_LIMIT} characters"));
    }
    Ok(Label::from(text))
}

/// 64 characters: an address fits, and a table of them stays readable.
const LABEL_LIMIT: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_one_visible_word() {
        assert_eq!(typed_label("müller@work").unwrap().as_str(), "müller@work");
        assert!(typed_label(&"x".repeat(LABEL_LIMIT)).is_ok());
        for bad in ["", " ", "a b", "a\n", "\u{1b}[2J", &"x".repeat(LABEL_LIMIT + 1)] {
            assert!(typed_label(bad).is_err(), "{bad:?}");
        }
    }
}
