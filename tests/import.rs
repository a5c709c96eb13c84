//! What the importers make of well-formed models, and what they leave behind.

#[path = "support/models.rs"]
mod models;

use std::collections::BTreeMap;
use std::path::Path;

use cognito_conformance::catalogue::import::{self, Model};
use cognito_conformance::catalogue::{self, Auth, Catalogue, Source};
use serde_json::{Value, json};

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

fn import(name: &str, bytes: &[u8]) -> Model {
    let folder = folder();
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).expect("the file can be written");
    import::read(&path, "test").unwrap_or_else(|error| panic!("{error}"))
}

fn import_value(value: &Value) -> Model {
    import("model.json", value.to_string().as_bytes())
}

/// Every file under `root`, by path.
fn files(root: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut queue = vec![root.to_owned()];
    while let Some(folder) = queue.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                queue.push(path);
            } else {
                let text = std::fs::read_to_string(&path).expect("text");
                let name = path.strip_prefix(root).expect("inside").display().to_string();
                found.insert(name, text);
            }
        }
    }
    found
}

#[test]
fn botocore_and_smithy_say_the_same() {
    let (one, two) = (import_value(&models::botocore()), import_value(&models::smithy()));
    assert_eq!(
        catalogue::diff(&one.clone().into_catalogue(), &two.clone().into_catalogue()).to_string(),
        "no differences\n"
    );
    assert_eq!(one, two);
}

#[test]
fn facts_survive_and_orphans_do_not() {
    let model = import_value(&models::botocore());
    assert_eq!((model.id.as_str(), model.protocol.as_str()), ("shelf", "awsJson1_1"));
    assert_eq!(model.operations["DropBook"].auth, Auth::None);
    assert!(model.operations["DropBook"].output.is_none());
    assert_eq!(model.errors["BrokenException"].status, 500);
    assert_eq!(model.errors["NoBookException"].status, 400);
    assert_eq!(model.shapes["IdType"].model_pattern(), Some("[a-z]+"));
    assert!(!model.shapes.contains_key("OrphanType"));
}

#[test]
fn importing_twice_gives_no_diff() {
    let folder = folder();
    import::write(&import_value(&models::botocore()), folder.path()).expect("written");
    let first = files(folder.path());
    assert!(first.contains_key("shelf/operations/GetBook.json"));
    import::write(&import_value(&models::botocore()), folder.path()).expect("written");
    assert_eq!(first, files(folder.path()));
    assert!(!first.values().any(|text| text.contains("Prose")), "prose was kept");
}

#[test]
fn what_is_written_loads_again() {
    let folder = folder();
    let model = import_value(&models::botocore());
    import::write(&model, folder.path()).expect("written");
    let loaded = Catalogue::load(&Source::Folder(folder.path().into()))
        .unwrap_or_else(|error| panic!("{error}"));
    assert!(catalogue::diff(&model.into_catalogue(), &loaded).is_empty());
}

#[test]
fn common_errors_stay_and_gone_operations_go() {
    let folder = folder();
    let mut model = import_value(&models::botocore());
    import::write(&model, folder.path()).expect("written");
    let errors = folder.path().join("shelf/errors.json");
    let mut codes: Value =
        serde_json::from_str(&std::fs::read_to_string(&errors).expect("text")).expect("JSON");
    codes["ThrottlingException"] =
        json!({ "common": true, "evidence": "inferred", "fault": "client", "status": 400 });
    std::fs::write(&errors, codes.to_string()).expect("written");

    model.operations.remove("DropBook");
    import::write(&model, folder.path()).expect("written");
    let files = files(folder.path());
    assert!(files["shelf/errors.json"].contains("ThrottlingException"));
    assert!(!files.contains_key("shelf/operations/DropBook.json"));
}

#[test]
fn a_partial_model_does_not_replace_a_complete_one() {
    let folder = folder();
    let mut partial = import_value(&models::swagger());
    assert!(partial.is_partial());
    import::write(&partial, folder.path()).expect("nothing is there yet");
    import::write(&partial, folder.path()).expect("partial replaces partial");
    let source = Source::Folder(folder.path().into());
    let loaded = Catalogue::load(&source).unwrap_or_else(|error| panic!("{error}"));
    assert!(loaded.services["cognito-idp"].operations["GetBook"].input.required.contains("Id"));

    import::write(&import_value(&models::botocore()), folder.path()).expect("written");
    partial.id = "shelf".into();
    let refused = import::write(&partial, folder.path()).expect_err("is refused");
    assert!(refused.to_string().contains("holds a complete catalogue"), "{refused}");
}

#[test]
fn names_cannot_lead_out_of_the_folder() {
    for name in ["../up", "a/b", "", ".."] {
        let mut model = import_value(&models::botocore());
        model.id = name.into();
        let refused = import::write(&model, folder().path()).expect_err("is refused");
        assert!(refused.to_string().contains("cannot be the name of a file"), "{refused}");
    }
}

#[test]
fn gzip_and_yaml_are_recognised_by_content() {
    use std::io::Write;
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(models::botocore().to_string().as_bytes()).expect("packed");
    let packed = packed.finish().expect("packed");
    assert_eq!(import("whatever.bin", &packed), import_value(&models::botocore()));

    let yaml = "---\nswagger: \"2.0\"\ninfo: {version: 1.0.0}\npaths:\n  /?Action=GetBook:\n    get:\n      parameters:\n      - {in: query, name: Id, type: string, required: true}\n      responses:\n        200: {description: OK}\n---\n";
    assert_eq!(import("page.txt", yaml.as_bytes()), import_value(&models::swagger()));
}

#[test]
fn a_diff_names_each_change_and_its_place() {
    let old = import_value(&models::botocore()).into_catalogue();
    let mut value = models::botocore();
    value["operations"]["PutBook"] = value["operations"]["DropBook"].clone();
    value["operations"]["GetBook"]["errors"] = json!([{ "shape": "NoBookException" }]);
    value["shapes"]["KindType"]["enum"] = json!(["NOVEL", "COMIC"]);
    value["shapes"]["IdType"]["max"] = json!(10);
    value["shapes"]["Book"]["members"]["Title"] = json!({ "shape": "IdType" });
    value["shapes"]["Book"]["required"] = json!([]);
    let new = import_value(&value).into_catalogue();
    let expected = "\
shelf operations
  + operation PutBook
shelf operations/GetBook
  - error BrokenException
shelf shapes/Book
  + member Title
shelf shapes/Book/Kind
  ~ required: true -> false
shelf shapes/IdType
  ~ maxLength: 9 -> 10
shelf shapes/KindType
  - value ATLAS
  + value COMIC
3 added, 2 removed, 2 changed
";
    assert_eq!(catalogue::diff(&old, &new).to_string(), expected);
}
