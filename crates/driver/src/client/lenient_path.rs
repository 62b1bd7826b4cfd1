//! A path as the most lenient of servers reads it: so that no way of writing it gets past what it is refused or charged for.

/// Its segments: escapes undone, parameters left out, and whatever some take for a separator taken
/// for one.
pub(super) fn lenient(path: &str) -> Vec<String> {
    let mut plain = path.to_owned();
    for _ in 0..READERS {
        let Some(read) = unescaped(&plain) else { break };
        plain = read;
    }
    let segments = plain.split(['/', '\\']);
    segments
        .map(|segment| segment.split(';').next().unwrap_or_default().trim())
        .filter(|segment| !segment.is_empty())
        .map(str::to_owned)
        .collect()
}

/// The text with its escapes undone once; `None` if it has none.
pub(super) fn unescaped(text: &str) -> Option<String> {
    if !text.contains('%') {
        return None;
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        let hex = |place: usize| after.get(place).and_then(|digit| char::from(*digit).to_digit(16));
        let (read, left) = match (byte, hex(0), hex(1)) {
            (b'%', Some(high), Some(low)) => (u8::try_from(high * 16 + low).unwrap_or(b'?'), &after[2..]),
            (byte, _, _) => (*byte, after),
        };
        bytes.push(read);
        rest = left;
    }
    (bytes.len() < text.len()).then(|| String::from_utf8_lossy(&bytes).into_owned())
}

/// 4 servers behind each other may each undo escapes; more costs too much to follow, and is nowhere.
const READERS: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_writing_hides_a_segment() {
        for path in [
            "/a/batches",
            "/a/b%61tches",
            "/%61/b%2561tch%65s/",
            "//a//batches",
            "/a;x=y/batches;z",
            "/a%2Fbatches",
            "/a%5cbatches",
            "/a\\batches%20",
        ] {
            assert_eq!(lenient(path), ["a", "batches"], "{path}");
        }
        assert_eq!(lenient("/100%/%zz"), ["100%", "%zz"]);
        assert!(lenient("/").is_empty());
    }
}
