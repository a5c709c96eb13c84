//! Input validation from the catalogue alone, in the service's own words.
//!
//! Two passes, as in the service's framework: types first (one wrong type refuses the body), then
//! constraints, all violations of a request in one message. The order of violations is ours.

use serde_json::{Map, Value};

use super::constraint::{broken, demands};
use super::fault::constraints;
use super::{Fault, Input};
use crate::canonical::class_of;
use crate::catalogue::{Kind, Operation, Schema, Service};

impl Input {
    /// Validates `value` against the operation's input shape.
    ///
    /// Members that are `null` or that the model lacks are dropped.
    ///
    /// # Errors
    /// A member has the wrong JSON type, or breaks a constraint.
    pub(super) fn accept(
        service: &Service,
        operation: &Operation,
        value: &Value,
    ) -> Result<Self, Fault> {
        let empty = Value::Object(Map::new());
        let value = if value.is_null() { &empty } else { value };
        let typed = typed(service, &operation.input, value)?;
        let mut validator = Validator::new(service);
        let owner = Owner::Input(&operation.name);
        validator.members(&operation.input, owner, None, &typed);
        if let Some(fault) = validator.fault() {
            return Err(fault);
        }
        match typed {
            Value::Object(members) => Ok(Self(members)),
            _ => Ok(Self(Map::new())),
        }
    }
}

/// Tells whether `value` has the type its shape models and keeps every constraint, members and
/// items included.
pub(crate) fn fits(service: &Service, schema: &Schema, value: &Value) -> bool {
    let Ok(typed) = typed(service, schema, value) else { return false };
    let mut validator = Validator::new(service);
    let at = At { up: None, step: Step::Item(1) };
    validator.value(schema, Owner::Nameless, &at, &typed);
    validator.violations.is_empty()
}

/// Returns `value` as its shape has it: nulls and unknown members dropped, numbers whole.
pub(super) fn typed(service: &Service, schema: &Schema, value: &Value) -> Result<Value, Fault> {
    let schema = service.resolve(schema);
    let Some(kind) = schema.kind else { return Ok(value.clone()) };
    match (kind, value) {
        (Kind::Object, Value::Object(members)) => typed_members(service, schema, members),
        (Kind::Array, Value::Array(items)) => {
            let item = schema.items.as_deref();
            let typed_item = |value: &Value| match item {
                Some(item) if !value.is_null() => typed(service, item, value),
                _ => Ok(value.clone()),
            };
            items.iter().map(typed_item).collect::<Result<_, _>>().map(Value::Array)
        }
        (Kind::String, Value::String(_))
        | (Kind::Boolean, Value::Bool(_))
        | (Kind::Number, Value::Number(_)) => Ok(value.clone()),
        // The framework's big-number type truncates.
        (Kind::Integer, Value::Number(number)) => {
            let truncated = number.as_f64().unwrap_or_default().trunc() as i64;
            Ok(Value::from(number.as_i64().unwrap_or(truncated)))
        }
        _ => Err(Fault::Serialization(mismatch(kind, value))),
    }
}

fn typed_members(
    service: &Service,
    schema: &Schema,
    members: &Map<String, Value>,
) -> Result<Value, Fault> {
    let mut kept = Map::new();
    for (name, value) in members.iter().filter(|(_, value)| !value.is_null()) {
        let member = schema.member(name).or(schema.additional_properties.as_deref());
        if let Some(member) = member {
            kept.insert(name.clone(), typed(service, member, value)?);
        }
    }
    Ok(Value::Object(kept))
}

/// Says that a value of another type was expected.
///
/// The wording for a list is observed (aws/aws-sdk-js-v3 issue 2831); the others belong to the
/// same framework and are inferred.
fn mismatch(expected: Kind, value: &Value) -> String {
    let token = match value {
        Value::Array(_) => return "Start of list found where not expected".into(),
        Value::Object(_) => return "Start of structure or map found where not expected.".into(),
        Value::Bool(true) => "TRUE_VALUE",
        Value::Bool(false) => "FALSE_VALUE",
        Value::Number(_) => "NUMBER_VALUE",
        Value::String(_) | Value::Null => "STRING_VALUE",
    };
    match expected {
        Kind::Object | Kind::Array => "Unexpected field type".into(),
        Kind::String => format!("{token} can not be converted to a String"),
        Kind::Boolean => format!("{token} can not be converted to a Boolean"),
        Kind::Integer => format!("{token} can not be converted to an Integer"),
        Kind::Number => format!("{token} can not be converted to milliseconds since epoch"),
    }
}

