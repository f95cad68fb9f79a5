//! Who a person is.

pub fn sign_in(name: &str, password: &str) -> bool {
    !name.is_empty() && !password.is_empty()
}
