//! Why the history could not be used, in its own words: none of it concerns a credential.

use std::path::Path;

use evergrant_engine::failure::{Code, Failure};
use evergrant_engine::remedy::{Remedy, shell_word};

use crate::fault::StoreFault;

/// The failure of a fault that befell the history at this path.
pub(super) fn failure(fault: StoreFault, path: &Path) -> Failure {
    let place = path.display();
    let aside = || Remedy::Run {
        command: format!("mv {0} {0}.aside", shell_word(&place.to_string())),
        why: "move it aside to begin a new one; credentials are elsewhere and stay as they are".to_owned(),
    };
    match fault {
        StoreFault::Corrupt { detail, .. } => {
            let message = format!("the history at {place} is damaged: {detail}");
            Failure::new(Code::StoreCorrupt, message).with_remedy(aside())
        }
        StoreFault::Newer { found, known, .. } => {
            let message = format!(
                "the history at {place} was written by a newer evergrant (schema {found}, this one knows {known})"
            );
            Failure::new(Code::StoreNewer, message).with_remedy(Remedy::EditFile {
                place: "the installation: update evergrant".to_owned(),
            })
        }
        StoreFault::Locked { .. } => {
            let message = format!("the history at {place} is locked by another process");
            Failure::new(Code::StoreLocked, message).with_remedy(Remedy::Wait { until: None })
        }
        StoreFault::Unwritable { detail, .. } => {
            let message = format!("the history at {place} cannot be used: {detail}");
            Failure::new(Code::StoreUnwritable, message).with_remedy(Remedy::EditFile {
                place: format!("the disk under {place}: free space or make it writable, then try again"),
            })
        }
        // Of the home and its files in general: their words are right for whatever lies in it.
        other @ (StoreFault::Missing { .. }
        | StoreFault::Undecryptable { .. }
        | StoreFault::Permission { .. }
        | StoreFault::Network { .. }
        | StoreFault::LabelTaken { .. }
        | StoreFault::Changed
        | StoreFault::NoRecord(_)) => other.into(),
    }
}
