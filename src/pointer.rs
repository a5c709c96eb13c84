//! Parts of JSON pointers.

use std::borrow::Cow;

/// Returns a name as a part of a JSON pointer (RFC 6901): `~` and `/` escaped.
pub(crate) fn escaped(name: &str) -> Cow<'_, str> {
    match name.contains(['~', '/']) {
        true => Cow::Owned(name.replace('~', "~0").replace('/', "~1")),
        false => Cow::Borrowed(name),
    }
}

/// Lengthens a pointer by a name.
pub(crate) fn push(pointer: &mut String, name: &str) {
    pointer.push('/');
    pointer.push_str(&escaped(name));
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_name_is_found_again_by_its_pointer() {
        for name in ["a", "", "~", "/", "~1", "a/b~c", "é"] {
            let mut pointer = String::new();
            push(&mut pointer, name);
            assert_eq!(json!({name: 1}).pointer(&pointer), Some(&json!(1)), "{name}");
        }
    }
}
