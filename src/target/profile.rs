//! Target profiles: `targets/<name>.yaml`, how to start or reach a target and what it can do.
//!
//! Reads and expands them; starts and reaches nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use include_dir::{Dir, include_dir};
use regex::Regex;
use serde::Deserialize;

use super::Capability;
use crate::catalogue::{Catalogue, Source};

static EMBEDDED: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/targets");

/// Contents of `targets/<name>.yaml`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// Its name, which is also the file's.
    pub name: String,
    /// The version the profile was written for.
    #[serde(default)]
    pub version: Option<String>,
    /// What it is, in a line.
    #[serde(default)]
    pub about: Option<String>,
    /// Where it can be reached, when it is not started.
    #[serde(default)]
    pub url: Option<String>,
    /// How it is started.
    #[serde(default)]
    pub start: Option<Start>,
    /// Region that requests are signed for.
    #[serde(default = "default_region")]
    pub region: String,
    /// Service ids it offers.
    #[serde(default = "default_services")]
    pub services: BTreeSet<String>,
    /// What it can do beyond the API.
    #[serde(default)]
    pub capabilities: Capabilities,
    /// Operations it lacks, as the API spells them; of the identity pools where the two services
    /// share a name: `cognito-identity:TagResource`.
    #[serde(default)]
    pub unsupported: BTreeSet<String>,
    /// It answers an operation it lacks as it answers when it crashes: that answer says nothing,
    /// only the list of `unsupported` ones does.
    #[serde(default)]
    pub crash_looks_unsupported: bool,
    /// Most cases to run against it at a time.
    #[serde(default)]
    pub jobs: Option<usize>,
    /// Making a user pool costs it much (a key pair, say): cases that stay with their own users
    /// and clients share some. What fails in a shared pool is played again in one of its own.
    #[serde(default)]
    pub dear_pools: bool,
    /// How long its reads may lag behind its writes, in seconds; unbounded unless said.
    #[serde(default)]
    pub settle_secs: Option<u64>,
}

/// How a program that is a target is started.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Start {
    /// Program, found in `search`, else on the `PATH`.
    pub program: String,
    /// Arguments; `{port}`, `{dir}` and `{functions}` (the URL that speaks AWS Lambda's Invoke for
    /// the functions of cases) are filled in.
    #[serde(default)]
    pub args: Vec<String>,
    /// Environment beside `PATH`, `HOME` and `TMPDIR`; filled in like the arguments.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// Files to write, by path, into the fresh folder it is started in; filled in like the
    /// arguments.
    #[serde(default)]
    pub files: BTreeMap<PathBuf, String>,
    /// Folders the program is looked for in before the `PATH`; `~` and `${NAME:-default}` are
    /// filled in.
    #[serde(default)]
    pub search: Vec<String>,
    /// How to get it, shown when it is not there.
    #[serde(default)]
    pub install: Option<String>,
    /// How long it may take until it answers.
    #[serde(default = "default_ready_seconds")]
    pub ready_seconds: u64,
}

/// What a target can do beyond the API.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Capabilities {
    /// How confirmation codes are read.
    #[serde(default)]
    pub mailbox: Option<Mailbox>,
    /// Operations whose codes the mailbox shows; all of them unless said.
    #[serde(default)]
    pub codes_of: Option<BTreeSet<String>>,
    /// How its clock is moved.
    #[serde(default)]
    pub clock: Option<Clock>,
    /// It serves key sets.
    #[serde(default)]
    pub jwks: bool,
    /// It offers identity pools.
    #[serde(default)]
    pub identity_pools: bool,
    /// It understands `GET /?Action=…`.
    #[serde(default)]
    pub query_protocol: bool,
    /// Its Lambda triggers reach the harness.
    #[serde(default)]
    pub lambda: bool,
    /// Triggers it runs, as `LambdaConfig` spells them; all of them unless said.
    #[serde(default)]
    pub triggers: Option<BTreeSet<String>>,
    /// It has `/oauth2/…` endpoints.
    #[serde(default)]
    pub oauth_endpoints: bool,
    /// The address an import job gives is its own, and what is put there is imported.
    #[serde(default)]
    pub user_import: bool,
}

