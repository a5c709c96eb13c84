//! A place in a model file: its value and where it stands, so that every complaint has a pointer.

use std::path::Path;

use serde_json::Value;

use super::ImportError;

/// A value inside a model, with the file and the JSON pointer it came from.
#[derive(Clone, Debug)]
pub(super) struct Node<'a> {
    file: &'a Path,
    pointer: String,
    value: &'a Value,
}

impl<'a> Node<'a> {
    /// The whole document.
    pub(super) fn root(file: &'a Path, value: &'a Value) -> Self {
        Self { file, pointer: String::new(), value }
    }

    pub(super) fn value(&self) -> &'a Value {
        self.value
    }

    pub(super) fn fail(&self, cause: impl ToString) -> ImportError {
        ImportError::new(self.file, self.pointer.clone(), cause)
    }

    /// The member `key`; `None` when it is absent or this is no object.
    pub(super) fn get(&self, key: &str) -> Option<Node<'a>> {
        self.value.get(key).map(|value| self.child(key, value))
    }

    /// The member `key`, which must be there.
    pub(super) fn need(&self, key: &str) -> Result<Node<'a>, ImportError> {
        match self.get(key) {
            Some(node) => Ok(node),
            None if self.value.is_object() => Err(self.fail(format!("`{key}` is missing"))),
            None => Err(self.fail("expected an object")),
        }
    }

    pub(super) fn object(&self) -> Result<Vec<(&'a str, Node<'a>)>, ImportError> {
        let members = self.value.as_object().ok_or_else(|| self.fail("expected an object"))?;
        Ok(members.iter().map(|(key, value)| (key.as_str(), self.child(key, value))).collect())
    }

    pub(super) fn list(&self) -> Result<Vec<Node<'a>>, ImportError> {
        let items = self.value.as_array().ok_or_else(|| self.fail("expected a list"))?;
        let places = items.iter().enumerate();
        Ok(places.map(|(index, value)| self.child(&index.to_string(), value)).collect())
    }

    pub(super) fn text(&self) -> Result<&'a str, ImportError> {
        self.value.as_str().ok_or_else(|| self.fail("expected a string"))
    }

    pub(super) fn flag(&self) -> Result<bool, ImportError> {
        self.value.as_bool().ok_or_else(|| self.fail("expected true or false"))
    }

    pub(super) fn whole(&self) -> Result<u64, ImportError> {
        self.value.as_u64().ok_or_else(|| self.fail("expected a whole number, zero or more"))
    }

    pub(super) fn integer(&self) -> Result<i64, ImportError> {
        self.value.as_i64().ok_or_else(|| self.fail("expected a whole number"))
    }

    /// The string member `key`, which must be there.
    pub(super) fn need_text(&self, key: &str) -> Result<&'a str, ImportError> {
        self.need(key)?.text()
    }

    pub(super) fn opt_text(&self, key: &str) -> Result<Option<&'a str>, ImportError> {
        self.get(key).map(|node| node.text()).transpose()
    }

    pub(super) fn opt_whole(&self, key: &str) -> Result<Option<u64>, ImportError> {
        self.get(key).map(|node| node.whole()).transpose()
    }

    pub(super) fn opt_integer(&self, key: &str) -> Result<Option<i64>, ImportError> {
        self.get(key).map(|node| node.integer()).transpose()
    }

    /// The boolean member `key`; `false` when it is absent.
    pub(super) fn opt_flag(&self, key: &str) -> Result<bool, ImportError> {
        self.get(key).map_or(Ok(false), |node| node.flag())
    }

    /// The items of the list member `key`; none when it is absent.
    pub(super) fn opt_list(&self, key: &str) -> Result<Vec<Node<'a>>, ImportError> {
        self.get(key).map_or_else(|| Ok(Vec::new()), |node| node.list())
    }

    fn child(&self, key: &str, value: &'a Value) -> Node<'a> {
        let escaped = crate::pointer::escaped(key);
        Node { file: self.file, pointer: format!("{}/{escaped}", self.pointer), value }
    }
}
