//! Lists of known failures and frozen requirement sets as a user meets them, on the reference with
//! and without a fault.

use std::path::PathBuf;
use std::process::Command;

use cognito_conformance::outcome::{KnownStanding, Run};
use cognito_conformance::report::json;
use tempfile::TempDir;

/// A small run that finds something: the coverage of one operation on a broken reference.
const BROKEN: [&str; 9] = [
    "run",
    "--phase=coverage",
    "--operation=AdminGetUser",
    "--fault=enabled-is-always-true",
    "--seed=7",
    "--no-sdk",
    "--jobs=2",
    "--failures=none",
    "when-user-disabled",
];

/// The same run on the reference as it should be.
fn sound() -> Vec<&'static str> {
    BROKEN.into_iter().filter(|word| !word.starts_with("--fault")).collect()
}

struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary folder"))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).expect("writable");
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).expect("readable")
    }

    /// Runs the binary in the folder and checks its exit code and parts of what it prints, on
    /// either stream, white space aside.
    #[track_caller]
    fn check(&self, arguments: &[&str], code: i32, parts: &[&str]) -> String {
        let output = Command::new(env!("CARGO_BIN_EXE_cognito-conformance"))
            .args(arguments)
            .env_remove("NO_COLOR")
            .current_dir(self.0.path())
            .output()
            .expect("the binary runs");
        let text = [output.stdout, output.stderr].map(|s| String::from_utf8_lossy(&s).into_owned());
        let text = text.concat();
        assert_eq!(output.status.code(), Some(code), "{text}");
        let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        for part in parts {
            assert!(words(&text).contains(&words(part)), "{part:?} is not in:\n{text}");
        }
        text
    }

    /// Lists what the broken run finds, in `list.yaml`; the report is `broken.json`.
    fn listed(&self) -> Self {
        let run = [&BROKEN[..], &["--report-json=broken.json"]].concat();
        self.check(&run, 1, &["divergent"]);
        let update = ["known", "update", "--from=broken.json", "--out=list.yaml"];
        self.check(&update, 0, &["added", "list.yaml is written"]);
        Self::new()
    }
}

#[track_caller]
fn with<'a>(run: &[&'a str], more: &[&'a str]) -> Vec<&'a str> {
    [run, more].concat()
}

#[test]
fn x() {
    let folder = Folder::new();
    folder.listed();
    eprintln!("{}", folder.read("list.yaml"));
    let t = folder.check(
        &with(
            &BROKEN,
            &["--known=list.yaml", "--report-json=known.json", "--report-junit=j.xml", "-v"],
        ),
        0,
        &[],
    );
    eprintln!("{t}");
    eprintln!("{}", folder.read("j.xml"));
    let t = folder.check(&with(&sound(), &["--known=list.yaml"]), 1, &[]);
    eprintln!("{t}");
    let run: Run = json::read(&folder.path("known.json")).expect("a run");
    let _ = KnownStanding::Fixed;
    let _ = run;
}