/// How confirmation codes are read.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub enum Mailbox {
    /// Every code is this one.
    Fixed(String),
    /// The log tells: a regular expression with `{username}` in it and a group called `code`.
    Log(String),
    /// An HTTP document lists the messages, newest last.
    Outbox(Outbox),
}

/// An HTTP document that lists messages, newest last.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outbox {
    /// Path and query; `{pool}` and `{username}` are filled in, percent-encoded.
    pub path: String,
    /// JSON pointer from one message to its code.
    pub code: String,
    /// JSON pointer from one message to its text, where it shows one.
    #[serde(default)]
    pub body: Option<String>,
    /// JSON pointer from one message to its subject line, where it shows one.
    #[serde(default)]
    pub subject: Option<String>,
}

/// How a target's clock is moved: `POST` of `{"advance_seconds": n}`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Clock {
    /// Path it is posted to.
    pub path: String,
}

impl Start {
    /// Returns every text in which `{port}` and `{dir}` are filled in.
    fn texts(&self) -> impl Iterator<Item = &String> {
        self.args.iter().chain(self.env.values()).chain(self.files.values())
    }
}

fn default_region() -> String {
    "us-east-1".into()
}

fn default_services() -> BTreeSet<String> {
    ["cognito-idp".to_owned()].into()
}

fn default_ready_seconds() -> u64 {
    30
}

/// A profile that cannot be used: where and why.
#[derive(Debug, thiserror::Error)]
#[error("{file}{place}: {cause}")]
pub struct ProfileError {
    /// The file.
    pub file: String,
    /// `:line:column`, or empty.
    pub place: String,
    /// What is wrong, with the near match where there is one.
    pub cause: String,
}

impl Profile {
    /// Returns the names of all profiles, sorted.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn names(source: &Source) -> Result<Vec<String>, ProfileError> {
        Ok(texts(source)?.into_keys().collect())
    }

    /// Loads the profile called `name`.
    ///
    /// # Errors
    /// There is none (the near match is suggested), or it cannot be read.
    pub fn load(source: &Source, name: &str) -> Result<Self, ProfileError> {
        let texts = texts(source)?;
        let Some((file, text)) = texts.get(name) else {
            let known = texts.keys().map(String::as_str);
            let mut cause = crate::near::unknown("target profile", name, known.clone());
            if !cause.contains("did you mean") {
                cause.push_str(&format!("; there are {}", known.collect::<Vec<_>>().join(", ")));
            }
            let file = folder_name(source);
            return Err(ProfileError { file, place: String::new(), cause });
        };
        Self::parse(file, text)
    }

    /// Reads a profile from YAML; `file` is only for error messages and the name's check.
    ///
    /// # Errors
    /// The text is no profile, or contradicts itself.
    pub fn parse(file: &str, text: &str) -> Result<Self, ProfileError> {
        let profile: Self = serde_saphyr::from_str(text).map_err(|e| parse_error(file, &e))?;
        profile.check(Path::new(file)).map_err(|(key, cause)| {
            let place = line_with(text, |line| line.trim_start().starts_with(key));
            ProfileError { file: file.into(), place, cause }
        })?;
        Ok(profile)
    }

    /// Checks that every operation and service a profile names is one of the contract.
    ///
    /// # Errors
    /// One is not; the near match is suggested.
    pub fn verify(&self, source: &Source, catalogue: &Catalogue) -> Result<(), ProfileError> {
        let services = || catalogue.services.keys().map(String::as_str);
        let service = self.services.iter().find(|name| !catalogue.services.contains_key(*name));
        let operation = self.unsupported.iter().find(|name| catalogue.operation(name).is_none());
        let (name, cause) = match (service, operation) {
            (Some(name), _) => (name, crate::near::unknown("service", name, services())),
            (None, Some(name)) => (name, catalogue.unknown_operation(name)),
            (None, None) => return Ok(()),
        };
        let texts = texts(source)?;
        let (file, text) = texts.get(&self.name).cloned().unwrap_or_default();
        Err(ProfileError { file, place: line_with(&text, |line| line.contains(name)), cause })
    }

    /// Returns the capabilities as a set.
    pub fn capability_set(&self) -> BTreeSet<Capability> {
        let has = &self.capabilities;
        let all = [
            (has.mailbox.is_some(), Capability::Mailbox),
            (has.clock.is_some(), Capability::Clock),
            (has.identity_pools, Capability::IdentityPools),
            (has.jwks, Capability::Jwks),
            (has.query_protocol, Capability::QueryProtocol),
            (has.lambda, Capability::Lambda),
            (has.oauth_endpoints, Capability::OauthEndpoints),
            (has.user_import, Capability::UserImport),
        ];
        all.into_iter().filter(|(there, _)| *there).map(|(_, capability)| capability).collect()
    }

    /// Tells whether the profile lists an operation as lacking.
    pub fn lacks(&self, service: &str, operation: &str) -> bool {
        let shared = service == "cognito-identity";
        (!shared && self.unsupported.contains(operation))
            || self
                .unsupported
                .iter()
                .any(|name| name.split_once(':') == Some((service, operation)))
    }

    /// Returns the key at fault and what is wrong with it, if anything is.
    fn check(&self, file: &Path) -> Result<(), (&'static str, String)> {
        let stem = file.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        if self.name != stem {
            return Err(("name:", format!("the name is `{}`, but the file `{stem}`", self.name)));
        }
        if self.url.is_some() && self.start.is_some() {
            return Err(("url:", "both `url` and `start`".into()));
        }
        if let Some(url) = &self.url {
            super::http::parse_base(url).map_err(|e| ("url:", e.to_string()))?;
        }
        if self.jobs == Some(0) {
            return Err(("jobs:", "no case at a time is none at all".into()));
        }
        if self.start.as_ref().is_some_and(|start| !start.texts().any(|t| t.contains("{port}"))) {
            let cause = "the program is not told the port: no `{port}` in `args`, `env` or `files`";
            return Err(("start:", cause.into()));
        }
        for path in self.start.iter().flat_map(|start| start.files.keys()) {
            let plain = path.components().all(|c| matches!(c, std::path::Component::Normal(_)));
            if !plain {
                let cause = format!("`{}` leads out of the folder", path.display());
                return Err(("files:", cause));
            }
        }
        let Some(Mailbox::Log(pattern)) = &self.capabilities.mailbox else { return Ok(()) };
        let regex = log_pattern(pattern, "x").map_err(|e| ("log:", e.to_string()))?;
        if !pattern.contains("{username}") || !regex.capture_names().any(|n| n == Some("code")) {
            return Err(("log:", "the pattern needs `{username}` and a group `(?<code>…)`".into()));
        }
        Ok(())
    }
}

