//! Frozen requirement sets: which cases a claim is about, so that cases that are added later change
//! nothing about it.
//!
//! A set is a committed file, `requirements/<name>.yaml`: the ids of written cases, each with a
//! digest of what it asks. Playing a set plays exactly those. A case that is gone or asks something
//! else is a mistake, unless the set withdraws it and says why: a claim about a set never changes
//! silently. Generated cases are in no set: what is generated follows from recipes, shapes and the
//! generator, and changes with each of them. The judges are those of the harness that plays.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use include_dir::{Dir, include_dir};
use ring::digest;
use serde_json::{Map, Value, json};

use crate::near;
use crate::report::text::one_line;
use crate::scenario::node::Node;
use crate::scenario::{Files, Scenario};
use crate::suite::Suite;

static EMBEDDED: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/requirements");

/// A frozen requirement set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RequirementSet {
    /// The file, as it was named.
    pub file: String,
    /// Its name, which is also the file's.
    pub name: String,
    /// Day on which it was frozen.
    pub frozen: String,
    /// Version of the harness that froze it.
    pub harness: String,
    /// Revisions of the service models at that time, by service.
    pub models: BTreeMap<String, String>,
    /// Digest of each case, by id.
    pub cases: BTreeMap<String, Frozen>,
    /// Cases that are played no more, each with the reason.
    pub withdrawn: BTreeMap<String, String>,
}

/// A case of a set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frozen {
    /// Line of the file; 0 where it stands in none.
    pub line: u64,
    /// Digest of what it asks.
    pub digest: String,
}

/// A requirement set that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RequirementsError {
    /// There is none of the name.
    #[error("{0}")]
    Unknown(String),
    /// The file cannot be read.
    #[error("cannot read `{path}`: {cause}")]
    Unreadable {
        /// The file.
        path: String,
        /// Why.
        #[source]
        cause: std::io::Error,
    },
    /// The file is no set, or the cases are not those of the set any more: all mistakes, each with
    /// its place.
    #[error("{}", .0.join("\n"))]
    Mistakes(Vec<String>),
}

/// Returns the names of the sets in the binary, sorted.
pub fn names() -> Vec<String> {
    let files = EMBEDDED.files().filter_map(|file| file.path().to_str());
    let mut names: Vec<_> =
        files.filter_map(|path| path.strip_suffix(".yaml")).map(str::to_owned).collect();
    names.sort();
    names
}

impl RequirementSet {
    /// Loads the set of a name from the binary, or from a file where `name` is a path.
    ///
    /// # Errors
    /// There is none (the near match is suggested), or it cannot be read.
    pub fn load(name: &str) -> Result<Self, RequirementsError> {
        if name.ends_with(".yaml") || name.contains('/') {
            let text = std::fs::read_to_string(name)
                .map_err(|cause| RequirementsError::Unreadable { path: name.into(), cause })?;
            return Self::parse(name, &text);
        }
        let file = format!("{name}.yaml");
        match EMBEDDED.get_file(&file).and_then(|file| file.contents_utf8()) {
            Some(text) => Self::parse(&format!("requirements/{file}"), text),
            None => {
                let names = names();
                let known = names.iter().map(String::as_str);
                let mut cause = near::unknown("requirement set", name, known);
                if !cause.contains("did you mean") {
                    cause += &format!("; there are {}", names.join(", "));
                }
                Err(RequirementsError::Unknown(cause))
            }
        }
    }

