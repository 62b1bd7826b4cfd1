//! Importing from other tools' stores into an open home.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use evergrant_engine::credential::{Material, ProviderId};
use evergrant_engine::failure::{Code, Failure};
use evergrant_engine::remedy::{Remedy, shell_word};

use crate::driver::Driver;
use crate::import::{Import, ImportWay, Imported, ImportedOne, Tool, Work, missing, providers_of, run};

impl Driver {
    /// Imports from another tool's store. Nothing that is not named in the answer is written.
    ///
    /// # Errors
    /// A file that is missing, cannot be read or is none of the tool's; nothing usable in it; a provider that does not
    /// say where its token endpoint is (for taking over alone); a store that cannot be written.
    ///
    /// ```
    /// # use evergrant_driver::{Import, ImportWay, Tool};
    ///
    /// # #[tokio::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let driver = evergrant_driver::Driver::open(evergrant_driver::settings::Settings::load(Some(folder.path().join("home")), [])?)?;
    /// # let file = folder.path().join("auth.json");
    /// # std::fs::write(&file, r#"{"OPENAI_API_KEY": "sk-proj-0123456789", "tokens": null}"#)?;
    /// let import = Import { tool: Tool::Codex, from: Some(file), way: ImportWay::Borrow };
    /// let imported = driver.import(import).await?;
    /// assert_eq!(imported.credentials[0].account.provider.as_str(), "openai");
    /// # Ok(())
    /// # }
    /// ```
    pub async fn import(&self, import: Import) -> Result<Imported, Failure> {
        let Import { tool, from, way } = import;
        let file = self.file_of(tool, from.as_deref(), way)?;
        let usual = self.file_of(tool, None, ImportWay::Borrow).ok();
        let undo = if usual.as_ref() == Some(&file) {
            format!("evergrant import {tool} --undo")
        } else {
            format!(
                "evergrant import {tool} --undo --from {}",
                shell_word(&file.display().to_string())
            )
        };
        let hosts = match way {
            ImportWay::Take => self.token_hosts(tool, &file).await?,
            ImportWay::Borrow | ImportWay::GiveBack => HashMap::new(),
        };
        let place = file.clone();
        let ended = self
            .kernel
            .apart(move |kernel| {
                let settings = kernel.settings();
                let work = Work {
                    store: &**kernel.store(),
                    ledger: kernel.ledger(),
                    clock: kernel.clock(),
                    table: &settings.table,
                    environment: &settings.environment,
                    tool,
                    file,
                    hosts,
                    undo,
                };
                run(&work, way)
            })
            .await?;
        let mut imported = Imported {
            place,
            credentials: Vec::new(),
            skipped: Vec::new(),
        };
        for outcome in ended {
            match outcome {
                Ok(done) => imported.credentials.push(ImportedOne {
                    account: self.account(&done.record),
                    how: done.how,
                    backup: done.backup,
                    undo: done.undo,
                }),
                Err(skipped) => imported.skipped.push(skipped),
            }
        }
        if imported.credentials.is_empty() {
            return Err(nothing(tool, &imported));
        }
        Ok(imported)
    }

    /// The file that is meant. What was borrowed from another place than the usual one is taken over from there.
    fn file_of(&self, tool: Tool, from: Option<&Path>, way: ImportWay) -> Result<PathBuf, Failure> {
        let named = match from {
            Some(from) if from.is_dir() => from.join(FILE),
            Some(from) => from.to_owned(),
            None => {
                let usual = tool.usual_file(&self.kernel.settings().environment)?;
                let borrowed = match way {
                    ImportWay::Take => self.borrowed_from(tool),
                    ImportWay::Borrow | ImportWay::GiveBack => Vec::new(),
                };
                let resolved = usual.canonicalize().unwrap_or_else(|_| usual.clone());
                match borrowed.first() {
                    Some(elsewhere) if !borrowed.contains(&resolved) => elsewhere.clone(),
                    Some(_) | None => usual,
                }
            }
        };
        // A file that was set aside as a whole is not there; its folder is.
        let beside = || {
            let folder = named.parent()?.canonicalize().ok()?;
            Some(folder.join(named.file_name()?))
        };
        named
            .canonicalize()
            .ok()
            .or_else(beside)
            .ok_or_else(|| missing(tool, &named))
    }

    fn borrowed_from(&self, tool: Tool) -> Vec<PathBuf> {
        let picture = self.kernel.ledger().picture();
        let files = picture.records().filter_map(|record| match &record.material {
            Material::Borrowed(borrowed) if borrowed.tool == tool.as_str() => Some(PathBuf::from(&borrowed.file)),
            Material::Borrowed(_) | Material::Grant(_) | Material::ApiKey(_) | Material::EnvKey(_) | Material::Gone => {
                None
            }
        });
        files.collect()
    }

    /// Where the token endpoints are of the providers whose grants are in the file: a later refresh is held against that.
    async fn token_hosts(&self, tool: Tool, file: &Path) -> Result<HashMap<ProviderId, String>, Failure> {
        let file = file.to_owned();
        let rows = self
            .kernel
            .apart(move |kernel| providers_of(tool, &file, &kernel.table()))
            .await?;
        let tools = self.kernel.tools();
        let mut hosts = HashMap::new();
        for row in rows {
            let endpoint = tools.metadata.token_endpoint(&row, &tools.network).await?;
            hosts.insert(row.id.clone(), endpoint.host_str().unwrap_or_default().to_owned());
        }
        Ok(hosts)
    }
}

fn nothing(tool: Tool, imported: &Imported) -> Failure {
    let reasons: Vec<_> = imported
        .skipped
        .iter()
        .map(|skipped| format!("`{}` {}", skipped.entry, skipped.why))
        .collect();
    let place = imported.place.display();
    let message = if reasons.is_empty() {
        format!("{place} holds nothing that can be imported")
    } else {
        format!("nothing was imported from {place}: {}", reasons.join("; "))
    };
    Failure::new(Code::ImportInvalid, message).with_remedy(Remedy::Run {
        command: "evergrant providers".to_owned(),
        why: format!("log in with {tool} first, or log in here instead: these are the providers"),
    })
}

/// What is meant where a folder is named: all tools call it so.
const FILE: &str = "auth.json";
