//! HAR 1.2, entry by entry: a recording of any length takes the memory of its largest entry.

use std::cell::RefCell;
use std::fmt;
use std::io::Read;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::de::{
    DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor,
};
use serde_json::{Map, Value};

use super::read::Reader;
use super::{Name, by_target, endpoint, known, members};

/// Line, column, and what is wrong there.
type Fault = (usize, usize, String);

/// What is being read, for errors: the parser's own words may hold what stands in the file.
#[derive(Debug, Default)]
struct Progress {
    entry: usize,
    fault: Option<&'static str>,
    has_entries: bool,
}

/// Reads the calls of a recording.
pub(super) fn read(reader: &mut Reader<'_>, source: impl Read) -> Result<(), Fault> {
    let progress = RefCell::new(Progress::default());
    let mut parser = serde_json::Deserializer::from_reader(source);
    let outcome = Document { reader, progress: &progress }.deserialize(&mut parser);
    let outcome = outcome.and_then(|()| parser.end());
    let progress = progress.into_inner();
    let Err(error) = outcome else { return Ok(()) };
    let place = match progress.entry {
        0 => String::new(),
        entry => format!("entry {entry}: "),
    };
    let cause = match progress.fault {
        Some(fault) => fault.to_owned(),
        None if error.is_data() && !progress.has_entries && progress.entry == 0 => {
            "no HAR: it is no JSON object with `log.entries`".into()
        }
        None if error.is_data() => "no HAR".into(),
        None => error.to_string(),
    };
    Err((error.line(), error.column(), format!("{place}{cause}")))
}

struct Document<'r, 'a, 'p> {
    reader: &'r mut Reader<'a>,
    progress: &'p RefCell<Progress>,
}

impl<'de> DeserializeSeed<'de> for Document<'_, '_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Document<'_, '_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a recording")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Self { reader, progress } = self;
        let mut any = false;
        while let Some(name) = map.next_key::<String>()? {
            if name != "log" {
                map.next_value::<IgnoredAny>()?;
                continue;
            }
            any = true;
            progress.borrow_mut().fault = Some("`log` is no HAR log");
            map.next_value_seed(Log { reader: &mut *reader, progress })?;
        }
        if !any {
            progress.borrow_mut().fault = Some("no HAR: it has no `log.entries`");
            return Err(A::Error::custom("no log"));
        }
        Ok(())
    }
}

struct Log<'r, 'a, 'p> {
    reader: &'r mut Reader<'a>,
    progress: &'p RefCell<Progress>,
}

impl<'de> DeserializeSeed<'de> for Log<'_, '_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Log<'_, '_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a log")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Self { reader, progress } = self;
        progress.borrow_mut().fault = None;
        while let Some(name) = map.next_key::<String>()? {
            if name != "entries" {
                map.next_value::<IgnoredAny>()?;
                continue;
            }
            progress.borrow_mut().has_entries = true;
            progress.borrow_mut().fault = Some("`log.entries` is no list");
            map.next_value_seed(Entries { reader: &mut *reader, progress })?;
        }
        if !progress.borrow().has_entries {
            progress.borrow_mut().fault = Some("no HAR: it has no `log.entries`");
            return Err(A::Error::custom("no entries"));
        }
        Ok(())
    }
}

struct Entries<'r, 'a, 'p> {
    reader: &'r mut Reader<'a>,
    progress: &'p RefCell<Progress>,
}

impl<'de> DeserializeSeed<'de> for Entries<'_, '_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Entries<'_, '_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        self.progress.borrow_mut().fault = None;
        self.progress.borrow_mut().entry = 1;
        while let Some(entry) = entries.next_element::<Value>()? {
            let number = self.progress.borrow().entry;
            if let Some(request) = entry.get("request") {
                call(self.reader, number, request);
            }
            self.progress.borrow_mut().entry = number + 1;
        }
        self.progress.borrow_mut().entry = 0;
        Ok(())
    }
}

/// Takes in a request, if it is a call.
fn call(reader: &mut Reader<'_>, number: usize, request: &Value) {
    let method = request["method"].as_str().unwrap_or_default();
    let url = request["url"].as_str().unwrap_or_default();
    let path = url.split_once("://").map_or(url, |(_, rest)| rest);
    let path = path.find('/').map_or("", |at| &path[at..]);
    if let Some(target) = header(request, "x-amz-target") {
        let ours = reader.catalogue.services.values().any(|service| {
            target.split('.').next().is_some_and(|prefix| prefix == service.info.target_prefix)
        });
        match by_target(reader.catalogue, target) {
            Some(name) => with_input(reader, number, name, request),
            None if ours => {
                reader.remark(format!("entry {number}: an operation that the catalogue lacks"));
            }
            None => {}
        }
    } else if let Some(name) = endpoint(method, path) {
        reader.call(name, None);
    } else {
        let form = body(request).ok().flatten().unwrap_or_default();
        let query = url.split_once('?').map_or("", |(_, query)| query);
        let pairs = || {
            let all = [query, form.as_str()].into_iter().flat_map(|part| part.split('&'));
            all.filter_map(|pair| pair.split_once('='))
        };
        let action = pairs().find(|(name, _)| *name == "Action").map(|(_, action)| action);
        let services = reader.catalogue.services.keys();
        let name = action.and_then(|action| {
            services.into_iter().rev().find_map(|service| known(reader.catalogue, service, action))
        });
        if let Some(name) = name {
            let first = |name: &str| name.split('.').next().unwrap_or_default().to_owned();
            let given: Map<_, _> =
                pairs().map(|(name, _)| (first(name), Value::from(true))).collect();
            used(reader, name, &Value::Object(given));
        }
    }
}

fn with_input(reader: &mut Reader<'_>, number: usize, name: Name, request: &Value) {
    let read = body(request).and_then(|body| {
        let Some(text) = body else { return Ok(None) };
        let read = serde_json::from_str::<Value>(&text).ok().filter(Value::is_object);
        read.map(Some).ok_or("the body is no JSON object")
    });
    match read {
        Ok(Some(input)) => used(reader, name, &input),
        // A recording without bodies tells nothing of the members.
        Ok(None) => reader.call(name, None),
        Err(cause) => {
            reader.remark(format!("entry {number}: {cause}"));
            reader.call(name, None);
        }
    }
}

fn used(reader: &mut Reader<'_>, name: Name, input: &Value) {
    let service = reader.catalogue.services.get(&name.service);
    let found = service.and_then(|s| Some((s, s.operations.get(&name.operation)?)));
    let used = found.map(|(service, operation)| members(service, &operation.input, input));
    reader.call(name, used);
}

fn header<'v>(request: &'v Value, wanted: &str) -> Option<&'v str> {
    let headers = request["headers"].as_array()?;
    let header = headers
        .iter()
        .find(|header| header["name"].as_str().is_some_and(|n| n.eq_ignore_ascii_case(wanted)))?;
    header["value"].as_str()
}

/// Returns the body of a request, as text; `None` where it was not recorded.
fn body(request: &Value) -> Result<Option<String>, &'static str> {
    let Some(text) = request["postData"]["text"].as_str().filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    if request["postData"]["encoding"].as_str() != Some("base64") {
        return Ok(Some(text.to_owned()));
    }
    let bytes = STANDARD.decode(text).map_err(|_| "the body is no base64")?;
    String::from_utf8(bytes).map(Some).map_err(|_| "the body is no UTF-8 text")
}