    /// Reads a set from YAML; `file` is what messages call it, and names the set.
    ///
    /// # Errors
    /// The text is no set, or is called otherwise than its file.
    pub fn parse(file: &str, text: &str) -> Result<Self, RequirementsError> {
        let fail = |line: u64, cause: &str| {
            RequirementsError::Mistakes(vec![format!("{file}:{}: {cause}", line.max(1))])
        };
        let node = serde_saphyr::from_str::<Node>(text).map_err(|error| {
            let line = error.location().map_or(1, |at| at.line());
            fail(line, &one_line(&error.without_snippet().to_string()))
        })?;
        let mut set = Self { file: file.into(), ..Self::default() };
        for (key, value) in node.members() {
            let texts = || {
                let pair = |(name, value): &(String, Node)| {
                    let text = value.as_str().map(str::to_owned);
                    let text = text.ok_or_else(|| {
                        fail(value.at.line, &format!("`{name}` takes a text, in quotes"))
                    });
                    Ok((name.clone(), (value.at.line, text?)))
                };
                value.members().iter().map(pair).collect::<Result<BTreeMap<_, _>, _>>()
            };
            let plain = || Ok(texts()?.into_iter().map(|(name, (_, text))| (name, text)).collect());
            let text = || {
                let text = value.as_str().map(str::to_owned);
                text.ok_or_else(|| fail(value.at.line, &format!("`{key}` takes a text")))
            };
            match key.as_str() {
                "name" => set.name = text()?,
                "frozen" => set.frozen = text()?,
                "harness" => set.harness = text()?,
                "models" => set.models = plain()?,
                "withdrawn" => set.withdrawn = plain()?,
                "cases" => {
                    let frozen = |(id, (line, digest))| (id, Frozen { line, digest });
                    set.cases = texts()?.into_iter().map(frozen).collect();
                }
                other => {
                    let keys = ["name", "frozen", "harness", "models", "cases", "withdrawn"];
                    return Err(fail(value.at.line, &near::unknown("key", other, keys)));
                }
            }
        }
        let stem = Path::new(file).file_stem().unwrap_or_default().to_string_lossy();
        if set.name != stem {
            let cause = format!("the set is called `{}`, but the file `{stem}`", set.name);
            return Err(fail(1, &cause));
        }
        if set.cases.is_empty() {
            return Err(fail(1, "a set without cases"));
        }
        Ok(set)
    }

    /// Freezes all written cases; what `before`, the set of that name, has withdrawn stays so.
    pub fn freeze(
        name: &str,
        suite: &Suite,
        files: &Files,
        today: &str,
        before: Option<&Self>,
    ) -> Self {
        let withdrawn = before.map(|set| set.withdrawn.clone()).unwrap_or_default();
        let cases = suite.cases.iter().filter(|case| !withdrawn.contains_key(&case.id));
        let contents = Contents::of(suite, files);
        let frozen = |case: &Arc<Scenario>| {
            (case.id.clone(), Frozen { line: 0, digest: contents.digest(case) })
        };
        Self {
            file: format!("{name}.yaml"),
            name: name.into(),
            frozen: today.into(),
            harness: env!("CARGO_PKG_VERSION").into(),
            models: models(suite),
            cases: cases.map(frozen).collect(),
            withdrawn,
        }
    }

    /// Returns the cases of the set, sorted by id.
    ///
    /// # Errors
    /// A case is gone or asks something else than it did, and the set does not withdraw it; one it
    /// withdraws is listed all the same. All of them are told, each with its line.
    pub fn choose(
        &self,
        suite: &Suite,
        files: &Files,
    ) -> Result<Vec<Arc<Scenario>>, RequirementsError> {
        let contents = Contents::of(suite, files);
        let mut mistakes = Vec::new();
        let mut chosen = Vec::new();
        let known: BTreeMap<&str, &Arc<Scenario>> =
            suite.cases.iter().map(|case| (case.id.as_str(), case)).collect();
        for (id, Frozen { line, digest }) in &self.cases {
            let way_out = "put it back as it was, or name it under `withdrawn` with the reason";
            let cause = match known.get(id.as_str()) {
                _ if self.withdrawn.contains_key(id) => "is withdrawn, and listed too".to_owned(),
                None => format!("is gone; {way_out}"),
                Some(case) if contents.digest(case) != *digest => {
                    format!("asks something else than when it was frozen; {way_out}")
                }
                Some(case) => {
                    chosen.push((*case).clone());
                    continue;
                }
            };
            mistakes.push(format!("{}:{line}: case `{id}` {cause}", self.file));
        }
        if mistakes.is_empty() { Ok(chosen) } else { Err(RequirementsError::Mistakes(mistakes)) }
    }

    /// Returns in what the contract differs from the one the set was frozen with, in a sentence.
    pub fn other_models(&self, suite: &Suite) -> Option<String> {
        let words = |models: &BTreeMap<String, String>| {
            let words = models.iter().map(|(id, revision)| format!("{id} {revision}"));
            words.collect::<Vec<_>>().join(" and ")
        };
        let now = models(suite);
        (now != self.models).then(|| {
            format!(
                "requirement set {} was frozen with the models {}, these are {}: what answers have \
                 to look like may differ",
                self.name,
                words(&self.models),
                words(&now),
            )
        })
    }

