//! Why a backup cannot be used, told apart: no backup at all, cut, damaged, newer, another passphrase.

use evergrant_engine::failure::{Code, Failure};
use evergrant_engine::remedy::Remedy;

/// Why a text is no backup that can be restored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BackupFault {
    /// It is something else.
    Foreign,
    /// Its end is missing.
    Cut,
    /// It was changed on its way.
    Damaged,
    /// A newer evergrant made it, in this form.
    Newer(u32),
    /// The passphrase is another one.
    Locked,
    /// It opens, and what is in it does not read.
    Unreadable,
}

impl From<BackupFault> for Failure {
    fn from(fault: BackupFault) -> Self {
        let again = |why: &str| Remedy::Run {
            command: "evergrant export --output FILE".to_owned(),
            why: why.to_owned(),
        };
        match fault {
            BackupFault::Foreign => Self::new(Code::BackupInvalid, "this is no backup of evergrant")
                .with_remedy(again("give the file that an export has written, as it was written")),
            BackupFault::Cut => Self::new(Code::BackupDamaged, "the backup is cut: its end is missing")
                .with_remedy(again("copy it again from where it is whole, or make a new one")),
            BackupFault::Damaged => Self::new(
                Code::BackupDamaged,
                "the backup is damaged: it is not as it was written",
            )
            .with_remedy(again("copy it again from where it is whole, or make a new one")),
            BackupFault::Newer(form) => Self::new(
                Code::BackupNewer,
                format!("a newer evergrant made the backup (form {form}, this one knows {FORM})"),
            )
            .with_remedy(Remedy::EditFile {
                place: "the installation: update evergrant".to_owned(),
            }),
            BackupFault::Locked => Self::new(Code::BackupUndecryptable, "the passphrase does not open the backup")
                .with_remedy(Remedy::Run {
                    command: "evergrant restore FILE".to_owned(),
                    why: "give the passphrase that the backup was made with: nothing else opens it".to_owned(),
                }),
            BackupFault::Unreadable => {
                Self::new(Code::BackupDamaged, "the backup opens, and what is in it does not read")
                    .with_remedy(Remedy::Report)
            }
        }
    }
}

/// The form of backups that this evergrant writes, and the newest that it reads.
pub(super) const FORM: u32 = 1;
