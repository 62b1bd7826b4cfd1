//! One import from beginning to end.

use std::path::Path;
use std::sync::Arc;

use evergrant_engine::failure::Failure;
use evergrant_engine::provider::{Row, Table};

use super::borrowing::borrow;
use super::document::{missing, read};
use super::keys::rest;
use super::matching::row_of;
use super::report::ImportWay;
use super::returning::{give_back_all, half_returned};
use super::taking::{interrupted, take_all, to_be_taken};
use super::tool::Tool;
use super::work::{Outcome, Work};

/// Does what is asked; blocks.
pub(crate) fn run(work: &Work<'_>, way: ImportWay) -> Result<Vec<Outcome>, Failure> {
    match way {
        ImportWay::Borrow => borrow_all(work),
        ImportWay::Take => take_all(work),
        ImportWay::GiveBack => give_back_all(work),
    }
}

/// The rows of the grants that a taking would take over: their token endpoints must be known before.
pub(crate) fn providers_of(tool: Tool, file: &Path, table: &Table) -> Result<Vec<Arc<Row>>, Failure> {
    let mut rows: Vec<Arc<Row>> = Vec::new();
    for found in to_be_taken(tool, file)? {
        if let Ok(row) = row_of(table, &found)
            && !rows.iter().any(|known| known.id == row.id)
        {
            rows.push(row);
        }
    }
    Ok(rows)
}

fn borrow_all(work: &Work<'_>) -> Result<Vec<Outcome>, Failure> {
    let mut outcomes = interrupted(work)?;
    outcomes.extend(half_returned(work)?);
    match read(work.tool, &work.file)? {
        Some(document) => {
            for found in &document.contents.grants {
                outcomes.push(borrow(work, found)?);
            }
            outcomes.extend(rest(work, &document.contents)?);
        }
        // What is said of an interrupted taking says more than that the file has gone.
        None if outcomes.is_empty() => return Err(missing(work.tool, &work.file)),
        None => {}
    }
    Ok(outcomes)
}
