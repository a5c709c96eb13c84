//! A run document read for its verdicts and findings alone.
//!
//! What was exchanged is most of a document, and nothing that compares runs looks at it. Cases are
//! read one by one, and each forgets its exchanges before the next is read.

use std::fmt;

use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use crate::outcome::{CaseOutcome, ExchangeRecord, Run};

/// A run whose findings have forgotten what was exchanged.
pub(super) struct Brief(pub(super) Run);

impl<'de> Deserialize<'de> for Brief {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Document)
    }
}

struct Document;

impl<'de> Visitor<'de> for Document {
    type Value = Brief;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a run document")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Brief, A::Error> {
        let mut rest = Map::new();
        let mut cases = None;
        while let Some(name) = members.next_key::<String>()? {
            match name.as_str() {
                "cases" if cases.is_some() => return Err(de::Error::duplicate_field("cases")),
                "cases" => cases = Some(members.next_value::<Cases>()?.0),
                _ => drop(rest.insert(name, members.next_value()?)),
            }
        }
        let cases = cases.ok_or_else(|| de::Error::missing_field("cases"))?;
        rest.insert("cases".into(), Value::Array(Vec::new()));
        let run: Run =
            serde_json::from_value(Value::Object(rest)).map_err(<A::Error as de::Error>::custom)?;
        Ok(Brief(Run { cases, ..run }))
    }
}

struct Cases(Vec<CaseOutcome>);

impl<'de> Deserialize<'de> for Cases {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(List)
    }
}

struct List;

impl<'de> Visitor<'de> for List {
    type Value = Cases;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of cases")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Cases, A::Error> {
        let mut cases = Vec::new();
        while let Some(mut case) = list.next_element::<CaseOutcome>()? {
            for finding in &mut case.findings {
                finding.curl = String::new();
                finding.aws_cli = String::new();
                finding.exchange = ExchangeRecord::default();
                finding.scenario.iter_mut().for_each(|text| *text = String::new());
            }
            cases.push(case);
        }
        Ok(Cases(cases))
    }
}
