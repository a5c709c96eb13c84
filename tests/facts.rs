//! What is known about the real service, held against what this project promises of it.
//!
//! The facts lie beside the repository, not in it; where they are missing the tests say so and
//! pass. `tests/facts/*.yaml` says for each fact by what it is covered: a rule, a scenario, a
//! correction of the model, the model itself, or a disagreement with its reason.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use cognito_conformance::catalogue::{Catalogue, Rule, Service};
use cognito_conformance::near;
use cognito_conformance::outcome::Evidence;
use cognito_conformance::scenario::Scenario;
use cognito_conformance::suite::{Sources, Suite};
use serde::Deserialize;
use serde_json::Value;

/// What is known of one behaviour of the service.
#[derive(Debug, Deserialize)]
struct Fact {
    id: String,
    service: String,
    group: String,
    operations: BTreeSet<String>,
    expect: Expected,
    grade: Evidence,
    confidence: String,
}

/// What came back, as far as it is compared here.
#[derive(Debug, Default, Deserialize)]
struct Expected {
    error: Option<String>,
    #[serde(default)]
    error_candidates: BTreeSet<String>,
    message: Option<String>,
    message_match: Option<String>,
}

impl Fact {
    /// The text, where the rule must have it letter for letter.
    fn text(&self) -> Option<&str> {
        let exact = self.expect.message_match.as_deref() == Some("exact");
        self.expect.message.as_deref().filter(|_| exact && self.confidence == "high")
    }

    /// Tells whether an error code is among those the source shows; `true` where it shows none.
    fn allows(&self, mut codes: impl Iterator<Item = String>) -> bool {
        let mut known = self.expect.error_candidates.clone();
        known.extend(self.expect.error.clone());
        known.is_empty() || codes.any(|code| known.contains(&code))
    }
}

/// What covers a fact.
#[derive(Clone, Debug)]
enum Cover {
    /// The rule with this id.
    Rule(String),
    /// The scenario at this path below `scenarios/`, without `.yaml`.
    Scenario(String),
    /// The correction with this `at`.
    Correction(String),
    /// The model of this operation; for facts that restate it.
    Operation(String),
    /// Nothing: why the fact is not followed.
    Disagrees(String),
}

/// Makes a cover from the name of what it points at.
type Maker = fn(String) -> Cover;

impl Cover {
    const KINDS: [(&str, Maker); 5] = [
        ("rule", Self::Rule),
        ("scenario", Self::Scenario),
        ("correction", Self::Correction),
        ("operation", Self::Operation),
        ("disagrees", Self::Disagrees),
    ];

    /// Reads a mapping of kind to name, names or reason, or a list of such mappings.
    fn read(value: &Value) -> Result<Vec<Self>, String> {
        match value {
            Value::Array(list) => {
                let parts = list.iter().map(Self::read).collect::<Result<Vec<_>, _>>()?;
                Ok(parts.concat())
            }
            Value::Object(members) if !members.is_empty() => {
                let parts = members.iter().map(|(kind, named)| Self::of_kind(kind, named));
                Ok(parts.collect::<Result<Vec<_>, _>>()?.concat())
            }
            other => Err(format!("`{other}` names nothing")),
        }
    }

    fn of_kind(kind: &str, named: &Value) -> Result<Vec<Self>, String> {
        let known = || Self::KINDS.iter().map(|(name, _)| *name);
        let (_, make) = Self::KINDS
            .iter()
            .find(|(name, _)| *name == kind)
            .ok_or_else(|| near::unknown("kind of cover", kind, known()))?;
        let list = named.as_array().map_or(std::slice::from_ref(named), Vec::as_slice);
        let text = |name: &Value| name.as_str().map(|text| make(text.to_owned()));
        let names: Option<Vec<_>> = list.iter().map(text).collect();
        names.ok_or_else(|| format!("`{named}` is no name"))
    }
}

/// What covers one fact, and where that stands.
#[derive(Clone, Debug)]
struct Entry {
    place: String,
    covers: Vec<Cover>,
}

fn facts() -> Option<Vec<Fact>> {
    let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/facts/facts.json");
    let path = std::env::var_os("COGNITO_FACTS").map_or_else(beside, PathBuf::from);
    let Ok(text) = std::fs::read_to_string(&path) else {
        eprintln!("skipped: no facts at {}", path.display());
        return None;
    };
    Some(serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display())))
}

