//! Each credential, as `status` has it, and what it depends on outside the store.

use std::path::Path;

use evergrant_engine::credential::Material;
use evergrant_engine::provider::Table;
use evergrant_engine::remedy::Remedy;
use evergrant_engine::store::Record;

use super::finding::{Finding, Level};
use super::shell::run;
use crate::account::Account;
use crate::plain_file;

/// How a credential stands.
pub(super) fn finding(record: &Record, account: &Account, table: &Table) -> Finding {
    let check = format!("credential {}/{}", account.provider, account.label);
    if table.row(&record.provider).is_none() {
        let message = format!(
            "there is no provider `{}` any more, so that it cannot be used",
            record.provider
        );
        let remedy = run(
            format!("evergrant remove {}", account.id),
            format!(
                "put the row of {} back into `providers.d`, or forget the credential",
                record.provider
            ),
        );
        return Finding::fault(check, message, remedy);
    }
    if let Some(why) = vanished(&record.material) {
        let remedy = run(
            format!(
                "evergrant remove {0} && evergrant login {1}",
                account.id, account.provider
            ),
            "log in with that tool again, or forget what was borrowed and log in here",
        );
        return match account.usable {
            true => Finding::warn(
                check,
                format!("{why}; what was read of it serves until it expires"),
                remedy,
            ),
            false => Finding::fault(check, why, remedy),
        };
    }
    let standing = standing(account);
    Finding {
        check,
        remedy: standing.remedy.map(|remedy| with_command(remedy, record, account)),
        ..standing
    }
}

/// The remedy with a command to copy, where what must be done is done elsewhere: here it is that what was done is noticed.
fn with_command(remedy: Remedy, record: &Record, account: &Account) -> Remedy {
    match &record.material {
        Material::EnvKey(name) if !account.usable && account.health == "needs-login" => {
            return run(
                format!("read -rsp '{name}: ' {name} && export {name}"),
                format!("give `{name}` the key in this shell, or where evergrant is started"),
            );
        }
        Material::Grant(_) | Material::ApiKey(_) | Material::EnvKey(_) | Material::Borrowed(_) | Material::Gone => {}
    }
    // A key at another provider is a way round it, and mends nothing here.
    let elsewhere = matches!(account.health, "not-entitled" | "account-disabled");
    if elsewhere || (account.health == "cooling" && remedy.command().is_none()) {
        return run(
            format!("evergrant reset {}", account.id),
            format!(
                "{}; once that is done, let it be tried again at once",
                remedy.sentence()
            ),
        );
    }
    remedy
}

fn standing(account: &Account) -> Finding {
    let why = account.why.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
    let waits = matches!(account.health, "cooling" | "outcome-unknown" | "disabled" | "unsaved");
    let level = match (account.usable, account.why.is_some()) {
        (true, false) => Level::Ok,
        (true, true) => Level::Warn,
        (false, _) if waits => Level::Warn,
        (false, _) => Level::Fault,
    };
    let rest = match account.expires_at {
        Some(at) if level == Level::Ok => format!(", its token serves until {at}"),
        Some(_) | None => why,
    };
    Finding {
        check: String::new(),
        level,
        message: format!("{}{rest}", account.health),
        remedy: account.remedy.clone(),
    }
}

/// What became of the file that a token is borrowed from, if it cannot be read again.
fn vanished(material: &Material) -> Option<String> {
    let Material::Borrowed(borrowed) = material else {
        return None;
    };
    let (file, tool) = (&borrowed.file, &borrowed.tool);
    let error = plain_file::read(Path::new(file), BORROWED_MAX).err()?;
    Some(format!(
        "the file of {tool} that it is borrowed from, {file}, cannot be read: {error}"
    ))
}

/// 4 MiB: as much as an import reads.
const BORROWED_MAX: u64 = 4 * 1024 * 1024;
