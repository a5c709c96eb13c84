//! Every recipe, played like a case on the reference over loopback, passes what it asks and every
//! check there is.

use std::collections::BTreeSet;
use std::sync::Arc;

use cognito_conformance::outcome::{Evidence, Level, Verdict};
use cognito_conformance::report::terminal;
use cognito_conformance::run::{Options, Session};
use cognito_conformance::scenario::recipes::{Recipe, Recipes};
use cognito_conformance::scenario::{Scenario, Source};
use cognito_conformance::suite::{Sources, Suite};
use cognito_conformance::target::open::{OpenOptions, open};

fn case(recipe: &Recipe) -> Scenario {
    let id = format!("recipes::{}::{}::{}", recipe.service, recipe.operation, recipe.name);
    let mut steps = recipe.flatten();
    steps.push(recipe.call.clone());
    Scenario {
        path: format!("recipes/{}.yaml", recipe.service),
        id,
        title: "the recipe succeeds".into(),
        why: "Generated sequences start from it.".into(),
        evidence: Evidence::Documented,
        source: "API reference".into(),
        level: Level::Behaviour,
        needs: recipe.needs.clone(),
        lockstep: false,
        stage: 0,
        functions: Vec::new(),
        setup: Vec::new(),
        steps,
        operations: vec![recipe.operation.clone()],
        rules: BTreeSet::new(),
    }
}

#[test]
fn every_recipe_succeeds_over_the_wire() {
    let suite = Suite::load(&Sources::default()).expect("the committed suite loads");
    let catalogue = suite.catalogue;
    let recipes = Recipes::load(&Source::Embedded, &catalogue).expect("the committed recipes load");
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    let options = OpenOptions { seed: 7, ..OpenOptions::new(catalogue.clone()) };
    let spec = "reference".parse().expect("a target");
    let target = Arc::new(runtime.block_on(open(&spec, &options)).expect("the reference opens"));
    let session = Session::new(catalogue, target.clone(), Options::default());
    let mut wrong = Vec::new();
    for recipe in recipes.iter() {
        let outcome = runtime.block_on(session.run_case(&case(recipe)));
        if !outcome.verdicts.values().all(|verdict| *verdict == Verdict::Pass) {
            wrong.push(terminal::case(&outcome));
        }
    }
    runtime.block_on(session.close());
    runtime.block_on(target.shutdown());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
