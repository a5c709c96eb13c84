//! Recipes: how each operation is called so that it succeeds, and situations: what spoils the
//! state that such a call relies on.
//!
//! Both are data for the generation of sequences, and never expectations on their own. Recipes
//! stand in `recipes/<service>.yaml`, situations in `recipes/situations.yaml`.

use std::collections::{BTreeMap, BTreeSet};

use super::bind::BUILT_IN;
use super::check::{check_step, made_by, used_by};
use super::error::{ParseError, ParseErrorKind};
use super::file::{RecipeFile, SituationFile, StepFile};
use super::load::{Files, Source, resolve, set_ups};
use super::node::{At, Node, NodeKind};
use super::parse::{Parsed, Reader};
use super::{Action, SetUp, Step};
use crate::catalogue::Catalogue;
use crate::outcome::Evidence;
use crate::target::Capability;

/// Name of the way to call an operation that its recipe gives first.
pub const PLAIN: &str = "plain";

/// Most often that a situation's steps are played.
const MOST_TIMES: usize = 20;

/// Every recipe and situation.
#[derive(Clone, Debug, Default)]
pub struct Recipes {
    recipes: BTreeMap<(String, String), Vec<Recipe>>,
    situations: Vec<Situation>,
}

/// One way to call an operation that succeeds.
#[derive(Clone, Debug)]
pub struct Recipe {
    /// Service id.
    pub service: String,
    /// Operation name.
    pub operation: String,
    /// [`PLAIN`], or the variant's name.
    pub name: String,
    /// What the target must be able to do, the set-ups' needs included.
    pub needs: BTreeSet<Capability>,
    /// Set-ups in the order they are played, each once, with what overlays their input.
    pub setup: Vec<(SetUp, Node)>,
    /// Steps of its own, between the set-ups and the call.
    pub steps: Vec<Step>,
    /// The call; an access token is a member of its input.
    pub call: Step,
    /// The call with inputs that are refused, by name.
    pub spoiled: Vec<(String, Step)>,
    /// Names that its steps bind, and the built-in ones that its calls use.
    pub bindings: BTreeSet<String>,
}

/// A way to spoil the state that a call relies on.
#[derive(Clone, Debug)]
pub struct Situation {
    /// `user-disabled`.
    pub name: String,
    /// What is the matter, in one line.
    pub title: String,
    /// What the target must be able to do.
    pub needs: BTreeSet<Capability>,
    /// Names that a recipe must have bound.
    pub uses: BTreeSet<String>,
    /// Operations it is meant for, as service and name; empty: all.
    pub only: BTreeSet<(String, String)>,
    /// What makes it, to be played between a recipe's steps and its call; each succeeds unless it
    /// expects anything.
    pub steps: Vec<Step>,
}

impl Recipes {
    /// Loads every recipe and situation; all mistakes of all files are returned together.
    ///
    /// # Errors
    /// A file cannot be read, is not of the format, or names something unknown: an operation, a
    /// member, a set-up, a binding.
    pub fn load(source: &Source, catalogue: &Catalogue) -> Result<Self, Vec<ParseError>> {
        Self::parse(&source.files().map_err(|error| vec![error])?, catalogue)
    }

    fn parse(files: &Files, catalogue: &Catalogue) -> Result<Self, Vec<ParseError>> {
        let mut errors = Vec::new();
        let known = set_ups(files, catalogue, &mut errors);
        let mut recipes = Self::default();
        for (path, text) in files {
            let Some(name) = path.strip_prefix("recipes/").and_then(|n| n.strip_suffix(".yaml"))
            else {
                continue;
            };
            let reader = Reader { path, text, catalogue };
            let result = match name {
                "situations" => recipes.add_situations(&reader, &mut errors),
                service => recipes.add_recipes(&reader, service, &known, &mut errors),
            };
            errors.extend(result.err());
        }
        if errors.is_empty() { Ok(recipes) } else { Err(errors) }
    }

