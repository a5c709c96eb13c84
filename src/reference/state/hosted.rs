//! What the pages that users see are made of: styles, terms, customizations of the classic pages.

use serde_json::{Map, Value};

use super::Millis;

/// A managed login style of an app client.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Branding {
    /// A UUID.
    pub id: String,
    /// Client it belongs to.
    pub client_id: String,
    /// The defaults of the service apply.
    pub defaults: bool,
    /// `Settings` as given; `None` when the caller gave none.
    pub settings: Option<Value>,
    /// `Assets` as given.
    pub assets: Vec<Value>,
    /// Creation time.
    pub created: Millis,
    /// Time of the last change.
    pub modified: Millis,
}

/// Terms documents of an app client: one kind, in one or more languages.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Terms {
    /// A UUID.
    pub id: String,
    /// Client it belongs to.
    pub client_id: String,
    /// Name, source, enforcement and links, by member name.
    pub settings: Map<String, Value>,
    /// Creation time.
    pub created: Millis,
    /// Time of the last change.
    pub modified: Millis,
}

/// A customization of the classic hosted UI.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UiCustomization {
    /// Style sheet.
    pub css: Option<String>,
    /// Image, base64 as given.
    pub image: Option<String>,
    /// Creation time.
    pub created: Millis,
    /// Time of the last change.
    pub modified: Millis,
}
