//! Statements: names quoted, values bound, nothing else of a document in the text.

use std::rc::Rc;

use rusqlite::types::Value as Stored;
use rusqlite::vtab::array::Array;
use rusqlite::{CachedStatement, Connection, ToSql};

use super::value::stored;
use crate::data_plane::column::Cell;
use crate::data_plane::filter::{Ordering, Piece, Predicate, Relation};

/// A statement and the values bound to it.
#[derive(Debug, Default)]
pub(super) struct Sql {
    text: String,
    bound: Vec<Bound>,
}

#[derive(Debug)]
enum Bound {
    One(Stored),
    Many(Array),
}

/// `name` as a name in SQL.
///
/// The names come from the database's own catalogue or are [`Identifier`]s; quoting makes any text
/// a name and nothing more.
///
/// [`Identifier`]: crate::data_plane::params::Identifier
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Names in SQL with commas between them.
pub(super) fn quoted_list<S: AsRef<str>>(names: impl IntoIterator<Item = S>) -> String {
    names.into_iter().map(|name| quoted(name.as_ref())).collect::<Vec<_>>().join(", ")
}

impl Sql {
    /// A statement that begins so.
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), bound: Vec::new() }
    }

    /// Goes on with this text.
    pub(super) fn push(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// Goes on with a placeholder for this value.
    pub(super) fn bind(&mut self, value: Stored) {
        self.text.push('?');
        self.bound.push(Bound::One(value));
    }

    /// Goes on with `WHERE` and all of `predicates`; with nothing when there are none.
    pub(super) fn push_where(&mut self, predicates: &[Predicate<'_>]) {
        let mut keyword = " WHERE ";
        for predicate in predicates {
            self.push(keyword);
            keyword = " AND ";
            self.push_predicate(predicate);
        }
    }

    fn push_predicate(&mut self, predicate: &Predicate<'_>) {
        let name = quoted(&predicate.column.name);
        match &predicate.relation {
            Relation::Is(cell) => self.push_comparison(&name, "IS", cell),
            Relation::IsNot(cell) => self.push_comparison(&name, "IS NOT", cell),
            Relation::Order(ordering, cell) => {
                let operator = match ordering {
                    Ordering::Less => "<",
                    Ordering::LessOrEqual => "<=",
                    Ordering::Greater => ">",
                    Ordering::GreaterOrEqual => ">=",
                };
                self.push_comparison(&name, operator, cell);
            }
            Relation::In { values, or_null } => {
                // Qualified, since a table of the database may have that name too.
                self.push(&format!("({name} IN (SELECT value FROM temp.rarray(?))"));
                self.bound.push(Bound::Many(Rc::new(values.iter().map(stored).collect())));
                self.push(if *or_null { " OR " } else { ")" });
                if *or_null {
                    self.push(&format!("{name} IS NULL)"));
                }
            }
            Relation::Like(pieces) => {
                self.push(&format!("{name} GLOB "));
                self.bind(Stored::Text(glob(pieces)));
            }
        }
    }

    fn push_comparison(&mut self, name: &str, operator: &str, cell: &Cell) {
        self.push(&format!("{name} {operator} "));
        self.bind(stored(cell));
    }

    /// The statement made ready, with its values.
    ///
    /// # Errors
    /// SQLite's.
    pub(super) fn prepare<'c>(
        &self,
        connection: &'c Connection,
    ) -> rusqlite::Result<(CachedStatement<'c>, Vec<&dyn ToSql>)> {
        let values = self.bound.iter().map(|bound| match bound {
            Bound::One(value) => value as &dyn ToSql,
            Bound::Many(values) => values as &dyn ToSql,
        });
        Ok((connection.prepare_cached(&self.text)?, values.collect()))
    }
}

/// The pattern as `GLOB` reads it, which unlike `LIKE` tells upper from lower case.
fn glob(pieces: &[Piece]) -> String {
    let mut out = String::with_capacity(pieces.len());
    for piece in pieces {
        match piece {
            Piece::Any => out.push('*'),
            Piece::One => out.push('?'),
            Piece::Literal(special @ ('*' | '?' | '[')) => {
                out.push('[');
                out.push(*special);
                out.push(']');
            }
            Piece::Literal(character) => out.push(*character),
        }
    }
    out
}