/// Where a value stands in the input. Spelled out only when something is wrong there.
struct At<'a> {
    up: Option<&'a At<'a>>,
    step: Step<'a>,
}

enum Step<'a> {
    Member(Owner<'a>, &'a str),
    Item(usize),
    Entry(&'a str),
}

/// Whose member it is: that decides how the service's messages spell it.
#[derive(Clone, Copy)]
enum Owner<'a> {
    /// The input of this operation.
    Input(&'a str),
    /// This named shape.
    Shape(&'a str),
    /// A structure without a name.
    Nameless,
}

impl At<'_> {
    fn spell(&self, service: &Service) -> String {
        let step = match &self.step {
            Step::Member(owner, name) => {
                let owner = match owner {
                    Owner::Input(operation) => format!("operations/{operation}/input"),
                    Owner::Shape(shape) => format!("shapes/{shape}"),
                    Owner::Nameless => String::new(),
                };
                service.wire_name(&owner, name)
            }
            Step::Item(place) => format!("{place}.member"),
            Step::Entry(name) => format!("{name}.member"),
        };
        self.up.map_or_else(|| step.clone(), |up| format!("{}.{step}", up.spell(service)))
    }
}

/// Collects the constraint violations of one input.
struct Validator<'a> {
    service: &'a Service,
    violations: Vec<String>,
    /// How many of them are about nothing but a `null` in a list.
    of_null_items: usize,
}

impl<'a> Validator<'a> {
    fn new(service: &'a Service) -> Self {
        Self { service, violations: Vec::new(), of_null_items: 0 }
    }

    /// Returns how the input is refused, if it is: `null` in a list has a rule of its own, for
    /// nobody saw the service refuse it.
    fn fault(self) -> Option<Fault> {
        if self.violations.is_empty() {
            return None;
        }
        if self.of_null_items < self.violations.len() {
            return Some(Fault::Constraints(self.violations));
        }
        let rule = match self.service.info.id.as_str() {
            "cognito-identity" => Fault::rule("identity-constraint-null-item"),
            _ => Fault::rule("constraint-null-item"),
        };
        Some(rule.with("violations", constraints(&self.violations)))
    }

    /// Examines the members of a structure that belongs to `owner`.
    fn members(
        &mut self,
        schema: &'a Schema,
        owner: Owner<'_>,
        up: Option<&At<'_>>,
        value: &Value,
    ) {
        for (name, member) in schema.properties.iter().flatten() {
            let at = At { up, step: Step::Member(owner, name) };
            match value.get(name) {
                Some(value) => self.value(member, owner, &at, value),
                None if schema.required.contains(name) => {
                    let shown = if self.echoes(member) { "null " } else { "" };
                    let path = at.spell(self.service);
                    self.violations.push(format!(
                        "Value {shown}at '{path}' failed to satisfy constraint: Member must not be null"
                    ));
                }
                None => {}
            }
        }
    }

    /// Examines one value and what is inside it.
    fn value(&mut self, schema: &'a Schema, owner: Owner<'_>, at: &At<'_>, value: &Value) {
        let owner = schema.target().map_or(owner, Owner::Shape);
        let resolved = self.service.resolve(schema);
        for demand in broken(resolved, value) {
            self.report(schema, at, value, &demand);
        }
        match value {
            Value::Array(items) => self.items(schema, resolved, at, items, value),
            Value::Object(_) if resolved.is_structure() => {
                self.members(resolved, owner, Some(at), value);
            }
            Value::Object(entries) => self.entries(schema, resolved, at, entries, value),
            _ => {}
        }
    }

