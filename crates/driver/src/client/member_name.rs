//! The name of an object's member as the most lenient of its readers takes it.

/// Its plain form: some parsers know no capitals in the names of members, some end a name at its first NUL, and some leave out
/// what cannot be seen around it.
pub(super) fn plain(name: &str) -> String {
    bare(name).to_ascii_lowercase()
}

/// Whether this word, in small letters, is its plain form.
pub(super) fn is_named(name: &str, word: &str) -> bool {
    // What something is left out of is shorter than it was.
    let least = if name.len() > word.len() { bare(name) } else { name };
    least.eq_ignore_ascii_case(word)
}

fn bare(name: &str) -> &str {
    let bytes = name.as_bytes();
    let is_seen = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_graphic);
    if is_seen(bytes.first()) && is_seen(bytes.last()) && !bytes.contains(&0) {
        return name;
    }
    let ended = name.trim_start_matches('\0').split('\0').next().unwrap_or_default();
    ended.trim_matches(|c: char| c.is_whitespace() || c.is_control())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_writing_hides_a_name() {
        for name in [
            "model",
            "MODEL",
            " model\t",
            "model\0",
            "model\0x",
            "\0model",
            "\u{7}Model\u{a0}",
        ] {
            assert_eq!(
                (plain(name).as_str(), is_named(name, "model")),
                ("model", true),
                "{name:?}"
            );
        }
        for other in ["models", "mo del", "", "x\0model"] {
            assert!(plain(other) != "model" && !is_named(other, "model"), "{other:?}");
        }
    }
}
