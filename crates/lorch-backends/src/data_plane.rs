//! The data plane: tables that steps read, write and make assertions about.
//!
//! Parameters, columns, rows and filters are the same for every database; [`sqlite`] turns them into
//! statements.

mod column;
mod difference;
mod filter;
mod params;
mod row;
mod sqlite;
mod table;

pub(crate) use column::ColumnType;
pub(crate) use params::OPS;
pub use sqlite::DataPlane;
