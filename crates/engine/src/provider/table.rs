//! The table of providers: the built-in rows, and the user's own over them.

use std::sync::Arc;

use super::fault::RowError;
use super::parse::RowFile;
use super::row::{Auth, ModelGlob, Origin, Row};
use super::rows::BUILT_IN;
use super::signal::Signal;
use crate::credential::ProviderId;
use crate::failure::{Code, Failure};
use crate::named::ByName;
use crate::nearest::did_you_mean;
use crate::remedy::Remedy;

/// All providers, in a stable order: the built-in ones, then the user's.
#[derive(Clone, Debug, Default)]
pub struct Table {
    rows: Vec<Arc<Row>>,
    barred: Vec<(ProviderId, Failure)>,
    /// Where each row stands: a request asks for its own some four times, and there are dozens.
    places: ByName<ProviderId, usize>,
    /// Where the rows stand that may have a model with this first byte, so that only their globs are read.
    leads: ByName<u8, Vec<usize>>,
    /// The same for every other model.
    others: Vec<usize>,
}

impl Table {
    /// The rows that are embedded in the program.
    pub fn built_in() -> Self {
        // A test reads every embedded row; one that could not be read would be missing here, never a panic.
        let rows = BUILT_IN
            .iter()
            .filter_map(|(file, text)| Row::parse(file, text, Origin::BuiltIn).ok())
            .map(Arc::new)
            .collect();
        let unpaired = Self {
            rows,
            ..Self::default()
        };
        unpaired.paired()
    }

    /// The table with the user's files over it. A row with a built-in id takes that row's place; a file of signals alone
    /// extends the row of its id, built-in or the user's. A provider's signals are then the user's, file by file in the order
    /// given, and the built-in ones after them.
    pub fn with(mut self, files: impl IntoIterator<Item = RowFile>) -> Result<Self, RowError> {
        let mut own: Vec<(ProviderId, Vec<Arc<Signal>>)> = Vec::new();
        let mut homeless = Vec::new();
        for file in files {
            match file {
                RowFile::Row(mut row) => {
                    own.push((row.id.clone(), std::mem::take(&mut row.signals)));
                    match self.place(&row.id) {
                        None => self.rows.push(Arc::new(*row)),
                        Some(place) => {
                            row.signals = self.rows[place].signals.clone();
                            self.rows[place] = Arc::new(*row);
                        }
                    }
                }
                RowFile::Signals { id, signals, otherwise } => {
                    own.push((id.clone(), signals));
                    homeless.push((id, otherwise));
                }
            }
        }
        // The row that a file of signals extends may stand in a file that comes after it.
        if let Some((_, otherwise)) = homeless.into_iter().find(|(id, _)| self.place(id).is_none()) {
            return Err(otherwise);
        }
        for (id, signals) in own.into_iter().rev() {
            if let Some(place) = self.place(&id) {
                let mut row = Row::clone(&self.rows[place]);
                row.signals.splice(0..0, signals);
                self.rows[place] = Arc::new(row);
            }
        }
        Ok(self.paired())
    }

    /// The table without this provider, whose file is at fault: nothing is sent by a row that is only half believed, nor by the
    /// built-in one that the user meant to replace.
    #[must_use]
    pub fn without(mut self, id: ProviderId, fault: Failure) -> Self {
        self.rows.retain(|row| row.id != id);
        if self.barred(&id).is_none() {
            self.barred.push((id, fault));
        }
        self.paired()
    }

    /// What is wrong in the file of a provider that has therefore no row.
    pub fn barred(&self, id: &ProviderId) -> Option<&Failure> {
        self.barred
            .iter()
            .find(|(barred, _)| barred == id)
            .map(|(_, fault)| fault)
    }

    /// Why a provider has no row: what is wrong in its file, or that nobody knows it, and whom one may have meant.
    pub fn missing(&self, id: &ProviderId) -> Failure {
        if let Some(fault) = self.barred(id) {
            return fault.clone();
        }
        let meant = did_you_mean(id.as_str(), self.rows().map(|row| row.id.as_str()));
        Failure::new(Code::UnknownProvider, format!("there is no provider `{id}`{meant}")).with_remedy(Remedy::Run {
            command: "evergrant providers".to_owned(),
            why: "choose one that is listed, or add a row to `providers.d`".to_owned(),
        })
    }

    /// Each row told which other one takes API keys for the same API.
    fn paired(mut self) -> Self {
        let keys: Vec<_> = self
            .rows
            .iter()
            .filter(|row| matches!(row.auth, Auth::ApiKey(_)))
            .map(|row| (row.id.clone(), row.base_url.clone()))
            .collect();
        for row in &mut self.rows {
            let mut others = keys.iter().filter(|(id, base)| *id != row.id && *base == row.base_url);
            let key_provider = others.next().map(|(id, _)| id.clone());
            if row.key_provider != key_provider {
                Arc::make_mut(row).key_provider = key_provider;
            }
        }
        self.indexed()
    }

