//! Models with one mistake each: an error with file, place and cause, never a panic.

#[path = "support/models.rs"]
mod models;

use std::io::Write;

use cognito_conformance::catalogue::import;
use serde_json::{Value, json};

/// Returns the error of importing `bytes`, with the folder taken out.
fn fail(bytes: &[u8]) -> String {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("model");
    std::fs::write(&path, bytes).expect("the file can be written");
    let error = import::read(&path, "test").expect_err("a malformed model is refused");
    error.to_string().replace(&format!("{}/", folder.path().display()), "")
}

#[track_caller]
fn check_bytes(bytes: &[u8], expected: &str) {
    let error = fail(bytes);
    assert!(error.starts_with(expected), "expected: {expected}\n     got: {error}");
}

/// Imports `model` with the value at `pointer` replaced (or added); `Null` removes it.
#[track_caller]
fn check(mut model: Value, pointer: &str, value: Value, expected: &str) {
    let (parent, key) = pointer.rsplit_once('/').expect("a pointer");
    let place = model.pointer_mut(parent).expect("the place exists");
    let key = key.replace("~1", "/");
    match place {
        Value::Object(members) if value.is_null() => {
            members.remove(&key);
        }
        Value::Object(members) => {
            members.insert(key, value);
        }
        other => other[key.parse::<usize>().expect("an index")] = value,
    }
    check_bytes(model.to_string().as_bytes(), expected);
}

#[track_caller]
fn botocore(pointer: &str, value: Value, expected: &str) {
    check(models::botocore(), pointer, value, expected);
}

#[track_caller]
fn smithy(pointer: &str, value: Value, expected: &str) {
    check(models::smithy(), pointer, value, expected);
}

#[track_caller]
fn swagger(pointer: &str, value: Value, expected: &str) {
    check(models::swagger(), pointer, value, expected);
}

fn gzip(parts: impl IntoIterator<Item = Vec<u8>>) -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    parts.into_iter().for_each(|part| packed.write_all(&part).expect("packed"));
    packed.finish().expect("packed")
}

#[test]
fn files_that_are_no_model() {
    check_bytes(b"", "model#: the file is empty");
    check_bytes(b"---\n", "model#: the file is empty");
    check_bytes(b"{", "model#: not JSON: EOF while parsing");
    check_bytes(b"{}", "model#: neither a botocore service model, a Smithy JSON AST nor");
    check_bytes(b"[]", "model#: neither a botocore");
    check_bytes(b"some words", "model#: neither a botocore");
    check_bytes(&[0xff, 0xfe, 0x00], "model#: not UTF-8");
    check_bytes("[".repeat(100_000).as_bytes(), "model#: not JSON: recursion limit exceeded");
    check_bytes("- ".repeat(100_000).as_bytes(), "model#: neither JSON nor YAML");
    let mut laughs = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for n in 1..12 {
        let again = format!("*a{}, ", n - 1).repeat(10);
        laughs.push_str(&format!("a{n}: &a{n} [{again}]\n"));
    }
    check_bytes(laughs.as_bytes(), "model#: neither JSON nor YAML");
    let missing = import::read("no/such/model".as_ref(), "test").expect_err("is not there");
    assert!(missing.to_string().starts_with("no/such/model#: "), "{missing}");
}

#[test]
fn gzip_that_does_not_unpack() {
    let whole = gzip([models::botocore().to_string().into_bytes()]);
    check_bytes(&whole[..whole.len() / 2], "model#: cannot unpack gzip: ");
    check_bytes(&whole[..3], "model#: cannot unpack gzip: ");
    let bomb = gzip((0..33).map(|_| vec![b' '; 1024 * 1024]));
    check_bytes(&bomb, "model#: cannot unpack gzip: larger than 33554432 bytes");
}

