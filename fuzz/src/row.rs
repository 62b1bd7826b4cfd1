//! A row that can be read can be written and read again, and is the same.

use std::sync::Arc;

use evergrant_engine::provider::{Origin, RowFile};

/// Reads a row as a user's file and as a built-in one.
pub fn row(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    for origin in [Origin::BuiltIn, Origin::File("row.toml".to_owned())] {
        let first = match RowFile::parse("row.toml", text, origin.clone()) {
            Ok(first) => first,
            Err(error) => {
                let lines = text.lines().count().max(1);
                let line = usize::try_from(error.line).unwrap_or(usize::MAX);
                assert!(line <= lines + 1, "line {line} of {lines}: {error}");
                continue;
            }
        };
        let written = text.parse::<toml::Table>().expect("a row is TOML").to_string();
        let second = RowFile::parse("row.toml", &written, origin).expect("what was read can be read again");
        assert_eq!(shown(first), shown(second), "written as\n{written}");
    }
}

/// All of a row but the lines that its signals stand on.
fn shown(mut file: RowFile) -> String {
    let signals = match &mut file {
        RowFile::Row(row) => &mut row.signals,
        RowFile::Signals { signals, .. } => signals,
    };
    for signal in signals.iter_mut() {
        Arc::make_mut(signal).line = 0;
    }
    match &file {
        RowFile::Row(row) => format!("{row:?}"),
        RowFile::Signals { id, signals, .. } => format!("{id:?} {signals:?}"),
    }
}