fn suite() -> Suite {
    Suite::load(&Sources::default()).unwrap_or_else(|error| panic!("{error}"))
}

/// Reads every entry; what cannot be read is a problem.
fn entries(problems: &mut Vec<String>) -> BTreeMap<String, Entry> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/facts");
    let mut paths: Vec<_> = std::fs::read_dir(folder)
        .expect("the folder is there")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|ext| ext == "yaml"))
        .collect();
    paths.sort();
    let mut found: BTreeMap<String, Entry> = BTreeMap::new();
    for path in paths {
        let file = path.file_name().expect("a name").to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&path).expect("a text");
        let read: BTreeMap<String, Value> = match serde_saphyr::from_str(&text) {
            Ok(read) => read,
            Err(error) => {
                problems.push(format!("tests/facts/{file}: {error}"));
                continue;
            }
        };
        for (id, value) in read {
            let line = text.lines().position(|line| line.starts_with(&format!("{id}:")));
            let place = format!("tests/facts/{file}:{}", line.map_or(1, |line| line + 1));
            match Cover::read(&value) {
                Err(error) => problems.push(format!("{place} {id}: {error}")),
                Ok(covers) => {
                    let entry = Entry { place: place.clone(), covers };
                    if let Some(other) = found.insert(id.clone(), entry) {
                        problems.push(format!("{place} {id}: also at {}", other.place));
                    }
                }
            }
        }
    }
    found
}

/// Everything the entries may name.
struct Names<'a> {
    suite: &'a Suite,
    scenarios: BTreeMap<&'a str, &'a Scenario>,
}

impl<'a> Names<'a> {
    fn new(suite: &'a Suite) -> Self {
        let path = |case: &'a Scenario| case.path.trim_end_matches(".yaml");
        let scenarios = suite.cases.iter().map(|case| (path(case), &**case)).collect();
        Self { suite, scenarios }
    }

    fn catalogue(&self) -> &Catalogue {
        &self.suite.catalogue
    }

    fn rule(&self, id: &str) -> Result<&Rule, String> {
        let rules = &self.catalogue().rules;
        rules.get(id).ok_or_else(|| near::unknown("rule", id, rules.ids()))
    }

    fn scenario(&self, path: &str) -> Result<&Scenario, String> {
        let found = self.scenarios.get(path).copied();
        found.ok_or_else(|| near::unknown("scenario", path, self.scenarios.keys().copied()))
    }

    /// Grade of the best correction at this place, in any service.
    fn correction(&self, at: &str) -> Result<Evidence, String> {
        let services = self.catalogue().services.values();
        let all = || services.clone().flat_map(|service| &service.corrections);
        let best = all().filter(|correction| correction.at == at).map(|c| c.evidence).max();
        best.ok_or_else(|| near::unknown("correction", at, all().map(|c| c.at.as_str())))
    }

    fn operation(&self, name: &str) -> Result<(), String> {
        let unknown = || self.catalogue().unknown_operation(name);
        self.catalogue().operation(name).map(|_| ()).ok_or_else(unknown)
    }

    fn service(&self, fact: &Fact) -> &Service {
        &self.catalogue().services[&fact.service]
    }
}

/// A scenario's grade: its own, or that of a step that has a better one.
fn grade(scenario: &Scenario) -> Evidence {
    let steps = scenario.steps.iter().filter_map(|step| step.evidence);
    steps.chain([scenario.evidence]).max().expect("its own")
}

/// Returns what is wrong with an entry, whatever its fact says.
fn misnamed(names: &Names<'_>, entry: &Entry) -> Vec<String> {
    let named = entry.covers.iter().map(|cover| match cover {
        Cover::Rule(id) => names.rule(id).map(|_| ()),
        Cover::Scenario(path) => names.scenario(path).map(|_| ()),
        Cover::Correction(at) => names.correction(at).map(|_| ()),
        Cover::Operation(name) => names.operation(name),
        Cover::Disagrees(text) => reason(text),
    });
    named.filter_map(Result::err).collect()
}

fn reason(text: &str) -> Result<(), String> {
    let words = text.split_whitespace().count();
    if words < 5 { Err(format!("`{text}` is no reason")) } else { Ok(()) }
}