    fn indexed(mut self) -> Self {
        let numbered = || self.rows.iter().enumerate();
        self.places = numbered().map(|(place, row)| (row.id.clone(), place)).collect();
        let by_lead = |lead: Option<u8>| {
            let may_match = |glob: &ModelGlob| glob.lead().is_none() || glob.lead() == lead;
            let rows = numbered().filter(|(_, row)| row.models.iter().any(may_match));
            rows.map(|(place, _)| place).collect()
        };
        let globs = self.rows.iter().flat_map(|row| &row.models);
        self.leads = globs
            .filter_map(ModelGlob::lead)
            .map(|lead| (lead, by_lead(Some(lead))))
            .collect();
        self.others = by_lead(None);
        self
    }

    /// The row of that id; looked up by one and the same code in each step of a request.
    #[inline(never)]
    pub fn row(&self, id: &ProviderId) -> Option<&Arc<Row>> {
        self.places.get(id).map(|place| &self.rows[*place])
    }

    /// The rows whose globs match the model, in the table's order.
    pub fn by_model<'a>(&'a self, model: &'a str) -> impl Iterator<Item = &'a Arc<Row>> {
        let leading = model.bytes().next().and_then(|first| self.leads.get(&first));
        let rows = leading.unwrap_or(&self.others).iter().map(|place| &self.rows[*place]);
        rows.filter(move |row| row.serves(model))
    }

    /// Every row, in the table's order.
    pub fn rows(&self) -> impl Iterator<Item = &Arc<Row>> {
        self.rows.iter()
    }

    fn place(&self, id: &ProviderId) -> Option<usize> {
        self.rows.iter().position(|row| row.id == *id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str, text: &str) -> RowFile {
        RowFile::parse(name, text, Origin::File(name.to_owned())).unwrap()
    }

    #[test]
    fn signals_stand_in_the_order_of_their_files_whatever_row_they_extend() {
        let signal = |name: &str| format!("[[signal]]\nname = \"{name}\"\nequals = \"x\"\nverdict = \"timeout\"\n");
        let row = "id = \"acme\"\nbase_url = \"https://acme.example\"\nauth = \"api-key\"\n";
        for id in ["acme", "xai-oauth"] {
            let extension = |name: &str| {
                format!(
                    "id = \"{id}\"\n{}{}",
                    signal(&format!("{name}1")),
                    signal(&format!("{name}2"))
                )
            };
            let files = [
                read("a.toml", &extension("a")),
                read("b.toml", &format!("{row}{}", signal("own"))),
                read("c.toml", &extension("c")),
            ];
            let table = Table::built_in().with(files).unwrap();
            let row = table.row(&id.into()).unwrap();
            let own = row
                .signals
                .iter()
                .filter(|signal| signal.tier == crate::provider::Tier::User);
            let names: Vec<_> = own.map(|signal| signal.name.as_str()).collect();
            let expected: &[_] = if id == "acme" {
                &["a1", "a2", "own", "c1", "c2"]
            } else {
                &["a1", "a2", "c1", "c2"]
            };
            assert_eq!(names, expected);
            assert!(
                row.signals.iter().map(|signal| signal.tier).is_sorted(),
                "the user's come first"
            );
        }
    }

    #[test]
    fn a_provider_whose_file_is_at_fault_has_no_row_and_says_why() {
        let fault = Failure::new(Code::RowInvalid, "b.toml:3: `colour`");
        let id = Table::built_in().rows().next().unwrap().id.clone();
        let table = Table::built_in().without(id.clone(), fault.clone());
        assert!(table.row(&id).is_none());
        assert_eq!(table.missing(&id), fault);
        assert_eq!(table.rows().count(), BUILT_IN.len() - 1);
        let misspelt = table.missing(&"opneai".into());
        assert_eq!(
            misspelt.message,
            "there is no provider `opneai`; did you mean `openai`?"
        );
        assert_eq!(table.missing(&"nosuch".into()).message, "there is no provider `nosuch`");
    }

    #[test]
    fn every_row_is_found_by_its_id_and_by_what_its_globs_match() {
        let own = "id = \"acme\"\nbase_url = \"https://acme.example\"\nauth = \"api-key\"\n";
        let own = format!("{own}models = [\"*-mini\", \"gpt-*\", \"gpt-5\"]\n");
        let fault = Failure::new(Code::RowInvalid, "b.toml:3: `colour`");
        let first = Table::built_in().rows().next().unwrap().id.clone();
        let table = Table::built_in().with([read("acme.toml", &own)]).unwrap();
        for table in [&table, &table.clone().without(first, fault), &Table::built_in()] {
            for row in table.rows() {
                assert!(Arc::ptr_eq(row, table.row(&row.id).unwrap()), "{}", row.id);
            }
            for model in ["gpt-5", "gpt-5-mini", "grok-4.3", "claude-opus-4", "nobody's", ""] {
                let found: Vec<_> = table.by_model(model).map(|row| &row.id).collect();
                let expected: Vec<_> = table
                    .rows()
                    .filter(|row| row.serves(model))
                    .map(|row| &row.id)
                    .collect();
                assert_eq!(found, expected, "{model}");
            }
        }
    }

    #[test]
    fn every_embedded_row_can_be_read() {
        for (file, text) in BUILT_IN {
            let row = Row::parse(file, text, Origin::BuiltIn).unwrap();
            assert_eq!(format!("built-in:{}.toml", row.id), *file);
        }
        assert_eq!(Table::built_in().rows().count(), BUILT_IN.len());
    }
}
