//! The pages of a list, one after the other: the target's and the reference's alike.

use serde_json::{Map, Value};

use crate::catalogue::Pagination;
use crate::transcript::Pages;

/// A list that is being followed.
pub(super) struct Following {
    pagination: Pagination,
    most: u64,
    pages: Pages,
}

impl Following {
    /// Begins to follow a list with pages of `limit` items, for `most` pages.
    pub(super) fn new(pagination: Pagination, limit: Option<u64>, most: u64) -> Self {
        let pages = Pages {
            output: Value::Null,
            items: Vec::new(),
            sizes: Vec::new(),
            limit,
            ended: false,
        };
        Self { pagination, most, pages }
    }

    /// Takes the output of a page; returns the member and the token that ask for the next one.
    pub(super) fn take(&mut self, mut output: Value) -> Option<(String, Value)> {
        let Pagination { input_token, output_token, result_key, .. } = &self.pagination;
        let list = result_key.as_ref().and_then(|key| output.get_mut(key)).map(Value::take);
        let items = list.and_then(|list| list.as_array().cloned()).unwrap_or_default();
        self.pages.sizes.push(items.len());
        self.pages.items.extend(items);
        let token = output.get(output_token).filter(|token| !token.is_null()).cloned();
        self.pages.ended = token.is_none();
        let full = self.pages.sizes.len() as u64 >= self.most;
        if let (Some(key), Value::Object(members)) = (result_key, &mut output) {
            let members: &mut Map<String, Value> = members;
            members.insert(key.clone(), Value::Array(self.pages.items.clone()));
        }
        self.pages.output = output;
        token.filter(|_| !full).map(|token| (input_token.clone(), token))
    }

    /// Returns the pages taken so far.
    pub(super) fn pages(self) -> Pages {
        self.pages
    }
}
