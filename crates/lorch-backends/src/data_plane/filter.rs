//! `where`, checked against the columns that it is about.

use lorch_types::SmolStr;
use lorch_types::job::{ErrorCode, ErrorInfo};
use lorch_types::json::Value;
use lorch_types::pointer::Pointer;

use super::column::{Cell, ColumnType};
use super::params::{Comparisons, Filter, Test};
use super::row::shown;
use super::table::{Column, Table};

/// One thing that must hold of a column.
#[derive(Debug)]
pub(crate) struct Predicate<'t> {
    /// The column.
    pub(crate) column: &'t Column,
    /// What must hold.
    pub(crate) relation: Relation,
}

/// What must hold of a column's value.
#[derive(Debug, PartialEq)]
pub(crate) enum Relation {
    /// It is this value, which may be null.
    Is(Cell),
    /// It is not this value, which may be null.
    IsNot(Cell),
    /// It stands in this order to a value.
    Order(Ordering, Cell),
    /// It is one of these values, or null.
    In {
        /// The values that are not null.
        values: Vec<Cell>,
        /// Whether null is one of them.
        or_null: bool,
    },
    /// It is a text made up of these pieces.
    Like(Vec<Piece>),
}

/// How two values are ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ordering {
    /// `lt`.
    Less,
    /// `le`.
    LessOrEqual,
    /// `gt`.
    Greater,
    /// `ge`.
    GreaterOrEqual,
}

/// A piece of a `like` pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    /// `%`: any characters.
    Any,
    /// `_`: one character.
    One,
    /// This character.
    Literal(char),
}

/// What `filter` asks of the columns of `table`; all of it must hold.
///
/// # Errors
/// `not_found` for a column that there is not, `invalid_params` for a comparison that its type does
/// not have.
pub(crate) fn predicates<'t>(
    table: &'t Table,
    filter: &Filter,
) -> Result<Vec<Predicate<'t>>, ErrorInfo> {
    let mut found = Vec::new();
    for (name, test) in filter.tests() {
        let column = table.column(name)?;
        let relations = match test {
            Test::Is(value) => vec![Relation::Is(comparand(table, column, "", value)?)],
            Test::Compare(comparisons) => relations(table, column, comparisons)?,
        };
        found.extend(relations.into_iter().map(|relation| Predicate { column, relation }));
    }
    Ok(found)
}

fn relations(
    table: &Table,
    column: &Column,
    comparisons: &Comparisons,
) -> Result<Vec<Relation>, ErrorInfo> {
    let Comparisons { eq, ne, lt, le, gt, ge, one_of, like, is_null } = comparisons;
    let mut found = Vec::new();
    if let Some(value) = eq {
        found.push(Relation::Is(comparand(table, column, "eq", value)?));
    }
    if let Some(value) = ne {
        found.push(Relation::IsNot(comparand(table, column, "ne", value)?));
    }
    for (name, ordering, value) in [
        ("lt", Ordering::Less, lt),
        ("le", Ordering::LessOrEqual, le),
        ("gt", Ordering::Greater, gt),
        ("ge", Ordering::GreaterOrEqual, ge),
    ] {
        let Some(value) = value else { continue };
        if value.is_null() || column.column_type.is_some_and(|it| !it.is_ordered()) {
            let what = if value.is_null() { "null" } else { column.type_name() };
            return Err(refused(table, column, name, &format!("{what} has no order")));
        }
        found.push(Relation::Order(ordering, comparand(table, column, name, value)?));
    }
    if let Some(values) = one_of {
        found.push(membership(table, column, values)?);
    }
    if let Some(pattern) = like {
        found.push(Relation::Like(pieces(table, column, pattern)?));
    }
    match is_null {
        Some(true) => found.push(Relation::Is(Cell::Null)),
        Some(false) => found.push(Relation::IsNot(Cell::Null)),
        None => {}
    }
    Ok(found)
}

fn membership(table: &Table, column: &Column, values: &[Value]) -> Result<Relation, ErrorInfo> {
    let mut cells = Vec::with_capacity(values.len());
    let mut or_null = false;
    for value in values {
        match comparand(table, column, "in", value)? {
            Cell::Null => or_null = true,
            cell => cells.push(cell),
        }
    }
    Ok(Relation::In { values: cells, or_null })
}

fn pieces(table: &Table, column: &Column, pattern: &SmolStr) -> Result<Vec<Piece>, ErrorInfo> {
    if !matches!(column.column_type, None | Some(ColumnType::Text)) {
        let problem = format!("a {} column has no texts to compare", column.type_name());
        return Err(refused(table, column, "like", &problem));
    }
    let mut pieces = Vec::with_capacity(pattern.len());
    let mut characters = pattern.chars();
    while let Some(character) = characters.next() {
        pieces.push(match character {
            '%' => Piece::Any,
            '_' => Piece::One,
            '\\' => match characters.next() {
                Some(escaped) => Piece::Literal(escaped),
                None => {
                    let problem = "the pattern ends with `\\`, which needs a character after it";
                    return Err(refused(table, column, "like", problem));
                }
            },
            other => Piece::Literal(other),
        });
    }
    Ok(pieces)
}

fn comparand(
    table: &Table,
    column: &Column,
    comparison: &str,
    value: &Value,
) -> Result<Cell, ErrorInfo> {
    column.comparand(value).ok_or_else(|| {
        let problem = format!(
            "its type is {}, and {} is not {}",
            column.type_name(),
            shown(value),
            match column.column_type {
                Some(ColumnType::Integer | ColumnType::Real) => "a number of 64 bits",
                _ => column.rule(),
            }
        );
        refused(table, column, comparison, &problem)
    })
}

fn refused(table: &Table, column: &Column, comparison: &str, problem: &str) -> ErrorInfo {
    let mut pointer = Pointer::root().join("where").join(&column.name);
    if !comparison.is_empty() {
        pointer.push(comparison);
    }
    let message = format!(
        "`where` on column `{}` of `{}`: {problem}",
        column.name.escape_debug(),
        table.name.escape_debug()
    );
    ErrorCode::InvalidParams.error(message).with_details([
        ("table", table.name.as_str()),
        ("column", column.name.as_str()),
        ("pointer", &pointer.to_string()),
    ])
}
