//! Which named shapes can hold what a server chooses, at any depth.
//!
//! Most of a long answer cannot: who looks for ids or times need not walk through it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use super::{Schema, Service, Volatile};

/// Names of shapes with an id, and with a time, at or below them. Found when first asked for; a
/// clone, which may be altered, finds its own.
#[derive(Debug, Default)]
pub struct Holds(OnceLock<Found>);

#[derive(Debug, Default)]
struct Found {
    ids: BTreeSet<String>,
    times: BTreeSet<String>,
}

impl Clone for Holds {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl Service {
    /// Tells whether a value of the named shape can be, or have in it, an id that a shape declares.
    pub(crate) fn holds_ids(&self, shape: &str) -> bool {
        self.held().ids.contains(shape) || !self.shapes.contains_key(shape)
    }

    /// Tells whether a value of the named shape can be, or have in it, a time that a shape declares.
    pub(crate) fn holds_times(&self, shape: &str) -> bool {
        self.held().times.contains(shape) || !self.shapes.contains_key(shape)
    }

    fn held(&self) -> &Found {
        self.holds.0.get_or_init(|| Found {
            ids: holding(&self.shapes, &|schema| schema.volatile == Some(Volatile::Id)),
            times: holding(&self.shapes, &Schema::is_time),
        })
    }
}

/// Returns the shapes that satisfy `is` somewhere at or below themselves.
fn holding(shapes: &BTreeMap<String, Schema>, is: &dyn Fn(&Schema) -> bool) -> BTreeSet<String> {
    let mut found: BTreeSet<String> = BTreeSet::new();
    loop {
        let before = found.len();
        for (name, schema) in shapes {
            let mut holds = false;
            schema.walk("", &mut |_, inner| {
                holds |= is(inner) || inner.target().is_some_and(|target| found.contains(target));
            });
            if holds {
                found.insert(name.clone());
            }
        }
        if found.len() == before {
            return found;
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::catalogue::{Catalogue, Schema, Source, Volatile};

    #[test]
    fn a_shape_holds_what_is_anywhere_below_it() {
        let catalogue = Catalogue::load(&Source::Embedded).expect("the committed specs load");
        let service = &catalogue.services["cognito-idp"];
        for (shape, ids, times) in [
            ("UserPoolType", true, true),
            ("UsersListType", false, true),
            ("SchemaAttributesListType", false, false),
            ("UserPoolIdType", true, false),
            ("DateType", false, true),
            ("NoSuchShape", true, true),
        ] {
            let held = (service.holds_ids(shape), service.holds_times(shape));
            assert_eq!(held, (ids, times), "{shape}");
        }
    }

    #[test]
    fn a_clone_finds_its_own() {
        let catalogue = Catalogue::load(&Source::Embedded).expect("the committed specs load");
        let mut service = catalogue.services["cognito-idp"].clone();
        assert!(!service.holds_ids("SchemaAttributesListType"));
        let named = Schema { volatile: Some(Volatile::Id), ..Schema::default() };
        service = service.clone();
        service.shapes.insert("CustomAttributeNameType".into(), named);
        assert!(service.holds_ids("SchemaAttributesListType"));
    }
}
