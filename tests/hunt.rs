//! Does generation alone find what is wrong, and is each property the first to see a fault?
//!
//! Each named fault is put into a reference of its own; written scenarios take no part.

use std::sync::{Arc, LazyLock};

use cognito_conformance::hunt::{Caught, Hunter};
use cognito_conformance::property::PROPERTIES;
use cognito_conformance::reference::faults::{self, NamedFault};
use cognito_conformance::scenario::recipes::Recipes;
use cognito_conformance::suite::{Sources, Suite};

static HUNTER: LazyLock<Hunter> = LazyLock::new(|| {
    let sources = Sources::default();
    let suite = Suite::load(&sources).expect("the embedded suite loads");
    let recipes = Recipes::load(&sources.scenarios, &suite.catalogue);
    Hunter {
        catalogue: suite.catalogue,
        recipes: Arc::new(recipes.expect("the embedded recipes load")),
        seed: 1,
        budget: 8_000,
        after: 2_000,
        shrink: 1_500,
        focused: true,
    }
});

fn hunt(faults: &[&'static NamedFault]) -> Vec<Caught> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let hunts = HUNTER.hunt_all(faults, 2, &|_| {});
    runtime.expect("a runtime starts").block_on(hunts).expect("references start")
}

/// Tells whether the check or property that must catch a fault first did, and how small the
/// sequence is that shows it.
fn is_caught_first(caught: &Caught) -> bool {
    let find = caught.found.as_ref();
    find.is_some_and(|find| find.finding.check == caught.fault.caught_by)
}

#[test]
fn each_property_is_the_first_to_catch_a_fault() {
    for property in PROPERTIES {
        let mut faults = faults::all().filter(|fault| fault.caught_by == property.id).peekable();
        assert!(faults.peek().is_some(), "no fault is caught by `{}`", property.id);
        let first = faults.find(|fault| hunt(&[fault]).iter().all(is_caught_first));
        assert!(first.is_some(), "generated cases show `{}` no fault of its own", property.id);
    }
}

#[test]
fn sequences_are_made_about_as_short_as_they_can_be() {
    let names = ["group-delete-does-nothing", "group-create-overwrites", "filter-is-ignored"];
    let known = names.map(|name| faults::named(name).expect("a named fault"));
    for caught in hunt(&known) {
        let find = caught.found.as_ref().expect("found");
        let text = find.scenario.as_deref().unwrap_or("# could not be made small");
        assert!(caught.is_minimal(), "{}: {:?} steps\n{text}", caught.fault.name, find.steps);
    }
}
