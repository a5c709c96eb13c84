//! A pool's description as JSON text, kept until somebody may change the pool.
//!
//! Applications and tools describe pools all the time, and a description is long: making it
//! costs several times what the rest of the call does.

use std::fmt;
use std::sync::{Arc, OnceLock};

use serde_json::json;

use super::state::{State, UserPool};
use super::{Input, pools};

/// The text, once it was asked for. Says nothing about the pool that the pool itself does not:
/// it counts neither in comparisons nor in debug output.
#[derive(Clone, Default)]
pub struct Described(OnceLock<Arc<str>>);

impl PartialEq for Described {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl fmt::Debug for Described {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Described(..)")
    }
}

impl UserPool {
    /// Returns the pool to be changed: the only way there is, so that no old description stays.
    pub(super) fn to_change(shared: &mut Arc<Self>) -> &mut Self {
        let pool = Arc::make_mut(shared);
        pool.described = Described::default();
        pool
    }
}

/// Answers `DescribeUserPool` with a text that is made once.
///
/// `None` for a pool that is not there, that import jobs change as time goes by, or whose
/// description names a domain, which is kept elsewhere: the handler knows what to answer.
pub(super) fn user_pool(state: &State, input: &Input) -> Option<Vec<u8>> {
    let pool = state.pools.get(input.text("UserPoolId"))?;
    if !pool.hosts.is_empty() || !pool.import_jobs.is_empty() {
        return None;
    }
    let write = || json!({"UserPool": pools::description(pool)}).to_string().into();
    Some(pool.described.0.get_or_init(write).as_bytes().to_vec())
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value, json};

    use super::*;
    use crate::reference::tests::Bench;

    #[track_caller]
    fn check(bench: &mut Bench) {
        let input = Input(Map::from_iter([("UserPoolId".to_owned(), json!(bench.pool))]));
        let text = user_pool(&bench.reference.state, &input).expect("a pool");
        let described: Value = serde_json::from_slice(&text).expect("JSON");
        assert_eq!(described, bench.ok("DescribeUserPool", json!({})));
    }

    #[test]
    fn a_description_is_never_older_than_the_pool() {
        let mut bench = Bench::new(json!({}));
        check(&mut bench);
        bench.ok("UpdateUserPool", json!({"PoolName": "q", "UserPoolTags": {"a": "b"}}));
        check(&mut bench);
        bench.ok("AdminCreateUser", json!({"Username": "ann"}));
        check(&mut bench);
        bench.ok(
            "AddCustomAttributes",
            json!({"CustomAttributes": [{"Name": "x", "AttributeDataType": "String"}]}),
        );
        check(&mut bench);
    }
}