#[test]
fn botocore_with_wrong_json_types() {
    botocore("/metadata", json!([]), "model#/metadata: expected an object");
    botocore("/metadata", Value::Null, "model#: `metadata` is missing");
    botocore("/metadata/targetPrefix", json!(1), "model#/metadata/targetPrefix: expected a string");
    botocore(
        "/metadata/protocol",
        json!("rest-xml"),
        "model#/metadata/protocol: protocol `rest-xml`",
    );
    botocore("/operations", json!("x"), "model#/operations: expected an object");
    botocore("/operations/GetBook", json!(7), "model#/operations/GetBook: expected");
    botocore(
        "/operations/GetBook/errors",
        json!({}),
        "model#/operations/GetBook/errors: expected a list",
    );
    botocore(
        "/operations/GetBook/authtype",
        json!(0),
        "model#/operations/GetBook/authtype: expected a string",
    );
    botocore("/shapes", json!([]), "model#/shapes: expected an object");
    botocore(
        "/shapes/IdType",
        json!(null),
        "model#/shapes/GetBookRequest/members/Id/shape: unknown shape `IdType`",
    );
    botocore("/shapes/IdType/type", json!(null), "model#/shapes/IdType: `type` is missing");
    botocore("/shapes/IdType/min", json!(-1), "model#/shapes/IdType/min: expected a whole number");
    botocore("/shapes/IdType/max", json!("9"), "model#/shapes/IdType/max: expected a whole number");
    botocore(
        "/shapes/IdType/sensitive",
        json!("yes"),
        "model#/shapes/IdType/sensitive: expected true or false",
    );
    botocore("/shapes/IdType/pattern", json!("[a"), "model#/shapes/IdType/pattern: not a pattern");
    botocore(
        "/shapes/KindType/enum",
        json!("NOVEL"),
        "model#/shapes/KindType/enum: expected a list",
    );
    botocore(
        "/shapes/KindType/enum/1",
        json!(2),
        "model#/shapes/KindType/enum/1: expected a string",
    );
    botocore("/shapes/Book/members", json!([]), "model#/shapes/Book/members: expected an object");
    botocore(
        "/shapes/Book/required/0",
        json!("Knd"),
        "model#/shapes/Book/required/0: unknown member `Knd`, did you mean `Kind`?",
    );
    botocore(
        "/shapes/BrokenException/fault",
        json!(1),
        "model#/shapes/BrokenException/fault: expected true",
    );
}

#[test]
fn botocore_shapes_that_do_not_hold_together() {
    botocore(
        "/operations/GetBook/input/shape",
        json!("GetBokRequest"),
        "model#/operations/GetBook/input/shape: unknown shape `GetBokRequest`, did you mean `GetBookRequest`?",
    );
    botocore(
        "/operations/GetBook/output/shape",
        json!("IdType"),
        "model#/operations/GetBook/output/shape: not a structure",
    );
    botocore(
        "/operations/GetBook/errors/0/shape",
        json!("Book"),
        "model#/operations/GetBook/errors/0/shape: not an exception",
    );
    botocore(
        "/shapes/BooksType/member/shape",
        json!("Gone"),
        "model#/shapes/BooksType/member/shape: unknown shape `Gone`",
    );
    botocore(
        "/shapes/IdType/type",
        json!("strng"),
        "model#/shapes/IdType/type: unknown shape type `strng`",
    );
    botocore(
        "/shapes/Book/members/Kind/shape",
        json!("Book"),
        "model#/shapes/Book: no value can end: Book requires Book",
    );
    botocore(
        "/shapes/BooksType/member/shape",
        json!("BooksType"),
        "model#/shapes/BooksType: no value can end",
    );
}

