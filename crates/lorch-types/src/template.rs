//! String values of params: literals, references and templates.
