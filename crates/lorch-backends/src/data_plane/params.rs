//! The parameters of the data plane's operations, whatever database performs them.

mod assertion;
mod filter;
mod name;
mod query;
mod write;

pub(crate) use assertion::{AssertRows, AssertSchema, AssertUnique};
pub(crate) use filter::{Comparisons, Filter, Test};
pub(crate) use name::{Identifier, is_reserved};
pub(crate) use query::{Order, QueryCount, QueryMax, QueryRows};
pub(crate) use write::{
    ColumnSpec, WriteCreateTable, WriteDelete, WriteInsert, WriteMerge, WriteUpsert,
};

use crate::op::OpSpec;

/// The operations of the data plane.
pub(crate) const OPS: &[OpSpec] = &[
    OpSpec::of::<QueryRows>(),
    OpSpec::of::<QueryCount>(),
    OpSpec::of::<QueryMax>(),
    OpSpec::of::<WriteCreateTable>(),
    OpSpec::of::<WriteInsert>(),
    OpSpec::of::<WriteUpsert>(),
    OpSpec::of::<WriteMerge>(),
    OpSpec::of::<WriteDelete>(),
    OpSpec::of::<AssertRows>(),
    OpSpec::of::<AssertSchema>(),
    OpSpec::of::<AssertUnique>(),
];
