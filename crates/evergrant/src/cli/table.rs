//! A table of plain text: columns as wide as they must be, no lines.

use clap::builder::styling::Style;

use super::colours;
use super::console::{Console, visible};

/// Rows under a head.
#[derive(Debug)]
pub(crate) struct Table {
    head: Vec<&'static str>,
    rows: Vec<Vec<Cell>>,
}

/// One cell.
#[derive(Debug)]
pub(crate) struct Cell {
    text: String,
    style: Style,
}

impl Cell {
    /// Text in a style.
    pub(crate) fn styled(text: &str, style: Style) -> Self {
        Self {
            text: visible(text),
            style,
        }
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::styled(text, Style::new())
    }
}

impl Table {
    /// A table with this head.
    pub(crate) const fn new(head: Vec<&'static str>) -> Self {
        Self { head, rows: Vec::new() }
    }

    /// Adds a row.
    pub(crate) fn row(&mut self, cells: Vec<Cell>) {
        self.rows.push(cells);
    }

    /// All of it, for stdout.
    pub(crate) fn render(&self, console: &Console) -> String {
        let head: Vec<Cell> = self
            .head
            .iter()
            .map(|text| Cell::styled(text, colours::HEADING))
            .collect();
        let lines: Vec<&Vec<Cell>> = std::iter::once(&head).chain(&self.rows).collect();
        let widths: Vec<usize> = (0..self.head.len())
            .map(|column| {
                lines
                    .iter()
                    .filter_map(|line| line.get(column))
                    .map(width)
                    .max()
                    .unwrap_or(0)
            })
            .collect();
        let written: Vec<String> = lines.iter().map(|line| written(line, &widths, console)).collect();
        written.join("\n")
    }
}

fn written(line: &[Cell], widths: &[usize], console: &Console) -> String {
    let mut text = String::new();
    for (column, (cell, wide)) in line.iter().zip(widths).enumerate() {
        text.push_str(&console.paint(cell.style, &cell.text));
        // The last column is not padded: trailing blanks would only wrap lines.
        if column + 1 < line.len() {
            text.push_str(&" ".repeat(wide - width(cell) + GAP));
        }
    }
    text.truncate(text.trim_end().len());
    text
}

fn width(cell: &Cell) -> usize {
    cell.text.chars().count()
}

/// Two blanks keep columns apart where a text contains one.
const GAP: usize = 2;
