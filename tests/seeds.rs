//! The documents this project was asked for, held against the catalogue.
//!
//! They lie beside the repository, not in it; where they are missing the tests say so and pass.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use cognito_conformance::catalogue::import::{self, Model};
use cognito_conformance::catalogue::{Catalogue, Schema, Service, Source};

/// Swagger documents and how many operations each names.
const SWAGGER: &[(&str, usize)] = &[("000", 20), ("001", 6), ("002", 19), ("004", 66)];
/// A saved reference page about AdminUpdateUserAttributes.
const PAGE: &str = "003";

/// Where the page and the catalogue differ, and why the catalogue is right.
const ACCEPTED: &[(&str, &str)] = &[
    (
        "error OperationNotEnabledException",
        "declared since the models of 2026; the page is of 2023",
    ),
    ("Name pattern", "newer models also allow tab, line breaks and the space"),
];

fn seed(number: &str) -> Option<PathBuf> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/seeds");
    let entries = std::fs::read_dir(&folder).ok();
    let paths = entries.into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path()));
    let mut named = paths.filter(|path| {
        path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(number))
    });
    let found = named.next();
    if found.is_none() {
        eprintln!("skipped: no document {number} in ../shared/seeds");
    }
    found
}

fn swagger(number: &str) -> Option<Model> {
    let path = seed(number)?;
    Some(import::read(&path, "seed").unwrap_or_else(|error| panic!("{error}")))
}

fn catalogue() -> Catalogue {
    Catalogue::load(&Source::Embedded).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn the_swagger_documents_import() {
    for (number, operations) in SWAGGER {
        let Some(model) = swagger(number) else { continue };
        assert_eq!(model.operations.len(), *operations, "document {number}");
        assert_eq!(swagger(number), Some(model), "document {number} imports the same twice");
    }
}

#[test]
fn every_operation_they_name_is_in_the_catalogue() {
    let catalogue = catalogue();
    for (number, _) in SWAGGER {
        for name in swagger(number).iter().flat_map(|model| model.operations.keys()) {
            let (service, _) = catalogue.operation(name).unwrap_or_else(|| {
                panic!("document {number}: {}", catalogue.unknown_operation(name))
            });
            let expected =
                if name == "CreateIdentityPool" { "cognito-identity" } else { "cognito-idp" };
            assert_eq!(service.info.id, expected, "{name}");
        }
    }
}

#[test]
fn every_member_they_name_is_in_the_catalogue() {
    let catalogue = catalogue();
    let mut strangers = Vec::new();
    for (number, _) in SWAGGER {
        for operation in swagger(number).iter().flat_map(|model| model.operations.values()) {
            let (_, ours) = catalogue.operation(&operation.name).expect("tested above");
            let members = operation.input.properties.iter().flatten().map(|(name, _)| name);
            let unknown = members.filter(|name| ours.input.member(name).is_none());
            strangers.extend(unknown.map(|name| format!("{number}: {}/{name}", operation.name)));
        }
    }
    assert!(strangers.is_empty(), "not in the catalogue: {strangers:#?}");
}

#[test]
fn the_page_agrees_with_the_catalogue() {
    let Some(path) = seed(PAGE) else { return };
    let text = std::fs::read_to_string(path).expect("the page is UTF-8");
    let catalogue = catalogue();
    let (service, operation) = catalogue.operation("AdminUpdateUserAttributes").expect("is there");
    let page = Page::read(&text);
    assert_eq!(page.errors.len(), 13);

    let mut found = BTreeSet::new();
    for error in page.errors.symmetric_difference(&operation.errors) {
        found.insert(format!("error {error}"));
    }
    // The page lists the members of UserAttributes' items right behind it.
    let attribute = service.shapes.get("AttributeType").expect("is there");
    let mut ours: BTreeMap<&str, (&Schema, bool)> = BTreeMap::new();
    for owner in [&operation.input, attribute] {
        for (name, member) in owner.properties.iter().flatten() {
            ours.insert(name, (member, owner.required.contains(name)));
        }
    }
    let names = |map: Vec<&str>| map.into_iter().map(str::to_owned).collect::<BTreeSet<_>>();
    let known = names(ours.keys().copied().collect());
    for name in
        known.symmetric_difference(&names(page.members.keys().map(String::as_str).collect()))
    {
        found.insert(format!("member {name}"));
    }
    for (name, theirs) in &page.members {
        let Some((member, required)) = ours.get(name.as_str()) else { continue };
        let mine = Member::of(service, member, *required);
        let parts = [
            ("required", mine.required == theirs.required),
            ("length", (mine.least, mine.most) == (theirs.least, theirs.most)),
            ("pattern", mine.pattern == theirs.pattern),
        ];
        found.extend(
            parts.iter().filter(|(_, same)| !same).map(|(what, _)| format!("{name} {what}")),
        );
    }
    let accepted = ACCEPTED.iter().map(|(what, _)| (*what).to_owned()).collect();
    assert_eq!(found, accepted, "differences between the page (left) and those accepted (right)");
}

/// What a page or the catalogue says of one member.
#[derive(Debug, Default, PartialEq)]
struct Member {
    required: bool,
    least: Option<u64>,
    most: Option<u64>,
    pattern: Option<String>,
}

impl Member {
    fn of(service: &Service, member: &Schema, required: bool) -> Self {
        let shape = service.resolve(member);
        Self {
            required,
            least: shape.min_length.filter(|least| *least > 0),
            most: shape.max_length,
            pattern: shape.model_pattern().map(str::to_owned),
        }
    }
}

struct Page {
    members: BTreeMap<String, Member>,
    errors: BTreeSet<String>,
}

impl Page {
    /// Reads the body parameters (name, type, `required` or `optional`, prose, limits) and errors.
    fn read(text: &str) -> Self {
        let mut page = Self { members: BTreeMap::new(), errors: BTreeSet::new() };
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        let body = lines.iter().position(|line| line.starts_with("Body Params")).expect("a body");
        let end = lines[body..].iter().position(|line| *line == "Examples").expect("an end") + body;
        let mut current: Option<String> = None;
        for index in body..end {
            let line = lines[index];
            if matches!(line, "required" | "optional") && index >= 2 {
                let name = lines[index - 2].to_owned();
                let member = Member { required: line == "required", ..Member::default() };
                page.members.insert(name.clone(), member);
                current = Some(name);
                continue;
            }
            let Some(member) = current.as_ref().and_then(|name| page.members.get_mut(name)) else {
                continue;
            };
            for (bound, slot) in [(">= ", &mut member.least), ("<= ", &mut member.most)] {
                if line.ends_with(" characters")
                    && let Some(at) = line.find(bound)
                {
                    let digits = line[at + bound.len()..].split(' ').next();
                    *slot = digits.and_then(|digits| digits.parse().ok());
                }
            }
            if lines[index - 1] == "Match pattern:" {
                member.pattern = Some(line.to_owned());
            }
        }
        let mut codes = lines.iter().filter_map(|line| {
            let code = line.trim_start_matches(|c: char| !c.is_ascii_alphabetic());
            (line.starts_with('🟠') && code.ends_with("Exception")).then(|| code.to_owned())
        });
        page.errors.extend(codes.by_ref());
        page
    }
}
