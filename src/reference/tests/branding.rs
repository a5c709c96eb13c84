//! Styles, terms, the classic hosted UI, logs, as tables of calls.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{Bench, bench};

const NOBODY: &str = "00000000-0000-4000-8000-000000000000";

fn id_of(created: &Value, pointer: &str) -> Value {
    created.pointer(pointer).cloned().expect("an id")
}

fn asset(extension: &str, category: &str, bytes: &str) -> Value {
    let bytes = STANDARD.encode(bytes);
    json!({"Category": category, "ColorMode": "LIGHT", "Extension": extension, "Bytes": bytes})
}

#[test]
fn a_client_has_one_style() {
    let mut bench = bench();
    let at = |name: &str| format!("/ManagedLoginBranding/{name}");
    let by_client = "DescribeManagedLoginBrandingByClient";
    bench.refused(by_client, json!({}), "branding-of-client-not-found");
    let created = bench.ok("CreateManagedLoginBranding", json!({"UseCognitoProvidedValues": true}));
    let id = id_of(&created, "/ManagedLoginBranding/ManagedLoginBrandingId");
    bench.refused("CreateManagedLoginBranding", json!({}), "branding-exists");
    let named = json!({"ManagedLoginBrandingId": id});
    let expected = [(&*at("Settings"), Value::Null), (&*at("Assets"), json!([]))];
    bench.check("DescribeManagedLoginBranding", named.clone(), &expected);
    let mut change = named.clone();
    change["Settings"] = json!({"a": {"b": 1, "c": [1]}});
    change["Assets"] = json!([asset("PNG", "FORM_LOGO", "x")]);
    bench.ok("UpdateManagedLoginBranding", change.clone());
    change["Settings"] = json!({"a": {"c": [2]}, "d": null});
    let expected = [
        (&*at("Settings"), json!({"a": {"b": 1, "c": [2]}, "d": null})),
        (&*at("UseCognitoProvidedValues"), json!(false)),
        (&*at("Assets/0/Category"), json!("FORM_LOGO")),
        (&*at("Assets/1"), Value::Null),
    ];
    bench.check("UpdateManagedLoginBranding", change, &expected);
    bench.check(by_client, json!({}), &expected);
    let mut defaults = named.clone();
    defaults["UseCognitoProvidedValues"] = json!(true);
    let expected = [(&*at("Settings"), Value::Null), (&*at("Assets"), json!([]))];
    bench.check("UpdateManagedLoginBranding", defaults, &expected);
    bench.ok("DeleteManagedLoginBranding", named.clone());
    bench.refused("DeleteManagedLoginBranding", named.clone(), "branding-not-found");
    bench.refused("DescribeManagedLoginBranding", named, "branding-not-found");
    bench.refused(
        "UpdateManagedLoginBranding",
        json!({"ManagedLoginBrandingId": NOBODY}),
        "branding-not-found",
    );
    bench.refused("UpdateManagedLoginBranding", json!({}), "branding-update-names-none");
}

#[test]
fn styles_have_rules() {
    let mut bench = bench();
    let svg = "<svg><text dominant-baseline='middle'/></svg>";
    let cases = [
        (
            json!({"UseCognitoProvidedValues": true, "Settings": {}}),
            "branding-defaults-exclude-values",
        ),
        (json!({"Assets": [asset("SVG", "FAVICON_ICO", "<svg/>")]}), "branding-favicon-format"),
        (json!({"Assets": [asset("SVG", "FORM_LOGO", svg)]}), "branding-svg-attribute"),
        (json!({"ClientId": "nobody"}), "client-not-found-elsewhere"),
    ];
    for (input, rule) in cases {
        bench.refused("CreateManagedLoginBranding", input, rule);
    }
    let broken = json!({"Category": "FORM_LOGO", "ColorMode": "LIGHT", "Extension": "SVG",
                        "Bytes": "no base64!"});
    // Whatever is said of it, it is answered.
    let _ = bench.call("CreateManagedLoginBranding", json!({"Assets": [broken]}));
}

#[test]
fn a_style_dies_with_its_client() {
    let mut bench = bench();
    let created = bench.ok("CreateManagedLoginBranding", json!({}));
    let id = id_of(&created, "/ManagedLoginBranding/ManagedLoginBrandingId");
    let terms = bench.ok("CreateTerms", terms("terms-of-use"));
    let terms = id_of(&terms, "/Terms/TermsId");
    bench.ok("DeleteUserPoolClient", json!({}));
    let named = json!({"ManagedLoginBrandingId": id});
    bench.refused("DescribeManagedLoginBranding", named, "branding-of-deleted-client");
    bench.refused("DescribeTerms", json!({"TermsId": terms}), "terms-of-deleted-client");
    bench.check("ListTerms", json!({}), &[("/Terms", json!([]))]);
}

fn terms(name: &str) -> Value {
    json!({"TermsName": name, "TermsSource": "LINK", "Enforcement": "NONE",
           "Links": {"cognito:default": "https://example.com/terms"}})
}