/// Returns the pattern of a `log` mailbox for one user.
pub(crate) fn log_pattern(pattern: &str, username: &str) -> Result<Regex, regex::Error> {
    Regex::new(&pattern.replace("{username}", &regex::escape(username)))
}

/// Fills in a leading `~`, `${NAME}` and `${NAME:-default}` (which may nest a `~`).
///
/// A variable that is not set and has no default becomes empty.
pub(crate) fn expand(text: &str, variable: &dyn Fn(&str) -> Option<String>) -> String {
    if let Some(rest) = text.strip_prefix('~') {
        let home = variable("HOME").unwrap_or_default();
        return home + &expand(rest, variable);
    }
    let Some(start) = text.find("${") else { return text.to_owned() };
    let Some(length) = text[start..].find('}') else { return text.to_owned() };
    let (name, default) = {
        let inner = &text[start + 2..start + length];
        inner.split_once(":-").unwrap_or((inner, ""))
    };
    let value = variable(name).filter(|value| !value.is_empty());
    let value = value.unwrap_or_else(|| expand(default, variable));
    format!("{}{value}{}", &text[..start], expand(&text[start + length + 1..], variable))
}

/// Profile texts by name, each with its file's name.
fn texts(source: &Source) -> Result<BTreeMap<String, (String, String)>, ProfileError> {
    let mut texts = BTreeMap::new();
    let mut put = |path: &Path, text: String| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        // `<name>.known.yaml` lists known failures.
        let stem = name.strip_suffix(".yaml").filter(|stem| !stem.contains('.'));
        if let Some(stem) = stem {
            texts.insert(stem.to_owned(), (path.to_string_lossy().into_owned(), text));
        }
    };
    match source {
        Source::Embedded => {
            for file in EMBEDDED.files() {
                let text = file.contents_utf8().unwrap_or_default();
                put(&Path::new("targets").join(file.path()), text.to_owned());
            }
        }
        Source::Folder(folder) => {
            let fail = |path: &Path, e: std::io::Error| ProfileError {
                file: path.display().to_string(),
                place: String::new(),
                cause: e.to_string(),
            };
            for entry in std::fs::read_dir(folder).map_err(|e| fail(folder, e))? {
                let path = entry.map_err(|e| fail(folder, e))?.path();
                if path.extension().is_some_and(|extension| extension == "yaml") {
                    let text = std::fs::read_to_string(&path).map_err(|e| fail(&path, e))?;
                    put(&path, text);
                }
            }
        }
    }
    Ok(texts)
}

