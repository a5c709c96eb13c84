//! `survey` as a user meets it, over servers of the reference in place of emulators.

use std::path::Path;
use std::process::Command;

const BINARY: &str = env!("CARGO_BIN_EXE_cognito-conformance");

/// Writes a profile that starts the reference, with a fault or without.
fn profile(folder: &Path, name: &str, program: &str, fault: &str) {
    let more = if fault.is_empty() { String::new() } else { format!(", --fault, {fault}") };
    let text = format!(
        "name: {name}\nversion: 1.0.0\nstart:\n  program: {program}\n  args: [serve, --port, \"{{port}}\"{more}]\n"
    );
    std::fs::write(folder.join(format!("{name}.yaml")), text).expect("writable");
}

fn survey(folder: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let output = Command::new(BINARY)
        .args(["--targets", "targets", "survey"])
        .args(arguments)
        .current_dir(folder)
        .output()
        .expect("the binary runs");
    let text = [output.stdout, output.stderr].map(|s| String::from_utf8_lossy(&s).into_owned());
    (output.status.code(), text.concat())
}

#[test]
fn installed_targets_are_compared_and_the_others_told() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let targets = folder.path().join("targets");
    std::fs::create_dir(&targets).expect("writable");
    profile(&targets, "absent", "cognito-nowhere", "");
    profile(&targets, "broken", BINARY, "group-create-overwrites");
    profile(&targets, "sound", BINARY, "");
    let document = folder.path().join("README.md");
    std::fs::write(
        &document,
        "Before `<!-- survey -->`.\n<!-- survey -->\nold\n<!-- /survey -->\nAfter.\n",
    )
    .expect("writable");
    let flags = ["--", "--phase", "scenarios", "--operation", "CreateGroup", "--seed", "1"];
    let (code, text) = survey(folder.path(), &[&["--into", "README.md"], &flags[..]].concat());
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("left out: absent: `cognito-nowhere` is neither"), "{text}");
    let readme = std::fs::read_to_string(&document).expect("still there");
    assert!(
        readme.starts_with("Before `<!-- survey -->`.\n<!-- survey -->\n\n### 2 targets, "),
        "{readme}"
    );
    assert!(readme.ends_with("<!-- /survey -->\nAfter.\n") && !readme.contains("old"), "{readme}");
    for part in ["broken 1.0.0: seed 1, ", "; divergent: ", "sound 1.0.0: seed 1, ", "; conformant"]
    {
        assert!(readme.contains(part), "{part:?} is not in:\n{readme}");
    }
    let written = std::fs::read_to_string(folder.path().join("survey/survey.md"));
    assert!(written.is_ok_and(|text| text.contains("Fails on broken only")));
    // A target that went away since is not told by its old report.
    profile(&targets, "broken", "cognito-nowhere", "");
    let (code, text) = survey(folder.path(), &flags);
    assert_eq!(code, Some(0), "{text}");
    assert!(
        text.contains("left out: broken: ") && !folder.path().join("survey/broken.json").exists()
    );
    profile(&targets, "broken", BINARY, "group-create-overwrites");
    // Again: the same tables in the same place.
    let (code, _) = survey(folder.path(), &[&["--into", "README.md"], &flags[..]].concat());
    assert_eq!(code, Some(0));
    assert_eq!(std::fs::read_to_string(&document).expect("still there"), readme);
}

#[test]
fn what_cannot_be_surveyed_is_told_before_anything_is_played() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let targets = folder.path().join("targets");
    std::fs::create_dir(&targets).expect("writable");
    profile(&targets, "absent", "cognito-nowhere", "");
    std::fs::write(folder.path().join("plain.md"), "No place.\n").expect("writable");
    for (arguments, part) in [
        (vec![], "no target could be played"),
        (vec!["absemt"], "did you mean `absent`?"),
        (vec!["--into", "plain.md"], "`plain.md`: no line `<!-- survey -->`"),
        (vec!["--into", "none.md"], "`none.md`: "),
        (vec!["--", "--tarket", "moto"], "unexpected argument '--tarket'"),
        (vec!["--", "--target", "moto"], "--target, --as and reports are not for every target"),
        (vec!["--", "--list"], "--list, --target"),
    ] {
        let (code, text) = survey(folder.path(), &arguments);
        assert_eq!(code, Some(2), "{arguments:?}: {text}");
        assert!(text.contains(part), "{arguments:?}: {text}");
    }
}