    /// Structures are examined one by one; of other items, the list as a whole is reported.
    fn items(
        &mut self,
        schema: &'a Schema,
        resolved: &'a Schema,
        at: &At<'_>,
        items: &[Value],
        list: &Value,
    ) {
        let Some(item) = resolved.items.as_deref() else { return };
        let shape = self.service.resolve(item);
        if shape.is_structure() {
            for (place, value) in items.iter().enumerate() {
                let at = At { up: Some(at), step: Step::Item(place + 1) };
                let before = self.violations.len();
                self.value(item, Owner::Nameless, &at, value);
                if value.is_null() {
                    self.of_null_items += self.violations.len() - before;
                }
            }
            return;
        }
        let bad = |value: &&Value| !broken(shape, value).is_empty();
        if items.iter().any(|value| bad(&value)) {
            self.of_null_items += usize::from(items.iter().filter(bad).all(Value::is_null));
            let demand = format!("Member must satisfy constraint: [{}]", demands(shape));
            self.report(schema, at, list, &demand);
        }
    }

    fn entries(
        &mut self,
        schema: &'a Schema,
        resolved: &'a Schema,
        at: &At<'_>,
        entries: &Map<String, Value>,
        map: &Value,
    ) {
        if let Some(key) = resolved.property_names.as_deref().map(|k| self.service.resolve(k))
            && entries.keys().any(|name| !broken(key, &Value::from(name.as_str())).is_empty())
        {
            let demand = format!("Map keys must satisfy constraint: [{}]", demands(key));
            self.report(schema, at, map, &demand);
        }
        let Some(entry) = resolved.additional_properties.as_deref() else { return };
        let shape = self.service.resolve(entry);
        if shape.kind == Some(Kind::Object) {
            for (name, value) in entries {
                let at = At { up: Some(at), step: Step::Entry(name) };
                self.value(entry, Owner::Nameless, &at, value);
            }
        } else if entries.values().any(|value| !broken(shape, value).is_empty()) {
            let demand = format!("Map value must satisfy constraint: [{}]", demands(shape));
            self.report(schema, at, map, &demand);
        }
    }

    fn report(&mut self, schema: &Schema, at: &At<'_>, value: &Value, demand: &str) {
        let path = at.spell(self.service);
        let shown = match self.echoes(schema) {
            true => format!("'{}' ", self.echo(schema, value)),
            false => String::new(),
        };
        self.violations
            .push(format!("Value {shown}at '{path}' failed to satisfy constraint: {demand}"));
    }

    fn echoes(&self, schema: &Schema) -> bool {
        let items = self.service.resolve(schema).items.as_deref();
        let shown = |schema: &Schema| match schema.target() {
            Some(name) => self.service.echoes(name),
            None => !schema.sensitive,
        };
        shown(schema) && items.is_none_or(shown)
    }

    /// Returns a value as the service prints it: `[a, b]`, `{k=v}`, `TypeName(member=v)`.
    fn echo(&self, schema: &Schema, value: &Value) -> String {
        let resolved = self.service.resolve(schema);
        let name = schema.target().unwrap_or_default();
        let inner = |schema: Option<&Schema>, value: &Value| match schema {
            Some(schema) if !self.echoes(schema) => "***Sensitive Data Redacted***".to_owned(),
            Some(schema) => self.echo(schema, value),
            None => value.to_string(),
        };
        match value {
            Value::String(text) => text.clone(),
            Value::Array(items) => {
                let item = resolved.items.as_deref();
                let items: Vec<_> = items.iter().map(|value| inner(item, value)).collect();
                format!("[{}]", items.join(", "))
            }
            Value::Object(members) => {
                let entry = |name: &String| {
                    resolved.member(name).or(resolved.additional_properties.as_deref())
                };
                let mut names: Vec<&String> = members.keys().collect();
                names.sort_by_key(|member| member_place(name, member));
                let spelled = |member: &String| match resolved.is_structure() {
                    true => crate::catalogue::lower_camel(member),
                    false => member.clone(),
                };
                // The model marks no entry of a map; nobody knows what is shown of one that holds
                // a secret by its name, so none is.
                let hidden = |m: &str, value: &Value| {
                    let class = class_of(None, None, m, value);
                    !resolved.is_structure() && class.is_some_and(|class| class.is_secret())
                };
                let pair = |m: &&String| {
                    let value = &members[m.as_str()];
                    let shown = match hidden(m, value) {
                        true => "***Sensitive Data Redacted***".to_owned(),
                        false => inner(entry(m), value),
                    };
                    format!("{}={shown}", spelled(m))
                };
                let pairs = names.iter().map(pair).collect::<Vec<_>>().join(", ");
                let structure = resolved.is_structure();
                if structure { format!("{name}({pairs})") } else { format!("{{{pairs}}}") }
            }
            other => other.to_string(),
        }
    }
}

