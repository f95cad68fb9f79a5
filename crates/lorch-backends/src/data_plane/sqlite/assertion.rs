//! `assert.*`.

use lorch_types::job::{ErrorCode, ErrorInfo};
use lorch_types::json::{Object, Value};

use super::Reading;
use super::catalogue;
use super::error::Failure;
use super::query::row_count;
use super::sql::{Sql, quoted, quoted_list};
use super::value;
use crate::data_plane::params::{AssertRows, AssertSchema, AssertUnique, Filter};
use crate::data_plane::row::shown;
use crate::data_plane::table::{Table, listed};
use crate::nearest::did_you_mean;

/// How many duplicates a failure names.
const MAX_DUPLICATES: usize = 10;

/// `assert.rows`.
pub(super) fn rows(reading: &Reading<'_>, params: &AssertRows) -> Result<Value, Failure> {
    let table = catalogue::table(reading.connection, &params.table)?;
    let count = row_count(reading, &table, &params.filter)?;
    let found = u64::try_from(count).unwrap_or(0);
    let mut expected = Vec::new();
    let mut details =
        vec![("table", Value::from(table.name.clone())), ("count", Value::from(count))];
    let mut holds = true;
    for (name, words, bound, kept) in [
        ("equals", "exactly", params.equals, params.equals.is_none_or(|it| found == it.get())),
        ("min", "at least", params.min, params.min.is_none_or(|it| found >= it.get())),
        ("max", "at most", params.max, params.max.is_none_or(|it| found <= it.get())),
    ] {
        let Some(bound) = bound else { continue };
        expected.push(format!("{words} {}", bound.get()));
        details.push((name, Value::from(bound.get())));
        holds &= kept;
    }
    if holds {
        return Ok(Object::from_iter([("count", count)]).into());
    }
    let which = if params.filter.is_empty() { "" } else { " for which `where` holds" };
    let message = format!(
        "expected {} rows in `{}`{which}, found {count}",
        expected.join(" and "),
        table.name.escape_debug()
    );
    Err(ErrorCode::AssertionFailed.error(message).with_details(details).into())
}

/// `assert.schema`.
pub(super) fn schema(reading: &Reading<'_>, params: &AssertSchema) -> Result<Value, Failure> {
    let table = catalogue::table(reading.connection, &params.table)?;
    let mut problems = Vec::new();
    let mut differences: Vec<Object> = Vec::new();
    let mut differ = |column: &str, expected: Option<&str>, found: Option<&str>| {
        let mut object = Object::from_iter([("column", column)]);
        object.insert("expected", expected);
        object.insert("found", found);
        differences.push(object);
    };
    for expected in &params.columns {
        let (name, wanted) = (&expected.name, expected.column_type);
        match table.columns.iter().find(|column| column.name == *name) {
            None => {
                let names = table.columns.iter().map(|column| column.name.as_str());
                let advice = did_you_mean(name, names);
                let advice = advice.map(|it| format!(" ({it})")).unwrap_or_default();
                problems.push(format!("there is no column `{}`{advice}", name.escape_debug()));
                differ(name, Some(wanted.as_str()), None);
            }
            Some(column) if column.column_type != Some(wanted) => {
                let found = column.type_name();
                problems.push(format!("`{}` is {found}, expected {wanted}", name.escape_debug()));
                differ(name, Some(wanted.as_str()), Some(found));
            }
            Some(_) => {}
        }
    }
    let others = table
        .columns
        .iter()
        .filter(|column| params.exact && params.columns.iter().all(|it| it.name != column.name));
    for column in others {
        problems.push(format!("`{}` was not expected", column.name.escape_debug()));
        differ(&column.name, None, Some(column.type_name()));
    }
    if problems.is_empty() {
        return Ok(Object::from_iter([("columns", table.shape())]).into());
    }
    let message =
        format!("the columns of `{}`: {}", table.name.escape_debug(), problems.join("; "));
    let details = [
        ("table", Value::from(table.name.clone())),
        ("differences", Value::from(differences)),
        ("columns", table.shape()),
    ];
    Err(ErrorCode::AssertionFailed.error(message).with_details(details).into())
}

/// `assert.unique`.
pub(super) fn unique(reading: &Reading<'_>, params: &AssertUnique) -> Result<Value, Failure> {
    let table = catalogue::table(reading.connection, &params.table)?;
    let duplicates = duplicates(reading, &table, params)?;
    if duplicates.is_empty() {
        let count = row_count(reading, &table, &Filter::default())?;
        return Ok(Object::from_iter([("count", count)]).into());
    }
    Err(not_unique(&table, params, &duplicates).into())
}

/// Up to ten combinations of values that more than one row has, with how many have them.
fn duplicates(
    reading: &Reading<'_>,
    table: &Table,
    params: &AssertUnique,
) -> Result<Vec<(Object, i64)>, Failure> {
    let columns: Result<Vec<_>, ErrorInfo> =
        params.columns.iter().map(|name| table.column(name)).collect();
    let columns = columns?;
    let names = quoted_list(columns.iter().map(|column| &column.name));
    let present: Vec<String> =
        columns.iter().map(|column| format!("{} IS NOT NULL", quoted(&column.name))).collect();
    let sql = Sql::new(format!(
        "SELECT {names}, count(*) FROM {} WHERE {} GROUP BY {names} HAVING count(*) > 1 \
         ORDER BY {names} LIMIT {MAX_DUPLICATES}",
        quoted(&table.name),
        present.join(" AND ")
    ));
    let (mut statement, bound) = sql.prepare(reading.connection)?;
    let mut found = statement.query(bound.as_slice())?;
    let mut duplicates = Vec::new();
    while let Some(row) = found.next()? {
        let mut values = Object::new();
        for (at, column) in columns.iter().enumerate() {
            values.insert(column.name.clone(), value::json(table, column, row.get_ref(at)?)?);
        }
        duplicates.push((values, row.get(columns.len())?));
    }
    Ok(duplicates)
}

fn not_unique(table: &Table, params: &AssertUnique, duplicates: &[(Object, i64)]) -> ErrorInfo {
    let shown: Vec<String> = duplicates
        .iter()
        .map(|(values, count)| format!("{} in {count} rows", shown(&values.clone().into())))
        .collect();
    let message = format!(
        "expected {} of `{}` to be unique, found {}",
        listed(&params.columns),
        table.name.escape_debug(),
        shown.join(", ")
    );
    let duplicates: Vec<Object> = duplicates
        .iter()
        .map(|(values, count)| {
            Object::from_iter([("values", Value::from(values.clone())), ("count", (*count).into())])
        })
        .collect();
    ErrorCode::AssertionFailed.error(message).with_details([
        ("table", Value::from(table.name.clone())),
        ("columns", Value::from(params.columns.clone())),
        ("duplicates", Value::from(duplicates)),
    ])
}
