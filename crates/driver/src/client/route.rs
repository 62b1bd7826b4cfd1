//! Who is to answer a request: providers in their order.

use evergrant_engine::credential::ProviderId;
use evergrant_engine::failure::{Code, Failure};
use evergrant_engine::provider::Table;
use evergrant_engine::remedy::Remedy;

use super::call::Route;
use crate::settings::Route as ModelRoute;

/// Who is asked, in order, and who is not although the route names him.
#[derive(Debug, Default)]
pub(super) struct Way {
    /// Never nobody.
    pub(super) providers: Vec<ProviderId>,
    /// Those that lack the request's path.
    pub(super) skipped: Vec<ProviderId>,
}

impl From<Vec<ProviderId>> for Way {
    fn from(providers: Vec<ProviderId>) -> Self {
        Self {
            providers,
            skipped: Vec::new(),
        }
    }
}

/// The way of a request to this path, where `has_any` says who has a credential at all.
pub(super) fn way(
    route: &Route,
    path: &str,
    table: &Table,
    routes: &[ModelRoute],
    has_any: impl Fn(&ProviderId) -> bool,
) -> Result<Way, Failure> {
    match route {
        Route::Provider(provider) if table.row(provider).is_some() => Ok(vec![provider.clone()].into()),
        Route::Provider(provider) => Err(table.missing(provider)),
        Route::Model(model) => {
            let named = routes.iter().find(|route| route.models.matches(model));
            let found: Vec<_> = match named {
                Some(named) => named
                    .providers
                    .iter()
                    .filter(|id| table.row(id).is_some())
                    .cloned()
                    .collect(),
                None => table.by_model(model).map(|row| row.id.clone()).collect(),
            };
            if found.is_empty() {
                let message = format!("no provider serves the model `{model}`");
                return Err(Failure::new(Code::UnknownModel, message).with_remedy(run("evergrant providers")));
            }
            // A provider that nobody has ever logged in at is no part of the way; with none at all, the first is the one to name.
            let (kept, empty): (Vec<_>, Vec<_>) = found.into_iter().partition(&has_any);
            let kept = if kept.is_empty() {
                empty.into_iter().take(1).collect()
            } else {
                kept
            };
            Ok(with_path(kept, path, table))
        }
        Route::Any => {
            let first = table.rows().map(|row| &row.id).find(|id| has_any(id));
            first.map(|id| vec![id.clone()].into()).ok_or_else(|| {
                Failure::new(Code::NoCredential, "there is no credential for any provider").with_remedy(Remedy::Run {
                    command: "evergrant providers".to_owned(),
                    why: "log in at one of these with `evergrant login PROVIDER`, or add a key with `evergrant add PROVIDER`"
                        .to_owned(),
                })
            })
        }
    }
}

/// Those that have the path. Where none has it, the first is asked all the same: its own words say it best.
fn with_path(providers: Vec<ProviderId>, path: &str, table: &Table) -> Way {
    let lacks = |id: &ProviderId| table.row(id).is_some_and(|row| row.lacks(path));
    let (skipped, kept): (Vec<_>, Vec<_>) = providers.into_iter().partition(lacks);
    if kept.is_empty() {
        let mut skipped = skipped.into_iter();
        return Way {
            providers: skipped.by_ref().take(1).collect(),
            skipped: skipped.collect(),
        };
    }
    Way {
        providers: kept,
        skipped,
    }
}

fn run(command: &str) -> Remedy {
    Remedy::Run {
        command: command.to_owned(),
        why: "choose one that is listed".to_owned(),
    }
}