fn folder_name(source: &Source) -> String {
    match source {
        Source::Embedded => "targets".into(),
        Source::Folder(folder) => folder.display().to_string(),
    }
}

/// Returns the place of the first line that fits, as `:line`; empty when none does.
fn line_with(text: &str, fits: impl Fn(&str) -> bool) -> String {
    let line = text.lines().position(fits);
    line.map(|line| format!(":{}", line + 1)).unwrap_or_default()
}

fn parse_error(file: &str, error: &serde_saphyr::Error) -> ProfileError {
    use serde_saphyr::Error;
    let place = error.location().map(|at| format!(":{}:{}", at.line(), at.column()));
    let cause = match error.without_snippet() {
        Error::SerdeUnknownField { field, expected, .. } => unknown("key", field, expected),
        Error::SerdeUnknownVariant { variant, expected, .. } => unknown("kind", variant, expected),
        other => other.to_string(),
    };
    ProfileError { file: file.into(), place: place.unwrap_or_default(), cause }
}

fn unknown(kind: &str, name: &str, expected: &[&str]) -> String {
    let text = crate::near::unknown(kind, name, expected.iter().copied());
    if text.contains("did you mean") {
        return text;
    }
    format!("{text}; possible are {}", expected.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, place: &str, part: &str) {
        let error = Profile::parse("targets/mine.yaml", text).unwrap_err().to_string();
        assert!(error.starts_with(&format!("targets/mine.yaml{place}")), "{error}");
        assert!(error.contains(part), "{error}");
    }

    #[test]
    fn mistakes_are_told_with_their_place() {
        check("name: mine\nverison: 1\n", ":2:1", "did you mean `version`?");
        check("name: other\n", ":1: ", "the name is `other`");
        check("name: mine\nurl: ftp://x\n", ":2: ", "the scheme is `ftp`");
        check("name: mine\njobs: many\n", ":2:7", "");
        check("name: mine\ncapabilities:\n  jwsk: true\n", ":3:3", "did you mean `jwks`?");
        let log = "name: mine\ncapabilities:\n  mailbox:\n    log: 'code (\\d+)'\n";
        check(log, ":4: ", "needs `{username}`");
        let outside = "name: mine\nstart:\n  program: x\n  files: {../x: '{port}'}\n";
        check(outside, ":4: ", "leads out");
        check("name: mine\nurl: http://x\nstart: {program: x}\n", ":2: ", "both");
        check("name: mine\nstart: {program: x}\n", ":2: ", "is not told the port");
        check("name: mine\njobs: 0\n", ":2: ", "none at all");
        check("[", ":", "");
    }

    #[test]
    fn an_unknown_profile_gets_the_near_match() {
        let error = Profile::load(&Source::Embedded, "motto").unwrap_err().to_string();
        assert_eq!(error, "targets: unknown target profile `motto`, did you mean `moto`?");
        let error = Profile::load(&Source::Embedded, "zzz").unwrap_err().to_string();
        assert!(error.contains("there are cognito-local, cognitox"), "{error}");
    }

    #[test]
    fn variables_and_home_are_filled_in() {
        let set = |name: &str| match name {
            "HOME" => Some("/home/me".to_owned()),
            "SET" => Some("/set".to_owned()),
            _ => None,
        };
        for (text, expected) in [
            ("~/bin", "/home/me/bin"),
            ("${SET:-~/x}/bin", "/set/bin"),
            ("${UNSET:-~/x}/bin", "/home/me/x/bin"),
            ("${UNSET}/bin", "/bin"),
            ("/plain", "/plain"),
            ("${open", "${open"),
        ] {
            assert_eq!(expand(text, &set), expected);
        }
    }
}