    /// Returns the set as YAML: sorted, the same for the same set.
    pub fn text(&self) -> String {
        let Self { name, frozen, harness, models, cases, withdrawn, .. } = self;
        let mut text = format!(
            "# Requirement set {name}: the cases that a claim about it is about, each with a digest \
             of what\n\
             # it asks. Written by `cognito-conformance requirements freeze {name}`; played by `run \
             --profile {name}`.\n\
             # A case that turns out wrong goes from `cases` to `withdrawn`, with the reason.\n\
             name: {name:?}\n\
             frozen: {frozen:?}\n\
             harness: {harness:?}\n"
        );
        let mut section = |key: &str, pairs: Vec<(&String, &String)>| {
            let _ = writeln!(text, "{key}:");
            for (name, value) in pairs {
                let _ = writeln!(text, "  {name}: {}", Value::from(value.as_str()));
            }
        };
        section("models", models.iter().collect());
        if !withdrawn.is_empty() {
            section("withdrawn", withdrawn.iter().collect());
        }
        section("cases", cases.iter().map(|(id, frozen)| (id, &frozen.digest)).collect());
        text
    }
}

/// Returns the file of a set in a folder.
///
/// # Errors
/// The name would lead elsewhere, or reads as something else.
pub fn path(folder: &Path, name: &str) -> Result<PathBuf, RequirementsError> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    let good = name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.chars().all(plain)
        && !name.ends_with(".yaml");
    if good {
        return Ok(folder.join(format!("{name}.yaml")));
    }
    let cause = format!("`{name}` is no name of a requirement set, such as `2026-11`");
    Err(RequirementsError::Unknown(cause))
}

fn models(suite: &Suite) -> BTreeMap<String, String> {
    let services = suite.catalogue.services.values();
    services.map(|s| (s.info.id.clone(), s.info.model_revision.clone())).collect()
}

/// Members of a file that tell a reader about it, and ask nothing.
const ASIDE: [&str; 4] = ["title", "why", "source", "note"];

/// What cases ask, for digests.
struct Contents<'a> {
    suite: &'a Suite,
    files: &'a Files,
    set_ups: BTreeMap<&'a str, Value>,
}

impl<'a> Contents<'a> {
    fn of(suite: &'a Suite, files: &'a Files) -> Self {
        let set_ups = files.iter().filter_map(|(path, text)| {
            let name = path.strip_prefix("setup/")?.strip_suffix(".yaml")?;
            Some((name, content(text)))
        });
        Self { suite, files, set_ups: set_ups.collect() }
    }

    /// Returns a digest of what a case asks: its file and those of its set-ups without comments,
    /// titles and reasons, and what the rules promise that it expects.
    fn digest(&self, case: &Scenario) -> String {
        let own = self.files.get(&case.path).map(|text| content(text));
        let set_ups = case.setup.iter().map(|(set_up, overlay)| {
            json!([set_up.name, self.set_ups.get(set_up.name.as_str()), overlay.value()])
        });
        let set_ups: Vec<Value> = set_ups.collect();
        let rules = case.rules.iter().map(|id| (id.clone(), promise(self.suite, id)));
        let rules: Map<String, Value> = rules.collect();
        let all = json!({ "case": own, "set-ups": set_ups, "rules": rules });
        let digest = digest::digest(&digest::SHA256, sorted(&all).to_string().as_bytes());
        digest.as_ref()[..8].iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// Returns what a file of a case or set-up asks.
fn content(text: &str) -> Value {
    let mut value = serde_saphyr::from_str::<Node>(text).unwrap_or_default().value();
    without_asides(&mut value);
    if let Some(Value::Array(steps)) = value.get_mut("steps") {
        steps.iter_mut().for_each(without_asides);
    }
    value
}

fn without_asides(value: &mut Value) {
    if let Value::Object(members) = value {
        members.retain(|name, _| !ASIDE.contains(&name.as_str()));
    }
}

/// Returns what a rule promises, and how well that is supported.
fn promise(suite: &Suite, id: &str) -> Value {
    let Some(rule) = suite.catalogue.rules.get(id) else { return Value::Null };
    json!({
        "error": rule.error,
        "or_error": rule.or_error,
        "message": rule.message,
        "match": format!("{:?}", rule.matching),
        "effect": rule.effect,
        "level": rule.level,
        "evidence": rule.evidence,
        "message_evidence": rule.message_evidence,
        "message_seen": rule.message_seen,
    })
}

/// Returns a value whose members are in the order of their names.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(sorted).collect(),
        Value::Object(members) => {
            let members: BTreeMap<&String, Value> =
                members.iter().map(|(name, value)| (name, sorted(value))).collect();
            Value::Object(members.into_iter().map(|(name, value)| (name.clone(), value)).collect())
        }
        scalar => scalar.clone(),
    }
}
