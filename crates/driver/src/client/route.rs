//! Who is to answer a request: providers in their order.

use evergrant_engine::credential::{Material, ProviderId};
use evergrant_engine::failure::{Code, Failure};
use evergrant_engine::provider::Table;
use evergrant_engine::remedy::Remedy;

use super::call::Route;
use crate::ledger::Picture;
use crate::settings::Route as ModelRoute;

/// The providers of a route, in order; never none.
pub(super) fn providers(
    route: &Route,
    table: &Table,
    routes: &[ModelRoute],
    picture: &Picture,
) -> Result<Vec<ProviderId>, Failure> {
    match route {
        Route::Provider(provider) if table.row(provider).is_some() => Ok(vec![provider.clone()]),
        Route::Provider(provider) => {
            let message = format!("there is no provider `{provider}`");
            Err(Failure::new(Code::UnknownProvider, message).with_remedy(run("evergrant providers")))
        }
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
            let (kept, empty): (Vec<_>, Vec<_>) = found.into_iter().partition(|id| has_any(picture, id));
            Ok(if kept.is_empty() {
                empty.into_iter().take(1).collect()
            } else {
                kept
            })
        }
        Route::Any => {
            let first = table.rows().map(|row| &row.id).find(|id| has_any(picture, id));
            first.map(|id| vec![id.clone()]).ok_or_else(|| {
                Failure::new(Code::NoCredential, "there is no credential for any provider").with_remedy(Remedy::Run {
                    command: "evergrant providers".to_owned(),
                    why: "log in at one of these with `evergrant login PROVIDER`, or add a key with `evergrant add PROVIDER`"
                        .to_owned(),
                })
            })
        }
    }
}

fn has_any(picture: &Picture, provider: &ProviderId) -> bool {
    let living = |material: &Material| !matches!(material, Material::Gone);
    picture
        .records()
        .iter()
        .any(|record| record.provider == *provider && living(&record.material))
}

fn run(command: &str) -> Remedy {
    Remedy::Run {
        command: command.to_owned(),
        why: "choose one that is listed".to_owned(),
    }
}
