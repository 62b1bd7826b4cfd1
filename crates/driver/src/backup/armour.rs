//! The text of a backup: what it is, how its key is derived, the sealed bytes in base 64, and a sum that tells damage from
//! a wrong passphrase.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use sha2::{Digest as _, Sha256};

use super::fault::{BackupFault, FORM};

/// A backup's parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Parts {
    /// The line that derives the key.
    pub(super) stretch: String,
    /// The sealed bytes.
    pub(super) sealed: Vec<u8>,
}

impl Parts {
    /// What the seal is bound to: the lines before it.
    pub(super) fn context(stretch: &str) -> Vec<u8> {
        format!("{NAME} {FORM}\n{stretch}\n").into_bytes()
    }

    /// The text.
    pub(super) fn print(&self) -> String {
        let mut text = format!("{NAME} {FORM}\n{}\n", self.stretch);
        let whole = BASE64_STANDARD.encode(&self.sealed);
        let mut rest = whole.as_str();
        while !rest.is_empty() {
            let (line, behind) = rest.split_at(rest.len().min(LINE));
            text.push_str(line);
            text.push('\n');
            rest = behind;
        }
        let sum = sum_of(&text);
        format!("{text}{END} {sum}\n")
    }

    /// Reads the text; line ends of another system, and blank lines around it, do not matter.
    pub(super) fn parse(text: &str) -> Result<Self, BackupFault> {
        let lines: Vec<&str> = text.trim_matches(BLANKS).lines().map(|line| line.trim_end()).collect();
        let (first, rest) = lines.split_first().ok_or(BackupFault::Foreign)?;
        let form = match first.strip_prefix(NAME) {
            Some(form) => form.trim(),
            // Cut in its very name, but for what is too short to be recognised.
            None if first.len() >= RECOGNISED && NAME.starts_with(first) && rest.is_empty() => {
                return Err(BackupFault::Cut);
            }
            None => return Err(BackupFault::Foreign),
        };
        match form.parse::<u32>() {
            Ok(FORM) => {}
            Ok(newer) if newer > FORM => return Err(BackupFault::Newer(newer)),
            Err(_) if form.is_empty() && rest.is_empty() => return Err(BackupFault::Cut),
            Ok(_) | Err(_) => return Err(BackupFault::Foreign),
        }
        let (last, body) = rest.split_last().ok_or(BackupFault::Cut)?;
        let told = last.strip_prefix(END).map(str::trim);
        let told = told.filter(|sum| sum.len() == SUM).ok_or(BackupFault::Cut)?;
        let (stretch, sealed) = body.split_first().ok_or(BackupFault::Damaged)?;
        let mut whole = format!("{NAME} {FORM}\n");
        for line in body {
            whole.push_str(line);
            whole.push('\n');
        }
        if sum_of(&whole) != told {
            return Err(BackupFault::Damaged);
        }
        let sealed = BASE64_STANDARD.decode(sealed.concat());
        Ok(Self {
            stretch: (*stretch).to_owned(),
            sealed: sealed.map_err(|_| BackupFault::Damaged)?,
        })
    }
}

fn sum_of(text: &str) -> String {
    hex::encode(Sha256::digest(text.as_bytes()))
}

/// The first words of a backup.
const NAME: &str = "evergrant-backup";

/// The first word of its last line.
const END: &str = "sha256";

/// 64 hexadecimal digits: what is shorter was cut.
const SUM: usize = 64;

/// 76 letters a line, as mail has it (RFC 2045 6.8): it can be printed, pasted and sent.
const LINE: usize = 76;

/// 4 letters of the name: less could be the beginning of anything.
const RECOGNISED: usize = 4;

/// What may stand around a text that was pasted.
const BLANKS: [char; 5] = [' ', '\t', '\r', '\n', '\u{feff}'];

#[cfg(test)]
mod tests {
    use super::*;

    fn parts() -> Parts {
        Parts {
            stretch: "argon2id$64$1$1$AAAA".to_owned(),
            sealed: (0..=255).collect(),
        }
    }

    #[test]
    fn what_is_printed_is_read_however_it_was_carried() {
        let text = parts().print();
        assert!(text.lines().all(|line| line.len() <= LINE));
        assert_eq!(Parts::parse(&text), Ok(parts()));
        assert_eq!(Parts::parse(&text.replace('\n', "\r\n")), Ok(parts()));
        assert_eq!(Parts::parse(&format!("\u{feff}\n{text}\n\n")), Ok(parts()));
        assert_eq!(Parts::parse(text.trim_end()), Ok(parts()));
    }

    #[test]
    fn whatever_is_cut_or_changed_is_noticed() {
        let text = parts().print();
        for length in RECOGNISED..text.len() - 1 {
            assert_eq!(Parts::parse(&text[..length]), Err(BackupFault::Cut), "{length}");
        }
        for at in 0..text.len() - 1 {
            let mut damaged = text.clone().into_bytes();
            damaged[at] = if damaged[at] == b'x' { b'y' } else { b'x' };
            assert!(Parts::parse(&String::from_utf8(damaged).unwrap()).is_err(), "{at}");
        }
        let middle = text.len() / 2;
        let changed = if &text[middle..=middle] == "Q" { "R" } else { "Q" };
        let changed = format!("{}{changed}{}", &text[..middle], &text[middle + 1..]);
        assert_eq!(Parts::parse(&changed), Err(BackupFault::Damaged));
    }

    #[test]
    fn another_form_and_another_file_are_told_apart() {
        let newer = parts().print().replace("backup 1", "backup 2");
        assert_eq!(Parts::parse(&newer), Err(BackupFault::Newer(2)));
        for foreign in [
            "",
            "{}",
            "eve",
            "-----BEGIN PGP MESSAGE-----",
            "evergrant-backup 0",
            "evergrant-backupx",
        ] {
            assert_eq!(Parts::parse(foreign), Err(BackupFault::Foreign), "{foreign}");
        }
    }
}
