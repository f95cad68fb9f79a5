//! Conditions: what may stand in a step's `if`.
