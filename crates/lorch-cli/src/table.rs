//! Tables of text: columns as wide as their widest cell.

use std::fmt::Write as _;

use lorch_types::diagnostic::{Color, visible};

/// A table with `N` columns.
#[derive(Debug)]
pub(crate) struct Table<const N: usize> {
    head: [&'static str; N],
    rows: Vec<[String; N]>,
}

impl<const N: usize> Table<N> {
    /// An empty table.
    pub(crate) fn new(head: [&'static str; N]) -> Self {
        Self { head, rows: Vec::new() }
    }

    /// Adds a row.
    pub(crate) fn row(&mut self, cells: [String; N]) {
        self.rows.push(cells.map(|cell| visible(&cell)));
    }

    /// The table as text; nothing but its head when it has no rows.
    pub(crate) fn draw(&self, color: Color) -> String {
        let mut widths = self.head.map(str::len);
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.chars().count());
            }
        }
        let head = line(&self.head.map(str::to_owned), &widths);
        let mut out = match color {
            Color::Always => format!("\x1b[1m{head}\x1b[0m\n"),
            Color::Never => format!("{head}\n"),
        };
        for row in &self.rows {
            let _ = writeln!(out, "{}", line(row, &widths));
        }
        out
    }
}

fn line<const N: usize>(cells: &[String; N], widths: &[usize; N]) -> String {
    let mut out = String::new();
    for (cell, width) in cells.iter().zip(widths) {
        let padding = width - cell.chars().count();
        out.push_str(cell);
        out.extend(std::iter::repeat_n(' ', padding + 2));
    }
    out.truncate(out.trim_end().len());
    out
}
