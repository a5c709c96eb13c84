//! Terms documents: what an app client links to on its sign-up page.

use serde_json::{Map, Value, json};

use super::paging::page;
use super::state::{Terms, UserPool};
use super::{Answer, Context, Fault, Handler, Input, timestamp};

pub(super) const OPERATIONS: &[(&str, Handler)] = &[
    ("CreateTerms", create),
    ("DescribeTerms", describe),
    ("DescribeTermsByClient", describe_by_client),
    ("ListTerms", list),
    ("UpdateTerms", update),
    ("DeleteTerms", delete),
];

const SETTINGS: [&str; 4] = ["TermsName", "TermsSource", "Enforcement", "Links"];

fn create(context: &mut Context<'_>, input: &Input) -> Answer {
    let now = context.now;
    let id = context.uuid();
    let pool = context.pool(input)?;
    let client_id = pool.client(input.text("ClientId"))?.id.clone();
    let mut terms = Terms { id, client_id, created: now, modified: now, ..Terms::default() };
    terms.settings.insert("Links".into(), json!({}));
    apply(&mut terms, input);
    check_unique(pool, &terms)?;
    let described = description(pool, &terms);
    pool.terms.insert(terms.id.clone(), terms);
    Ok(Some(json!({"Terms": described})))
}

fn apply(terms: &mut Terms, input: &Input) {
    let given = SETTINGS.iter().filter_map(|name| Some((name, input.get(name)?)));
    terms.settings.extend(given.map(|(name, value)| ((*name).to_owned(), value.clone())));
}

/// A client has one document of a name (API reference, TermsExistsException).
fn check_unique(pool: &UserPool, terms: &Terms) -> Result<(), Fault> {
    let name = &terms.settings["TermsName"];
    let same = |other: &Terms| {
        other.id != terms.id
            && other.client_id == terms.client_id
            && other.settings["TermsName"] == *name
    };
    if pool.terms.values().any(same) { Err(Fault::rule("terms-exist")) } else { Ok(()) }
}

fn description(pool: &UserPool, terms: &Terms) -> Value {
    let mut described = summary(terms);
    described.insert("ClientId".into(), json!(terms.client_id));
    described.insert("UserPoolId".into(), json!(pool.id));
    for name in ["Links", "TermsSource"] {
        described.insert(name.into(), terms.settings[name].clone());
    }
    Value::Object(described)
}

/// Returns what a list shows.
fn summary(terms: &Terms) -> Map<String, Value> {
    let summary = json!({
        "TermsId": terms.id,
        "TermsName": terms.settings["TermsName"],
        "Enforcement": terms.settings["Enforcement"],
        "CreationDate": timestamp(terms.created),
        "LastModifiedDate": timestamp(terms.modified),
    });
    summary.as_object().cloned().unwrap_or_default()
}

/// Returns the documents of a pool by id; they die with their client.
fn living(pool: &UserPool) -> impl Iterator<Item = (&String, &Terms)> {
    pool.terms.iter().filter(|(_, terms)| pool.clients.contains_key(&terms.client_id))
}

fn named<'a>(pool: &'a UserPool, input: &Input) -> Result<&'a Terms, Fault> {
    let found = pool.terms.get(input.text("TermsId"));
    let found = found.ok_or_else(|| Fault::rule("terms-not-found"))?;
    let lives = pool.clients.contains_key(&found.client_id);
    if lives { Ok(found) } else { Err(Fault::rule("terms-of-deleted-client")) }
}

fn describe(context: &mut Context<'_>, input: &Input) -> Answer {
    let pool = context.pool(input)?;
    Ok(Some(json!({"Terms": description(pool, named(pool, input)?)})))
}

fn describe_by_client(context: &mut Context<'_>, input: &Input) -> Answer {
    let pool = context.pool(input)?;
    let client_id = &pool.client(input.text("ClientId"))?.id;
    let found = living(pool).map(|(_, terms)| terms).find(|terms| {
        terms.client_id == *client_id && terms.settings["TermsName"] == input.text("TermsName")
    });
    let found = found.ok_or_else(|| Fault::rule("terms-of-client-not-found"))?;
    Ok(Some(json!({"Terms": description(pool, found)})))
}

fn list(context: &mut Context<'_>, input: &Input) -> Answer {
    let pool = context.pool(input)?;
    let all = living(pool).map(|(id, terms)| (id, Value::Object(summary(terms))));
    let scope = format!("ListTerms {}", pool.id);
    let page = page(all, &scope, input.opt_text("NextToken"), input.number("MaxResults"))?;
    Ok(Some(page.output("Terms", "NextToken")))
}

fn update(context: &mut Context<'_>, input: &Input) -> Answer {
    let now = context.now;
    let pool = context.pool(input)?;
    let mut terms = named(pool, input)?.clone();
    apply(&mut terms, input);
    check_unique(pool, &terms)?;
    terms.modified = now;
    let described = description(pool, &terms);
    pool.terms.insert(terms.id.clone(), terms);
    Ok(Some(json!({"Terms": described})))
}

fn delete(context: &mut Context<'_>, input: &Input) -> Answer {
    let pool = context.pool(input)?;
    let id = named(pool, input)?.id.clone();
    pool.terms.remove(&id);
    Ok(None)
}