    /// Returns the ways to call an operation, the plain one first; none where nobody wrote one.
    pub fn of(&self, service: &str, operation: &str) -> &[Recipe] {
        let key = (service.to_owned(), operation.to_owned());
        self.recipes.get(&key).map(Vec::as_slice).unwrap_or_default()
    }

    /// Returns every way to call every operation, services and operations sorted.
    pub fn iter(&self) -> impl Iterator<Item = &Recipe> {
        self.recipes.values().flatten()
    }

    /// Returns every situation, sorted by name.
    pub fn situations(&self) -> &[Situation] {
        &self.situations
    }

    fn add_recipes(
        &mut self,
        reader: &Reader<'_>,
        service: &str,
        known: &BTreeMap<String, SetUp>,
        errors: &mut Vec<ParseError>,
    ) -> Parsed<()> {
        let file: BTreeMap<String, RecipeFile> = reader.yaml()?;
        for (operation, plain) in &file {
            let at = reader.entry(operation);
            let modelled = reader.catalogue.operation(&format!("{service}:{operation}"));
            if modelled.is_none() {
                let cause = reader.catalogue.unknown_operation(operation);
                errors.push(reader.fail(at, ParseErrorKind::Unknown(cause)));
                continue;
            }
            let ways = [(PLAIN, plain)];
            let variants = plain.variants.iter().map(|(name, way)| (name.as_str(), way));
            for (name, way) in ways.into_iter().chain(variants) {
                if name != PLAIN && !way.variants.is_empty() {
                    errors.push(reader.misfit(at, format!("variant `{name}` has variants")));
                }
                let place = Place { service, operation, name, at };
                match reader.recipe(&place, plain, way, known) {
                    Ok(recipe) => {
                        let key = (service.to_owned(), operation.clone());
                        self.recipes.entry(key).or_default().push(recipe);
                    }
                    Err(error) => errors.push(error),
                }
            }
        }
        Ok(())
    }

    fn add_situations(&mut self, reader: &Reader<'_>, errors: &mut Vec<ParseError>) -> Parsed<()> {
        let file: BTreeMap<String, SituationFile> = reader.yaml()?;
        for (name, written) in file {
            match reader.situation(name, written) {
                Ok(situation) => self.situations.push(situation),
                Err(error) => errors.push(error),
            }
        }
        Ok(())
    }
}

impl Recipe {
    /// Returns the steps before the call as a list of their own: what set-ups are overlaid with
    /// is merged in, and each step says what it promises and who says so.
    pub fn flatten(&self) -> Vec<Step> {
        let set_ups = self.setup.iter().flat_map(|(set_up, overlay)| set_up.flatten(overlay));
        let own = self.steps.iter().map(|step| documented(step, "of a recipe"));
        set_ups.chain(own).collect()
    }
}

impl SetUp {
    /// Returns its steps with `overlay` merged in; each has its own grade and source, or those of
    /// what set-ups stand on.
    pub fn flatten(&self, overlay: &Node) -> Vec<Step> {
        let main = self.configurable();
        let step = |(index, step): (usize, &Step)| {
            let mut step = documented(step, &format!("of set-up {}", self.name));
            if let (true, Action::Call { with, .. }) = (Some(index) == main, &mut step.action) {
                *with = with.merged(overlay);
            }
            step
        };
        self.steps.iter().enumerate().map(step).collect()
    }
}

/// What a case stands on works on the service, however bold its own question is.
fn documented(step: &Step, origin: &str) -> Step {
    let mut step = step.clone();
    if step.evidence.is_none() {
        step.evidence = Some(Evidence::Documented);
        step.source = Some(format!("API reference, the operations {origin}"));
    }
    step.configurable = false;
    step
}

impl Situation {
    /// Tells whether it says something about this recipe: it is meant for the operation, and the
    /// recipe has bound what it builds on.
    pub fn applies_to(&self, recipe: &Recipe) -> bool {
        let meant = |(service, operation): &(String, String)| {
            *service == recipe.service && *operation == recipe.operation
        };
        (self.only.is_empty() || self.only.iter().any(meant))
            && self.uses.is_subset(&recipe.bindings)
    }
}