/// Returns what keeps an entry from covering its fact.
fn uncovered(names: &Names<'_>, fact: &Fact, entry: &Entry) -> Vec<String> {
    if entry.covers.iter().any(|cover| matches!(cover, Cover::Disagrees(_))) {
        return Vec::new();
    }
    let mut problems: Vec<String> =
        entry.covers.iter().filter_map(|cover| too_weak(names, fact, cover)).collect();
    let rules: Vec<&Rule> = entry
        .covers
        .iter()
        .filter_map(|cover| match cover {
            Cover::Rule(id) => names.rule(id).ok(),
            _ => None,
        })
        .collect();
    for rule in &rules {
        if !speaks_of(names, rule, fact, entry) {
            problems.push(format!("rule `{}` is about none of its operations", rule.id));
        }
        let codes = rule.error.iter().chain(&rule.or_error).cloned();
        if rule.error.is_some() && !fact.allows(codes) {
            problems.push(format!("rule `{}` has another error than the fact", rule.id));
        }
    }
    // A scenario speaks by the rules it expects.
    let expected = entry.covers.iter().filter_map(|cover| match cover {
        Cover::Scenario(path) => names.scenario(path).ok(),
        _ => None,
    });
    let expected = expected.flat_map(|scenario| &scenario.rules);
    let expected = expected.filter_map(|id| names.rule(id).ok());
    let speaking: Vec<&Rule> = rules.iter().copied().chain(expected).collect();
    problems.extend(fact.text().and_then(|text| wording(&speaking, text, fact)));
    problems
}

/// Says so when what is named is not as well supported as the fact.
fn too_weak(names: &Names<'_>, fact: &Fact, cover: &Cover) -> Option<String> {
    let (name, ours) = match cover {
        Cover::Rule(id) => (id, names.rule(id).ok()?.evidence),
        Cover::Scenario(path) => (path, grade(names.scenario(path).ok()?)),
        Cover::Correction(at) => (at, names.correction(at).ok()?),
        // The model says it, and no more.
        Cover::Operation(name) => (name, Evidence::Modelled),
        Cover::Disagrees(_) => return None,
    };
    let (theirs, graded) = (fact.grade.name(), ours.name());
    (ours < fact.grade).then(|| format!("the fact is {theirs}, `{name}` only {graded}"))
}

/// Tells whether a rule is about an operation of the fact, or about what one of them causes in
/// another, as a scenario beside it shows.
fn speaks_of(names: &Names<'_>, rule: &Rule, fact: &Fact, entry: &Entry) -> bool {
    let shows = |cover: &Cover| match cover {
        Cover::Scenario(path) => names.scenario(path).is_ok_and(|s| s.rules.contains(&rule.id)),
        _ => false,
    };
    // Some facts were seen through an operation of the other service.
    let own = |name: &String| names.service(fact).operations.contains_key(name);
    fact.operations.contains("*")
        || !fact.operations.iter().any(own)
        || fact.operations.iter().any(|name| rule.covers(name))
        || entry.covers.iter().any(shows)
}

/// Says so when no rule has the service's text, or only as an inference.
fn wording(rules: &[&Rule], text: &str, fact: &Fact) -> Option<String> {
    let says = |rule: &&&Rule| rule.message.is_some() && rule.message_matches(text);
    // With several operations, the source shows at least one of them.
    let grade = |rule: &Rule| fact.operations.iter().map(|name| rule.message_grade(name)).max();
    match rules.iter().filter(says).max_by_key(|rule| grade(rule)) {
        None => Some(format!("no rule says `{text}`")),
        Some(rule) if grade(rule) < Some(fact.grade) => {
            let ours = grade(rule).map_or("unknown", Evidence::name);
            Some(format!("rule `{}` has its text only as {ours}", rule.id))
        }
        Some(_) => None,
    }
}

#[track_caller]
fn none(problems: &[String]) {
    assert!(problems.is_empty(), "{} problems:\n{}", problems.len(), problems.join("\n"));
}

#[test]
fn what_the_entries_name_is_there() {
    let suite = suite();
    let names = Names::new(&suite);
    let mut problems = Vec::new();
    for (id, entry) in entries(&mut problems) {
        let wrong = misnamed(&names, &entry);
        problems.extend(wrong.into_iter().map(|what| format!("{} {id}: {what}", entry.place)));
    }
    none(&problems);
}

