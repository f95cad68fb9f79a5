//! What the backends do, seen from outside.

mod op_params;