#[test]
fn smithy_with_one_mistake() {
    let at = |rest: &str| format!("model#/shapes/test.shelf#{rest}");
    smithy("/smithy", json!("3.0"), "model#/smithy: unknown Smithy version");
    smithy("/shapes", Value::Null, "model#: `shapes` is missing");
    smithy("/shapes/test.shelf#ShelfService", Value::Null, "model#/shapes: no service");
    smithy(
        "/shapes/test.shelf#Two",
        json!({ "type": "service" }),
        "model#/shapes: more than one service",
    );
    smithy(
        "/shapes/other#Book",
        json!({ "type": "string" }),
        &at("Book: same name as `other#Book`"),
    );
    smithy(
        "/shapes/test.shelf#IdType/type",
        json!("text"),
        &at("IdType/type: unknown shape type `text`"),
    );
    smithy("/shapes/test.shelf#IdType/type", json!(4), &at("IdType/type: expected a string"));
    smithy(
        "/shapes/test.shelf#IdType/mixins",
        json!([]),
        &at("IdType/mixins: mixins are not supported"),
    );
    smithy(
        "/shapes/test.shelf#IdType/traits/smithy.api#length/max",
        json!(0.5),
        &at("IdType/traits/smithy.api#length/max: expected a whole number"),
    );
    smithy(
        "/shapes/test.shelf#Book/members/Kind/target",
        json!("test.shelf#KindTyp"),
        &at(
            "Book/members/Kind/target: unknown shape `test.shelf#KindTyp`, did you mean `test.shelf#KindType`?",
        ),
    );
    smithy(
        "/shapes/test.shelf#Book/members/Kind/target",
        json!("smithy.api#Strong"),
        &at("Book/members/Kind/target: unknown prelude shape `Strong`"),
    );
    smithy(
        "/shapes/test.shelf#Book/members/Kind/target",
        json!("test.shelf#GetBook"),
        &at("Book/members/Kind/target: operation shapes cannot be members"),
    );
    smithy(
        "/shapes/test.shelf#Book/members/Kind/target",
        json!("test.shelf#Book"),
        &at("Book: no value can end: Book requires Book"),
    );
    smithy(
        "/shapes/test.shelf#GetBook/errors/0/target",
        json!("test.shelf#Book"),
        &at("GetBook/errors/0/target: not an error"),
    );
    smithy(
        "/shapes/test.shelf#GetBook/output/target",
        json!("test.shelf#IdType"),
        &at("GetBook/output/target: not a structure"),
    );
}

#[test]
fn swagger_with_one_mistake() {
    swagger("/swagger", json!("1.2"), "model#/swagger: unknown Swagger version");
    swagger("/paths", json!([]), "model#/paths: expected an object");
    swagger("/paths/~1pets", json!({}), "model#/paths/~1pets: the path names no `Action`");
    swagger(
        "/paths/~1?Action=GetBook/get/parameters",
        json!("x"),
        "model#/paths/~1?Action=GetBook/get/parameters: expected a list",
    );
    swagger(
        "/paths/~1?Action=GetBook/get/parameters/0/type",
        json!("strng"),
        "model#/paths/~1?Action=GetBook/get/parameters/0/type: unknown shape type `strng`",
    );
    swagger(
        "/paths/~1?Action=GetBook/get/parameters/0/name",
        json!(1),
        "model#/paths/~1?Action=GetBook/get/parameters/0/name: expected a string",
    );
    swagger(
        "/paths/~1?Action=GetBook/get/responses",
        Value::Null,
        "model#/paths/~1?Action=GetBook/get: `responses` is missing",
    );
    check_bytes(b"swagger: \"2.0\"\npaths: [\n", "model#: neither JSON nor YAML");
    check_bytes(b"a: 1\n---\nb: 2\n", "model#: more than one YAML document");
}

/// Damages each notation at random places; whatever comes of it, nothing panics.
#[test]
fn damaged_bytes_never_panic() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("model");
    // xorshift64: the same damage in every run.
    let mut state: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut draw = move |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % below as u64).expect("fits")
    };
    let yaml = "swagger: '2.0'\npaths:\n  /?Action=A:\n    get:\n      responses: {200: {}}\n";
    let samples = [
        models::botocore().to_string().into_bytes(),
        models::smithy().to_string().into_bytes(),
        models::swagger().to_string().into_bytes(),
        yaml.as_bytes().to_vec(),
        gzip([models::botocore().to_string().into_bytes()]),
    ];
    const BYTES: &[u8] = b"\"{}[]:,0-9.eE\\ntrue#/ \x00\xff";
    let mut refused = 0;
    for round in 0..1_000 {
        let mut bytes = samples[round % samples.len()].clone();
        for _ in 0..=draw(3) {
            let at = draw(bytes.len());
            match draw(3) {
                0 => bytes[at] = BYTES[draw(BYTES.len())],
                1 => bytes.insert(at, BYTES[draw(BYTES.len())]),
                _ => _ = bytes.remove(at),
            }
        }
        std::fs::write(&path, &bytes).expect("written");
        refused += usize::from(import::read(&path, "test").is_err());
    }
    assert!(refused > 500, "the damage was noticed {refused} times only");
}
