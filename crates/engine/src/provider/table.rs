//! The table of providers: the built-in rows, and the user's own over them.

use std::sync::Arc;

use super::fault::RowError;
use super::parse::RowFile;
use super::row::{Origin, Row};
use super::rows::BUILT_IN;
use crate::credential::ProviderId;

/// All providers, in a stable order: the built-in ones, then the user's.
#[derive(Clone, Debug, Default)]
pub struct Table {
    rows: Vec<Arc<Row>>,
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
        Self { rows }
    }

    /// The table with the user's files over it. A row with a built-in id takes that row's place and keeps its signals
    /// after its own; a file of signals alone extends the built-in row.
    pub fn with(mut self, files: impl IntoIterator<Item = RowFile>) -> Result<Self, RowError> {
        for file in files {
            match file {
                RowFile::Row(mut row) => match self.place(&row.id) {
                    None => self.rows.push(Arc::new(*row)),
                    Some(place) => {
                        row.signals.extend(self.rows[place].signals.iter().cloned());
                        self.rows[place] = Arc::new(*row);
                    }
                },
                RowFile::Signals { id, signals, otherwise } => {
                    let Some(place) = self.place(&id) else {
                        return Err(otherwise);
                    };
                    let mut row = Row::clone(&self.rows[place]);
                    row.signals.splice(0..0, signals);
                    self.rows[place] = Arc::new(row);
                }
            }
        }
        Ok(self)
    }

    /// The row of that id.
    pub fn row(&self, id: &ProviderId) -> Option<&Arc<Row>> {
        self.place(id).map(|place| &self.rows[place])
    }

    /// The rows whose globs match the model, in the table's order.
    pub fn by_model<'a>(&'a self, model: &'a str) -> impl Iterator<Item = &'a Arc<Row>> {
        self.rows.iter().filter(move |row| row.serves(model))
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

    #[test]
    fn every_embedded_row_can_be_read() {
        for (file, text) in BUILT_IN {
            let row = Row::parse(file, text, Origin::BuiltIn).unwrap();
            assert_eq!(format!("built-in:{}.toml", row.id), *file);
        }
        assert_eq!(Table::built_in().rows().count(), BUILT_IN.len());
    }
}