/// Place of a member in the echo of its structure: model order, which the catalogue does not keep.
///
/// Seen for this one shape; others print in the order of their names.
fn member_place(shape: &str, member: &str) -> usize {
    usize::from(shape == "RecoveryOptionType" && member == "Name")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::catalogue::{Catalogue, Source};

    fn outcome(operation: &str, input: Value) -> Result<Value, String> {
        let catalogue = Catalogue::load(&Source::Embedded).expect("the embedded catalogue loads");
        let (service, operation) = catalogue.operation(operation).expect("a known operation");
        match Input::accept(service, operation, &input) {
            Ok(Input(members)) => Ok(Value::Object(members)),
            Err(fault) => Err(fault.render(&catalogue, &service.info.id).message),
        }
    }

    #[track_caller]
    fn check(operation: &str, input: Value, expected: Result<Value, &str>) {
        assert_eq!(outcome(operation, input), expected.map_err(str::to_owned));
    }

    #[track_caller]
    fn refused(operation: &str, input: Value, expected: &str) {
        let message = outcome(operation, input).expect_err("the input breaks a constraint");
        assert!(message.contains(expected), "{message}\nlacks {expected}");
    }

    #[test]
    fn harmless_oddities_are_dropped() {
        let id = "us-east-1_abc";
        let input = json!({"UserPoolId": id, "Filter": null, "Nope": 1});
        check("ListUsers", input, Ok(json!({"UserPoolId": id})));
        check("ListUserPools", json!({"MaxResults": 5.0}), Ok(json!({"MaxResults": 5})));
    }

    #[test]
    fn wrong_types_refuse_the_body() {
        let list = Err("Start of list found where not expected");
        check("DescribeUserPool", json!({"UserPoolId": ["a"]}), list);
        let wrong = json!({"ClientId": "a", "Username": "u", "Password": "p",
            "UserAttributes": [{"Name": "x", "Value": true}]});
        check("SignUp", wrong, Err("TRUE_VALUE can not be converted to a String"));
        let text = Err("STRING_VALUE can not be converted to an Integer");
        check("ListUserPools", json!({"MaxResults": "5"}), text);
    }

    #[test]
    fn scalars_are_echoed_unless_sensitive() {
        check(
            "DescribeUserPool",
            json!({"UserPoolId": " ap-northeast-1_xxx"}),
            Err("1 validation error detected: Value ' ap-northeast-1_xxx' at 'userPoolId' failed \
                 to satisfy constraint: Member must satisfy regular expression pattern: \
                 [\\w-]+_[0-9a-zA-Z]+"),
        );
        check(
            "DescribeUserPool",
            json!({}),
            Err("1 validation error detected: Value null at 'userPoolId' failed to satisfy \
                 constraint: Member must not be null"),
        );
        let spaced = json!({"ClientId": "c", "Username": "a b", "Password": "has space"});
        check(
            "SignUp",
            spaced,
            Err("2 validation errors detected: Value at 'password' failed to satisfy constraint: \
                 Member must satisfy regular expression pattern: [\\S]+; Value at 'username' \
                 failed to satisfy constraint: Member must satisfy regular expression pattern: \
                 [\\p{L}\\p{M}\\p{S}\\p{N}\\p{P}]+"),
        );
        refused(
            "ListUserPools",
            json!({"MaxResults": 61}),
            "Value '61' at 'maxResults' failed to satisfy constraint: Member must have value less \
             than or equal to 60",
        );
        let empty = outcome("DescribeUserPool", json!({"UserPoolId": ""})).expect_err("refused");
        assert!(empty.starts_with("2 validation errors detected: Value '' at 'userPoolId'"));
    }

    #[test]
    fn nested_values_are_named_by_their_path() {
        let policy = json!({"PasswordPolicy": {"TemporaryPasswordValidityDays": 366}});
        refused(
            "CreateUserPool",
            json!({"PoolName": "p", "Policies": policy}),
            "Value '366' at 'policies.passwordPolicy.temporaryPasswordValidityDays' failed to \
             satisfy constraint: Member must have value less than or equal to 365",
        );
        refused(
            "CreateUserPool",
            json!({"PoolName": "p", "Schema": [{"Name": "a".repeat(21)}]}),
            "Value 'aaaaaaaaaaaaaaaaaaaaa' at 'schema.1.member.name' failed to satisfy constraint: \
             Member must have length less than or equal to 20",
        );
        let options = [(1, "verified_email"), (2, "verified_phone_number"), (3, "admin_only")]
            .map(|(priority, name)| json!({"Priority": priority, "Name": name}));
        refused(
            "CreateUserPool",
            json!({"PoolName": "p", "AccountRecoverySetting": {"RecoveryMechanisms": options}}),
            "2 validation errors detected: Value '[RecoveryOptionType(priority=1, \
             name=verified_email), RecoveryOptionType(priority=2, name=verified_phone_number), \
             RecoveryOptionType(priority=3, name=admin_only)]' at \
             'accountRecoverySetting.recoveryMechanisms' failed to satisfy constraint: Member must \
             have length less than or equal to 2; ",
        );
    }

    #[test]
    fn corrections_of_the_catalogue_hold() {
        refused(
            "InitiateAuth",
            json!({"AuthFlow": "USER_AUTH", "ClientId": "ap-northeast-1_x"}),
            "Value 'ap-northeast-1_x' at 'clientId' failed to satisfy constraint: Member must \
             satisfy regular expression pattern: [\\w+]+",
        );
        let template = json!({"InviteMessageTemplate": {"EmailMessage": "Welcome aboard."}});
        check(
            "CreateUserPool",
            json!({"PoolName": "p", "AdminCreateUserConfig": template}),
            Err("1 validation error detected: Value 'Welcome aboard.' at \
                 'adminCreateUserConfig.inviteMessage.emailMessage' failed to satisfy constraint: \
                 Member must satisfy regular expression pattern: \
                 [\\p{L}\\p{M}\\p{S}\\p{N}\\p{P}\\s*]*\\{####\\}[\\p{L}\\p{M}\\p{S}\\p{N}\\p{P}\\s*]*"),
        );
    }

    #[test]
    fn nulls_in_lists_have_a_rule_of_their_own() {
        #[track_caller]
        fn check(operation: &str, input: Value, rule: Option<&str>) {
            let catalogue =
                Catalogue::load(&Source::Embedded).expect("the embedded catalogue loads");
            let (service, operation) = catalogue.operation(operation).expect("a known operation");
            let raised = match Input::accept(service, operation, &input) {
                Err(Fault::Rule { id, .. }) => Some(id),
                Err(Fault::Constraints(_)) => None,
                other => panic!("not refused as expected: {other:?}"),
            };
            assert_eq!(raised, rule);
        }
        let names = |names: Value| json!({"AccessToken": "a", "UserAttributeNames": names});
        let rule = Some("constraint-null-item");
        check("DeleteUserAttributes", names(json!([null])), rule);
        check("DeleteUserAttributes", names(json!(["x", null])), rule);
        check("DeleteUserAttributes", names(json!([null, "x".repeat(33)])), None);
        let attributes = json!({"AccessToken": "a", "UserAttributes": [null]});
        check("UpdateUserAttributes", attributes, rule);
        let ids = json!({"IdentityIdsToDelete": [null]});
        check("DeleteIdentities", ids, Some("identity-constraint-null-item"));
    }

    #[test]
    fn lists_and_maps_are_reported_as_a_whole() {
        refused(
            "CreateUserPoolClient",
            json!({"UserPoolId": "a_b", "ClientName": "c", "AllowedOAuthFlows": ["x"]}),
            "Value '[x]' at 'allowedOAuthFlows' failed to satisfy constraint: Member must satisfy \
             constraint: [Member must satisfy enum value set: [client_credentials, code, implicit]]",
        );
        refused(
            "SetIdentityPoolRoles",
            json!({"IdentityPoolId": "us-east-1:0", "Roles": {"admin": "arn:aws:iam::1:role/aaaaaa"}}),
            "Value '{admin=arn:aws:iam::1:role/aaaaaa}' at 'roles' failed to satisfy constraint: \
             Map keys must satisfy constraint: [Member must have length less than or equal to 128, \
             Member must have length greater than or equal to 1, Member must satisfy regular \
             expression",
        );
    }
}