/// Which recipe is being read.
struct Place<'a> {
    service: &'a str,
    operation: &'a str,
    name: &'a str,
    at: At,
}

/// Returns input and caller with the caller's access token as a member of the input: whoever
/// changes the call finds it among the others.
fn holding(with: Node, caller: Option<&Node>) -> (Node, Option<Node>) {
    let token = caller.filter(|node| node.as_str().is_some_and(|text| text.starts_with("${")));
    let Some(token) = token else { return (with, caller.cloned()) };
    let member = NodeKind::Members(vec![("AccessToken".into(), token.clone())]);
    let with = with.merged(&Node { at: with.at, kind: member });
    let nobody = NodeKind::Scalar("anonymous".into());
    (with, Some(Node { at: token.at, kind: nobody }))
}

impl Reader<'_> {
    /// Returns where the entry called `name` begins.
    fn entry(&self, name: &str) -> At {
        let begins = |line: &str| line.strip_prefix(name).is_some_and(|rest| rest.starts_with(':'));
        let index = self.text.lines().position(begins);
        let line = index.and_then(|index| u64::try_from(index + 1).ok()).unwrap_or_default();
        At { line, column: u64::from(line > 0) }
    }

    fn recipe(
        &self,
        place: &Place<'_>,
        plain: &RecipeFile,
        way: &RecipeFile,
        known: &BTreeMap<String, SetUp>,
    ) -> Parsed<Recipe> {
        let setup = way.setup.as_ref().or(plain.setup.as_ref());
        let wanted = self.set_ups(setup.map(Vec::as_slice).unwrap_or_default())?;
        let setup = resolve(self.path, self.text, &wanted, known)?;
        let steps = way.steps.as_ref().or(plain.steps.as_ref());
        let steps = self.steps(steps.map(Vec::as_slice).unwrap_or_default())?;
        let with = way.with.as_ref().or(plain.with.as_ref()).cloned().unwrap_or_default();
        let caller = way.caller.as_ref().or(plain.caller.as_ref());
        let (with, caller) = holding(with, caller);
        let call = self.recipe_call(place, with.clone(), caller.as_ref())?;
        let spoil = |(name, overlay): (&String, &Node)| {
            let call = self.recipe_call(place, with.merged(overlay), caller.as_ref())?;
            Ok((name.clone(), call))
        };
        let spoiled = way.spoiled.iter().map(spoil).collect::<Parsed<Vec<_>>>()?;
        let mut needs: BTreeSet<_> = plain.needs.iter().chain(&way.needs).copied().collect();
        needs.extend(setup.iter().flat_map(|(set_up, _)| &set_up.needs));
        if steps.iter().any(|step| matches!(step.action, Action::Mail { .. })) {
            needs.insert(Capability::Mailbox);
        }
        let mut recipe = Recipe {
            service: place.service.to_owned(),
            operation: place.operation.to_owned(),
            name: place.name.to_owned(),
            needs,
            setup,
            steps,
            call,
            spoiled,
            bindings: BTreeSet::new(),
        };
        recipe.bindings = self.bindings(&recipe)?;
        Ok(recipe)
    }

    fn recipe_call(&self, place: &Place<'_>, with: Node, caller: Option<&Node>) -> Parsed<Step> {
        let name = format!("{}:{}", place.service, place.operation);
        let call = Node { at: place.at, kind: NodeKind::Scalar(name.into()) };
        let file = StepFile {
            call: Some(call),
            with: Some(with),
            caller: caller.cloned(),
            ..StepFile::default()
        };
        self.step(&file)
    }

    /// Checks that the recipe uses what it has bound, and returns its bindings.
    fn bindings(&self, recipe: &Recipe) -> Parsed<BTreeSet<String>> {
        let before = recipe.flatten();
        let mut known: BTreeSet<&str> = BUILT_IN.iter().map(|(name, _)| *name).collect();
        let played = recipe.setup.iter().flat_map(|(set_up, _)| &set_up.steps);
        played.for_each(|step| known.extend(made_by(step)));
        for step in &recipe.steps {
            check_step(self.path, self.text, step, &mut known)?;
        }
        for step in [&recipe.call].into_iter().chain(recipe.spoiled.iter().map(|(_, step)| step)) {
            check_step(self.path, self.text, step, &mut known)?;
        }
        let mut bound = BTreeSet::new();
        for step in &before {
            bound.extend(made_by(step).into_iter().map(str::to_owned));
            // A name that was only computed with, such as a username for a hash, made nothing.
            if let Action::Call { .. } = &step.action {
                bound.extend(used_by(step));
            }
        }
        Ok(bound)
    }

    fn situation(&self, name: String, written: SituationFile) -> Parsed<Situation> {
        let text = |node: &Node| node.as_str().unwrap_or_default().to_owned();
        let uses: BTreeSet<String> = written.uses.iter().map(text).collect();
        let mut only = BTreeSet::new();
        for node in &written.only {
            let operation = text(node);
            let found = self.catalogue.operation(&operation).ok_or_else(|| {
                let cause = self.catalogue.unknown_operation(&operation);
                self.fail(node.at, ParseErrorKind::Unknown(cause))
            })?;
            only.insert((found.0.info.id.clone(), found.1.name.clone()));
        }
        let times = written.times.unwrap_or(1);
        if !(1..=MOST_TIMES).contains(&times) || written.steps.is_empty() {
            let at = self.entry(&name);
            let text = format!("a situation has steps, played 1 to {MOST_TIMES} times");
            return Err(self.misfit(at, text));
        }
        let steps = self.steps(&written.steps)?;
        let mut known: BTreeSet<&str> = BUILT_IN.iter().map(|(name, _)| *name).collect();
        known.extend(uses.iter().map(String::as_str));
        for step in &steps {
            check_step(self.path, self.text, step, &mut known)?;
        }
        let origin = format!("of situation {name}");
        let once: Vec<Step> = steps.iter().map(|step| documented(step, &origin)).collect();
        let steps = std::iter::repeat_n(once, times).flatten().collect();
        let needs = written.needs.into_iter().collect();
        Ok(Situation { name, title: written.title, needs, uses, only, steps })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SET_UP: &str = "title: t\nsteps:\n  - call: CreateUserPool\n    with: { PoolName: a }\n    \
                          save: { pool: /UserPool/Id }\n";

    fn catalogue() -> Catalogue {
        Catalogue::load(&crate::catalogue::Source::Embedded).expect("the committed catalogue loads")
    }

    fn parse(file: &str, text: &str) -> Result<Recipes, Vec<ParseError>> {
        let files = [("setup/user-pool.yaml", SET_UP), (file, text)];
        let files = files.map(|(path, text)| (path.to_owned(), text.to_owned())).into();
        Recipes::parse(&files, &catalogue())
    }

    #[track_caller]
    fn refused(file: &str, text: &str, expected: &str) {
        let errors = parse(file, text).expect_err("a mistake");
        let texts: Vec<_> = errors.iter().map(ToString::to_string).collect();
        let first_lines: Vec<_> = texts.iter().filter_map(|text| text.lines().next()).collect();
        assert_eq!(first_lines, [expected]);
    }

    #[test]
    fn mistakes_in_recipes_are_named_with_their_place() {
        let file = "recipes/cognito-idp.yaml";
        refused(
            file,
            "\nAdminGetUsr: {}\n",
            "scenarios/recipes/cognito-idp.yaml:2:1: unknown operation `AdminGetUsr`, did you mean \
             `AdminGetUser`?",
        );
        refused(
            file,
            "GetGroup: { with: { GroupNam: a } }\n",
            "scenarios/recipes/cognito-idp.yaml:1:31: unknown member `GroupNam`, did you mean \
             `GroupName`?; `unmodelled: true` sends it all the same",
        );
        refused(
            file,
            "GetGroup: { setup: [user-pol] }\n",
            "scenarios/recipes/cognito-idp.yaml:1:21: unknown set-up `user-pol`, did you mean \
             `user-pool`?",
        );
        refused(
            file,
            "GetGroup: { setup: [user-pool], with: { UserPoolId: \"${pol}\" } }\n",
            "scenarios/recipes/cognito-idp.yaml:1:53: unknown binding `pol`, did you mean `pool`?",
        );
        refused(
            file,
            "GetGroup: { variants: { a: { variants: { b: {} } } } }\n",
            "scenarios/recipes/cognito-idp.yaml:1:1: variant `a` has variants",
        );
    }

    #[test]
    fn mistakes_in_situations_are_named_with_their_place() {
        let file = "recipes/situations.yaml";
        refused(
            file,
            "gone: { title: t, only: [GetGrup], steps: [{ wait: 1 }] }\n",
            "scenarios/recipes/situations.yaml:1:26: unknown operation `GetGrup`, did you mean \
             `GetGroup`?",
        );
        refused(
            file,
            "gone: { title: t, times: 21, steps: [{ wait: 1 }] }\n",
            "scenarios/recipes/situations.yaml:1:1: a situation has steps, played 1 to 20 times",
        );
        refused(
            file,
            "gone:\n  title: t\n  steps: [{ call: DeleteUserPool, with: { UserPoolId: \"${pool}\" } }]\n",
            "scenarios/recipes/situations.yaml:3:55: unknown binding `pool`",
        );
    }

    #[test]
    fn variants_differ_where_they_say_so() {
        let text = "GetUser:\n  setup: [user-pool]\n  as: ${pool}\n  spoiled: { none: { AccessToken: other } }\n  \
                    variants: { signed: { as: signed } }\n";
        let recipes = parse("recipes/cognito-idp.yaml", text).expect("sound recipes");
        let input = |step: &Step| match &step.action {
            Action::Call { with, .. } => with.value(),
            _ => serde_json::Value::Null,
        };
        let [plain, signed] = recipes.of("cognito-idp", "GetUser") else { panic!("two ways") };
        assert_eq!((plain.name.as_str(), signed.name.as_str()), (PLAIN, "signed"));
        assert_eq!(input(&plain.call), serde_json::json!({"AccessToken": "${pool}"}));
        assert_eq!(input(&plain.spoiled[0].1), serde_json::json!({"AccessToken": "other"}));
        assert_eq!(input(&signed.call), serde_json::json!({}));
        assert_eq!(signed.flatten().len(), 1);
        assert!(plain.bindings.contains("pool") && !plain.bindings.contains("username"));
    }

    #[test]
    fn flattened_steps_carry_overlay_and_source() {
        let text = "GetCSVHeader:\n  setup:\n    - user-pool: { PoolName: b }\n";
        let recipes = parse("recipes/cognito-idp.yaml", text).expect("a sound recipe");
        let steps = recipes.of("cognito-idp", "GetCSVHeader")[0].flatten();
        let Action::Call { with, .. } = &steps[0].action else { panic!("a call") };
        assert_eq!(with.get("PoolName").and_then(Node::as_str), Some("b"));
        assert_eq!(steps[0].evidence, Some(Evidence::Documented));
        let source = steps[0].source.as_deref();
        assert_eq!(source, Some("API reference, the operations of set-up user-pool"));
    }

    #[test]
    fn broken_yaml_is_an_error() {
        for text in ["- a", "a: [", "\u{0}", "GetGroup: 1"] {
            assert!(parse("recipes/cognito-idp.yaml", text).is_err(), "{text}");
            assert!(parse("recipes/situations.yaml", text).is_err(), "{text}");
        }
    }
}