#[test]
fn a_client_has_one_document_of_a_name() {
    let mut bench = bench();
    let created = bench.ok("CreateTerms", terms("terms-of-use"));
    let id = id_of(&created, "/Terms/TermsId");
    bench.refused("CreateTerms", terms("terms-of-use"), "terms-exist");
    let privacy = bench.ok("CreateTerms", terms("privacy-policy"));
    let rename = json!({"TermsId": id_of(&privacy, "/Terms/TermsId"), "TermsName": "terms-of-use"});
    bench.refused("UpdateTerms", rename, "terms-exist");
    let links = json!({"cognito:french": "https://example.com/fr"});
    let update = json!({"TermsId": id, "Links": links, "TermsName": "terms-of-use"});
    let expected = [("/Terms/Links", links), ("/Terms/TermsSource", json!("LINK"))];
    bench.check("UpdateTerms", update, &expected);
    bench.check("DescribeTerms", json!({"TermsId": id}), &expected);
    let of_client = json!({"TermsName": "terms-of-use"});
    bench.check("DescribeTermsByClient", of_client.clone(), &expected);
    let page = bench.ok("ListTerms", json!({"MaxResults": 1}));
    let token = page["NextToken"].clone();
    bench.check("ListTerms", json!({"NextToken": token}), &[("/Terms/1", Value::Null)]);
    bench.refused("ListTerms", json!({"NextToken": "invented"}), "pagination-token-invalid");
    bench.ok("DeleteTerms", json!({"TermsId": id}));
    bench.refused("DeleteTerms", json!({"TermsId": id}), "terms-not-found");
    bench.refused("UpdateTerms", json!({"TermsId": id}), "terms-not-found");
    bench.refused("DescribeTermsByClient", of_client, "terms-of-client-not-found");
}

#[test]
fn the_classic_pages_need_a_domain() {
    let mut bench = bench();
    let css = json!({"CSS": ".banner-customizable {}"});
    bench.refused("SetUICustomization", css.clone(), "ui-customization-no-domain");
    bench.refused("GetUICustomization", json!({}), "ui-customization-get-no-domain");
    bench.ok("CreateUserPoolDomain", json!({"Domain": "classic"}));
    let body = json!({"CSS": "body {}"});
    bench.refused("SetUICustomization", body, "ui-customization-css-class");
    bench.check("GetUICustomization", json!({}), &[("/UICustomization", json!({}))]);
    let all = json!({"ClientId": "ALL", "CSS": ".label-customizable {}"});
    bench.ok("SetUICustomization", all);
    let shown = |client: &str, css: &str| {
        [("/UICustomization/ClientId", json!(client)), ("/UICustomization/CSS", json!(css))]
    };
    bench.check("GetUICustomization", json!({}), &shown("ALL", ".label-customizable {}"));
    bench.ok("SetUICustomization", css);
    let client = bench.client.clone();
    bench.check("GetUICustomization", json!({}), &shown(&client, ".banner-customizable {}"));
    bench.ok("SetUICustomization", json!({}));
    bench.check("GetUICustomization", json!({}), &shown("ALL", ".label-customizable {}"));
    let nobody = json!({"ClientId": "nobody"});
    bench.refused("GetUICustomization", nobody, "client-of-settings-not-found");
}

fn log(source: &str, level: &str, destination: Value) -> Value {
    let mut log = json!({"EventSource": source, "LogLevel": level});
    log.as_object_mut()
        .expect("an object")
        .extend(destination.as_object().cloned().expect("members"));
    log
}

#[test]
fn logs_go_where_their_source_may() {
    let mut bench = bench();
    let group = |account: &str| {
        let arn = format!("arn:aws:logs:us-east-1:{account}:log-group:g");
        json!({"CloudWatchLogsConfiguration": {"LogGroupArn": arn}})
    };
    let own = group("123456789012");
    let bucket = json!({"S3Configuration": {"BucketArn": "arn:aws:s3:::bucket"}});
    let notices = |destination: &Value| log("userNotification", "ERROR", destination.clone());
    let events = log("userAuthEvents", "INFO", bucket.clone());
    let cases = [
        (json!([notices(&own), notices(&own)]), "log-delivery-duplicate-source"),
        (json!([notices(&group("999999999999"))]), "log-delivery-foreign-arn"),
        (json!([events]), "log-delivery-tier"),
        (json!([log("userNotification", "INFO", own.clone())]), "log-delivery-level"),
        (json!([notices(&bucket)]), "log-delivery-destination"),
        (json!([notices(&json!({}))]), "log-delivery-one-destination"),
    ];
    for (list, rule) in cases {
        bench.refused("SetLogDeliveryConfiguration", json!({"LogConfigurations": list}), rule);
    }
    let list = json!({"LogConfigurations": [notices(&own)]});
    bench.ok("SetLogDeliveryConfiguration", list);
    let kept = "/LogDeliveryConfiguration/LogConfigurations/0/LogLevel";
    bench.check("GetLogDeliveryConfiguration", json!({}), &[(kept, json!("ERROR"))]);
    bench.ok("SetLogDeliveryConfiguration", json!({"LogConfigurations": []}));
    bench.check("GetLogDeliveryConfiguration", json!({}), &[(kept, Value::Null)]);
    let mut plus = Bench::new(json!({"UserPoolTier": "PLUS"}));
    plus.ok("SetLogDeliveryConfiguration", json!({"LogConfigurations": [events]}));
}
