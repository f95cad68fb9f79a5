//! The data plane: tables that steps read, write and make assertions about.

mod column;
mod params;

pub(crate) use column::ColumnType;
pub(crate) use params::OPS;
