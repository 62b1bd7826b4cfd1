//! Who is to answer a request: providers in their order.

use std::sync::Arc;

use evergrant_engine::credential::ProviderId;
use evergrant_engine::failure::{Code, Failure};
use evergrant_engine::provider::{Row, Table};
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

impl Way {
    /// To this one alone.
    fn to(provider: ProviderId) -> Self {
        Self {
            providers: vec![provider],
            skipped: Vec::new(),
        }
    }

    /// Where nobody has the path, the first is asked all the same: its own words say it best. A provider that nobody has ever
    /// logged in at is no part of the way; with none at all, the first is the one to name.
    fn or(mut self, empty: Option<ProviderId>) -> Option<Self> {
        if self.providers.is_empty() {
            let mut lacking = self.skipped.into_iter();
            self.providers.extend(lacking.next().or(empty));
            self.skipped = lacking.collect();
        }
        (!self.providers.is_empty()).then_some(self)
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
        Route::Provider(provider) if table.row(provider).is_some() => Ok(Way::to(provider.clone())),
        Route::Provider(provider) => Err(table.missing(provider)),
        Route::Model(model) => {
            let named = routes.iter().find(|route| route.models.matches(model));
            let (mut way, mut empty) = (Way::default(), None);
            let mut see = |row: &Arc<Row>| {
                if !has_any(&row.id) {
                    empty.get_or_insert_with(|| row.id.clone());
                } else if row.lacks(path) {
                    way.skipped.push(row.id.clone());
                } else {
                    way.providers.push(row.id.clone());
                }
            };
            match named {
                Some(named) => named.providers.iter().filter_map(|id| table.row(id)).for_each(&mut see),
                None => table.by_model(model).for_each(&mut see),
            }
            way.or(empty).ok_or_else(|| {
                let message = format!("no provider serves the model `{model}`");
                Failure::new(Code::UnknownModel, message).with_remedy(run("evergrant providers"))
            })
        }
        Route::Any => {
            let first = table.rows().map(|row| &row.id).find(|id| has_any(id));
            first.map(|id| Way::to(id.clone())).ok_or_else(|| {
                Failure::new(Code::NoCredential, "there is no credential for any provider").with_remedy(Remedy::Run {
                    command: "evergrant providers".to_owned(),
                    why: "log in at one of these with `evergrant login PROVIDER`, or add a key with `evergrant add PROVIDER`"
                        .to_owned(),
                })
            })
        }
    }
}

fn run(command: &str) -> Remedy {
    Remedy::Run {
        command: command.to_owned(),
        why: "choose one that is listed".to_owned(),
    }
}