#[test]
fn every_fact_is_covered_or_disagreed_with() {
    let Some(facts) = facts() else { return };
    let suite = suite();
    let names = Names::new(&suite);
    let mut problems = Vec::new();
    let entries = entries(&mut problems);
    for fact in &facts {
        let Some(entry) = entries.get(&fact.id) else {
            problems.push(format!("tests/facts/{}.yaml {}: no entry", fact.group, fact.id));
            continue;
        };
        let wrong = uncovered(&names, fact, entry);
        problems.extend(wrong.iter().map(|what| format!("{} {}: {what}", entry.place, fact.id)));
    }
    let known: BTreeSet<&str> = facts.iter().map(|fact| fact.id.as_str()).collect();
    for (id, entry) in entries.iter().filter(|(id, _)| !known.contains(id.as_str())) {
        let unknown = near::unknown("fact", id, known.iter().copied());
        problems.push(format!("{} {id}: {unknown}", entry.place));
    }
    eprintln!("{}", tally(&facts, &entries));
    none(&problems);
}

#[track_caller]
fn check(fact: Value, cover: Value, expected: &str) {
    let suite = suite();
    let names = Names::new(&suite);
    let mut whole = serde_json::json!({
        "id": "f", "service": "cognito-idp", "group": "auth", "operations": ["InitiateAuth"],
        "grade": "observed", "confidence": "high", "expect": {}
    });
    whole.as_object_mut().expect("an object").extend(fact.as_object().cloned().expect("members"));
    let fact: Fact = serde_json::from_value(whole).expect("a fact");
    let told = match Cover::read(&cover) {
        Err(error) => error,
        Ok(covers) => {
            let entry = Entry { place: String::new(), covers };
            [misnamed(&names, &entry), uncovered(&names, &fact, &entry)].concat().join("; ")
        }
    };
    assert!(
        told.contains(expected) && told.is_empty() == expected.is_empty(),
        "{cover}: {told:?}, not {expected:?}"
    );
}

#[test]
fn what_does_not_cover_a_fact_is_told() {
    use serde_json::json;
    let right = json!({"rule": "incorrect-credentials"});
    let wrong_password = |message: &str| {
        let error = "NotAuthorizedException";
        json!({"expect": {"error": error, "message": message, "message_match": "exact"}})
    };
    check(wrong_password("Incorrect username or password."), right.clone(), "");
    check(wrong_password("Nope."), right.clone(), "no rule says");
    check(json!({"expect": {"error": "AliasExistsException"}}), right.clone(), "another error");
    check(json!({"operations": ["SignUp"]}), right, "none of its operations");
    check(json!({}), json!({"rule": "session-unknow"}), "did you mean `session-unknown`?");
    check(json!({}), json!({"rules": "x"}), "did you mean `rule`?");
    check(json!({}), json!({}), "names nothing");
    check(json!({}), json!({"disagrees": "no"}), "is no reason");
    check(json!({}), json!({"operation": "SignUp"}), "only modelled");
    check(json!({"grade": "modelled"}), json!({"operation": "SignUp"}), "");
    let inferred = json!([{"rule": "auth-flow-disabled-choice"}]);
    check(json!({}), inferred, "`auth-flow-disabled-choice` only inferred");
    let path = "cognito-idp/auth/choice-flow-must-be-enabled";
    check(json!({}), json!({"scenario": [path]}), "choice-flow-must-be-enabled` only inferred");
}

/// Says how many facts are covered by what.
fn tally(facts: &[Fact], entries: &BTreeMap<String, Entry>) -> String {
    let covers = |wanted: fn(&Cover) -> bool| {
        entries.values().filter(|entry| entry.covers.iter().any(wanted)).count()
    };
    let mapped = facts.iter().filter(|fact| entries.contains_key(&fact.id)).count();
    format!(
        "{} facts: {mapped} mapped; {} to a rule, {} to a scenario, {} to a correction, \
         {} to the model only, {} disagreed with",
        facts.len(),
        covers(|cover| matches!(cover, Cover::Rule(_))),
        covers(|cover| matches!(cover, Cover::Scenario(_))),
        covers(|cover| matches!(cover, Cover::Correction(_))),
        covers(|cover| matches!(cover, Cover::Operation(_))),
        covers(|cover| matches!(cover, Cover::Disagrees(_))),
    )
}
