//! The name of an object's member as the most lenient of its readers takes it.

/// Its plain form: some parsers know no capitals in the names of members, some end a name at its first NUL, and some leave out
/// what cannot be seen around it.
pub(super) fn plain(name: &str) -> String {
    let ended = name.trim_start_matches('\0').split('\0').next().unwrap_or_default();
    let is_unseen = |c: char| c.is_whitespace() || c.is_control();
    ended.trim_matches(is_unseen).to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_writing_hides_a_name() {
        for name in ["model", "MODEL", " model\t", "model\0", "model\0x", "\0model", "\u{7}Model\u{a0}"] {
            assert_eq!(plain(name), "model", "{name:?}");
        }
        for other in ["models", "mo del", "", "x\0model"] {
            assert_ne!(plain(other), "model", "{other:?}");
        }
    }
}
