//! The event that a function is told, in the shape all triggers share.

use serde_json::{Map, Value, json};

use crate::reference::REGION;
use crate::reference::app::App;
use crate::reference::state::{User, UserPool};
use crate::reference::{Context, Fault};

/// What stands for the client in the events of calls that come from none.
const NO_CLIENT: &str = "CLIENT_ID_NOT_APPLICABLE";

/// An event, before what is common to all is added.
///
/// Source: developer guide, user pool Lambda trigger event and common parameters.
#[derive(Clone, PartialEq)]
pub(in crate::reference) struct Event<'a> {
    /// Pool it is about.
    pub(super) pool_id: &'a str,
    /// Trigger source, such as `PreSignUp_SignUp`.
    pub(super) source: &'a str,
    /// User it is about.
    pub(super) user_name: &'a str,
    /// What the function is told.
    pub(super) request: Value,
    /// Members it may answer, each with what they are if it leaves them.
    pub(super) response: Value,
    /// Version of the event.
    pub(super) version: &'a str,
}

impl<'a> Event<'a> {
    /// Returns a version 1 event.
    pub(super) fn new(pool_id: &'a str, source: &'a str, user_name: &'a str) -> Self {
        let (request, response) = (json!({}), json!({}));
        Self { pool_id, source, user_name, request, response, version: "1" }
    }

    /// Adds a member to what the function is told.
    #[must_use]
    pub(super) fn telling(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.request[name] = value.into();
        self
    }

    /// Sets the members it may answer.
    #[must_use]
    pub(super) fn asking(mut self, response: Value) -> Self {
        self.response = response;
        self
    }

    /// Returns the event as the function gets it.
    pub(super) fn value(self, client: Option<&str>, metadata: Option<&Value>) -> Value {
        let mut request = self.request;
        if let Some(metadata) = metadata {
            request["clientMetadata"] = metadata.clone();
        }
        json!({
            "version": self.version,
            "region": REGION,
            "userPoolId": self.pool_id,
            "userName": self.user_name,
            "callerContext": {
                "awsSdkVersion": "aws-sdk-unknown-unknown",
                "clientId": client.unwrap_or(NO_CLIENT),
            },
            "triggerSource": self.source,
            "request": request,
            "response": self.response,
        })
    }
}

impl User {
    /// Returns the attributes that functions are told: those of the user, and where the user
    /// stands.
    ///
    /// Source of the status: observed, aws-amplify/amplify-js issue 5834.
    pub(super) fn told(&self) -> Value {
        let mut told: Map<_, _> = { self.attributes.iter() }
            .map(|(name, value)| (name.clone(), value.as_str().into()))
            .collect();
        told.insert("sub".into(), self.sub.as_str().into());
        told.insert("cognito:user_status".into(), self.status.name().into());
        Value::Object(told)
    }
}

impl Context<'_> {
    /// Returns the username and the attributes that functions are told of the user at `key`;
    /// the key itself and no attributes where there is no such user.
    pub(super) fn told(&mut self, pool_id: &str, key: &str) -> Result<(String, Value), Fault> {
        let pool: &UserPool = self.pool_by_id(pool_id)?;
        Ok(match pool.users.get(key) {
            Some(user) => (user.username.clone(), user.told()),
            None => (key.to_owned(), json!({})),
        })
    }
}

impl App {
    /// Adds `userNotFound`, which functions of clients are told that hide who exists.
    pub(super) fn tell_existence(&self, request: &mut Value, exists: bool) {
        if self.hides_users() {
            request["userNotFound"] = (!exists).into();
        }
    }
}
