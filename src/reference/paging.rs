//! Pages of a list: tokens say after which item the next page begins.
//!
//! A token is bound to the operation and the pool it was given for. Its form is ours.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};

use super::Fault;

/// Most items of a page, and what a page has when the caller does not say.
const MOST: usize = 60;

/// One page of a list.
pub(super) struct Page<T> {
    pub(super) items: Vec<T>,
    /// Token of the next page; `None` on the last.
    pub(super) next: Option<String>,
}

impl Page<Value> {
    /// Returns the page as an output structure: `list` holds the items, `token` the next token.
    pub(super) fn output(self, list: &str, token: &str) -> Value {
        let mut output = json!({ list: self.items });
        if let Some(next) = self.next {
            output[token] = Value::from(next);
        }
        output
    }
}

/// Returns the page of `items` (keys ascending) that `token` asks for.
///
/// `scope` names the operation and what is listed. A limit of zero or none means the most.
///
/// # Errors
/// The token is not one of this scope.
pub(super) fn page<K: AsRef<str>, T>(
    items: impl IntoIterator<Item = (K, T)>,
    scope: &str,
    token: Option<&str>,
    limit: Option<i64>,
) -> Result<Page<T>, Fault> {
    let after = token.map(|token| read(token, scope)).transpose()?;
    let limit = limit.and_then(|n| usize::try_from(n).ok()).filter(|n| *n > 0).unwrap_or(MOST);
    let rest = |key: &K| after.as_deref().is_none_or(|after| key.as_ref() > after);
    let mut rest = items.into_iter().filter(|(key, _)| rest(key));
    let mut page = Page { items: Vec::new(), next: None };
    let mut last = None;
    for (key, item) in rest.by_ref().take(limit.min(MOST)) {
        page.items.push(item);
        last = Some(key);
    }
    if rest.next().is_some() {
        page.next = last.map(|key| write(key.as_ref(), scope));
    }
    Ok(page)
}

fn write(key: &str, scope: &str) -> String {
    let mut bytes = seal(key, scope).to_vec();
    bytes.extend(key.as_bytes());
    URL_SAFE_NO_PAD.encode(bytes)
}

fn read(token: &str, scope: &str) -> Result<String, Fault> {
    let refused = || Fault::rule("pagination-token-invalid");
    let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| refused())?;
    let (sealed, key) = bytes.split_at_checked(SEAL).ok_or_else(refused)?;
    let key = std::str::from_utf8(key).map_err(|_| refused())?;
    if sealed == seal(key, scope) { Ok(key.to_owned()) } else { Err(refused()) }
}

const SEAL: usize = 12;

fn seal(key: &str, scope: &str) -> [u8; SEAL] {
    let digest = digest(&SHA256, format!("{scope}\n{key}").as_bytes());
    let mut seal = [0; SEAL];
    seal.copy_from_slice(&digest.as_ref()[..SEAL]);
    seal
}

#[cfg(test)]
mod tests {
    use super::*;

    fn walk(scope: &str, limit: Option<i64>) -> Vec<Vec<u32>> {
        let items = || ["a", "b", "c", "d", "e"].into_iter().zip(0..);
        let mut pages = Vec::new();
        let mut token = None;
        loop {
            let page = page(items(), scope, token.as_deref(), limit).expect("a token of ours");
            pages.push(page.items);
            token = page.next;
            if token.is_none() {
                return pages;
            }
        }
    }

    #[track_caller]
    fn check(limit: Option<i64>, expected: &[&[u32]]) {
        assert_eq!(walk("scope", limit), expected);
    }

    #[test]
    fn pages_are_complete_and_end() {
        check(Some(2), &[&[0, 1], &[2, 3], &[4]]);
        check(Some(5), &[&[0, 1, 2, 3, 4]]);
        check(Some(0), &[&[0, 1, 2, 3, 4]]);
        check(None, &[&[0, 1, 2, 3, 4]]);
    }

    #[test]
    fn foreign_and_broken_tokens_are_refused() {
        let items = || ["a", "b"].into_iter().zip(0..);
        let first = page(items(), "one", None, Some(1)).expect("no token");
        let token = first.next.expect("a second page");
        assert!(page(items(), "one", Some(&token), None).is_ok());
        for (scope, token) in [("two", token.as_str()), ("one", "xxxx"), ("one", "")] {
            assert!(page(items(), scope, Some(token), None).is_err());
        }
    }
}
