//! Everything the reference remembers. Typed, cloneable, comparable; no clock, no I/O.

mod hosted;
mod protection;

use std::borrow::Borrow;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use serde_json::{Map, Value};

pub use super::described::Described;
use crate::webauthn::relying_party::Registered;
pub use hosted::{Branding, Terms, UiCustomization};
pub use protection::{AuthEvent, Replica, RiskConfiguration};

/// Milliseconds since the epoch.
pub type Millis = u64;

/// Tags by key.
pub type Tags = BTreeMap<String, String>;

/// The state of one account in one region. A copy shares what neither side changes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    /// User pools by id.
    pub pools: BTreeMap<String, Arc<UserPool>>,
    /// Identity pools by id.
    pub identity_pools: BTreeMap<String, IdentityPool>,
    /// Domains of user pools by name: a name is taken once in a region.
    pub domains: BTreeMap<String, Domain>,
    /// Messages that would have been sent, oldest first; bounded.
    pub outbox: VecDeque<Arc<Message>>,
    /// Rates of API categories that were set, requests per second.
    pub provisioned_limits: BTreeMap<String, i64>,
}

/// A user pool and everything in it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UserPool {
    /// `<region>_<9 alphanumerics>`.
    pub id: String,
    /// Members of `UserPoolType` that the caller sets, defaults filled in.
    pub settings: Map<String, Value>,
    /// Schema of the attributes, standard ones first; names with their `custom:` prefix.
    pub schema: Vec<SchemaAttribute>,
    /// Creation time.
    pub created: Millis,
    /// Time of the last change.
    pub modified: Millis,
    /// App clients by id.
    pub clients: BTreeMap<String, Client>,
    /// Users by username as first given (folded where the pool ignores case).
    pub users: BTreeMap<String, User>,
    /// Groups by name.
    pub groups: BTreeMap<String, Group>,
    /// Identity providers by name.
    pub identity_providers: BTreeMap<String, IdentityProvider>,
    /// Resource servers by identifier.
    pub resource_servers: BTreeMap<String, ResourceServer>,
    /// Import jobs by id.
    pub import_jobs: BTreeMap<String, ImportJob>,
    /// Pending challenges by session string.
    pub challenges: BTreeMap<Secret, PendingChallenge>,
    /// Sign-ins by `origin_jti`.
    pub sessions: BTreeMap<String, SignIn>,
    /// MFA settings that `SetUserPoolMfaConfig` keeps beside the pool, by member name.
    pub mfa: Map<String, Value>,
    /// Whether and how sessions are tracked.
    pub session_tracking: SessionTracking,
    /// Full names of its domains: a custom one, one of the service's.
    pub hosts: BTreeSet<String>,
    /// Tags.
    pub tags: Tags,
    /// Managed login styles by id.
    pub brandings: BTreeMap<String, Branding>,
    /// Terms documents by id.
    pub terms: BTreeMap<String, Terms>,
    /// Customizations of the classic hosted UI, by client id or `ALL`.
    pub ui_customizations: BTreeMap<String, UiCustomization>,
    /// Where logs go: configurations as given.
    pub log_configurations: Vec<Value>,
    /// Risk configurations by client id; the pool's own under the empty string.
    pub risks: BTreeMap<String, RiskConfiguration>,
    /// Replicas by region.
    pub replicas: BTreeMap<String, Replica>,
    /// Its description as text, while it holds.
    pub described: Described,
}

/// One attribute of a pool's schema.
#[derive(Clone, Debug, PartialEq)]
pub struct SchemaAttribute {
    /// Full name, such as `email` or `custom:region`.
    pub name: String,
    /// `String`, `Number`, `DateTime` or `Boolean`.
    pub data_type: String,
    /// Can be changed once it has a value.
    pub mutable: bool,
    /// Must be given at sign-up.
    pub required: bool,
    /// Only administrators may write it.
    pub developer_only: bool,
    /// Least and greatest length of a string.
    pub length: Option<(Option<u64>, Option<u64>)>,
    /// Least and greatest number.
    pub range: Option<(Option<i64>, Option<i64>)>,
}

/// An app client.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Client {
    /// 26 lower-case alphanumerics.
    pub id: String,
    /// The secrets that are valid, oldest first; none for a public client.
    pub secrets: Vec<ClientSecret>,
    /// Members of `UserPoolClientType` that the caller sets, defaults filled in.
    pub settings: Map<String, Value>,
    /// For how many minutes an SSO session is reused, where it was set.
    pub sso_minutes: Option<u64>,
    /// Creation time.
    pub created: Millis,
    /// Time of the last change.
    pub modified: Millis,
}

/// One secret of an app client.
#[derive(Clone, Debug, PartialEq)]
pub struct ClientSecret {
    /// `<client id>--<creation time>`.
    pub id: String,
    /// The secret.
    pub value: Secret,
    /// Creation time.
    pub created: Millis,
}

/// Session management of a user pool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionTracking {
    /// Sign-ins leave session records.
    pub enabled: bool,
    /// Most token sessions of a user.
    pub most: u64,
}

impl Default for SessionTracking {
    fn default() -> Self {
        // API reference, GetUserPoolSessionConfiguration.
        Self { enabled: false, most: 20 }
    }
}

/// A user's place in its life cycle.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum UserStatus {
    /// Signed up, not confirmed.
    #[default]
    Unconfirmed,
    /// Confirmed.
    Confirmed,
    /// Confirmed, must reset the password before signing in.
    ResetRequired,
    /// Created by an administrator, holds a temporary password.
    ForceChangePassword,
    /// Signed in through another identity provider.
    ExternalProvider,
}

impl UserStatus {
    /// Returns the status as the API spells it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Unconfirmed => "UNCONFIRMED",
            Self::Confirmed => "CONFIRMED",
            Self::ResetRequired => "RESET_REQUIRED",
            Self::ForceChangePassword => "FORCE_CHANGE_PASSWORD",
            Self::ExternalProvider => "EXTERNAL_PROVIDER",
        }
    }
}

/// A user of a user pool.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct User {
    /// Username as first given; a UUID where the pool signs in by e-mail or phone number.
    pub username: String,
    /// The `sub` attribute, a UUID.
    pub sub: String,
    /// Attributes other than `sub`.
    pub attributes: BTreeMap<String, String>,
    /// Values that wait for verification before they replace the current one.
    pub pending_attributes: BTreeMap<String, String>,
    /// May sign in.
    pub enabled: bool,
    /// Place in the life cycle.
    pub status: UserStatus,
    /// The password; `None` for users without one.
    pub password: Option<Secret>,
    /// Passwords it replaced, newest first; as many as a policy can ask about.
    pub former_passwords: VecDeque<Secret>,
    /// When the temporary password stops working.
    pub temporary_until: Option<Millis>,
    /// Salt of the SRP verifier.
    pub srp_salt: Vec<u8>,
    /// Creation time.
    pub created: Millis,
    /// Time of the last change.
    pub modified: Millis,
    /// Groups it belongs to.
    pub groups: BTreeSet<String>,
    /// Accounts at identity providers that sign in as this user, oldest first.
    pub identities: Vec<LinkedAccount>,
    /// Codes that were sent, by purpose.
    pub codes: BTreeMap<CodePurpose, Code>,
    /// Software token, once associated.
    pub totp: Option<SoftwareToken>,
    /// Factors that are switched on, as `UserMFASettingList` spells them.
    pub mfa: BTreeSet<String>,
    /// Preferred factor.
    pub preferred_mfa: Option<String>,
    /// Legacy `MFAOptions`: attribute name to delivery medium.
    pub mfa_options: BTreeMap<String, String>,
    /// Remembered and merely known devices, by key.
    pub devices: BTreeMap<String, Device>,
    /// Passkeys by credential id.
    pub passkeys: BTreeMap<String, Passkey>,
    /// Registrations of passkeys that are under way, by challenge.
    pub passkey_challenges: BTreeMap<String, PasskeyChallenge>,
    /// Failed password attempts since the last success.
    pub failures: u32,
    /// Until when sign-in is refused after repeated failures.
    pub locked_until: Option<Millis>,
    /// When each rate-limited operation was called, by operation: attempts in the last hour.
    pub attempts: BTreeMap<String, Vec<Millis>>,
    /// Attempts to sign in that threat protection saw, oldest first.
    pub auth_events: Vec<AuthEvent>,
}

/// What a code proves. Orders codes in a user's map.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CodePurpose {
    /// `ConfirmSignUp`.
    SignUp,
    /// `ConfirmForgotPassword`.
    ResetPassword,
    /// `VerifyUserAttribute`, of the named attribute.
    Attribute(String),
    /// A sign-in factor (`SMS_MFA`, `EMAIL_OTP`).
    SignIn,
}

/// A code that was sent.
#[derive(Clone, Debug, PartialEq)]
pub struct Code {
    /// The code.
    pub value: Secret,
    /// When it stops working.
    pub expires: Millis,
    /// Attribute whose value it was sent to (`email`, `phone_number`).
    pub attribute: String,
}

/// A user's software token.
#[derive(Clone, Debug, PartialEq)]
pub struct SoftwareToken {
    /// Base32 seed.
    pub seed: Secret,
    /// Base32 seed that will replace it once it is proved.
    pub next_seed: Option<Secret>,
    /// The user has proved to hold it.
    pub verified: bool,
    /// Name of the device it lives on.
    pub friendly_name: Option<String>,
    /// Time steps whose codes were used.
    pub used_steps: BTreeSet<u64>,
}

/// A device of a user.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Device {
    /// `<region>_<uuid>`.
    pub key: String,
    /// Group key, part of the device's SRP identity.
    pub group_key: String,
    /// Name the user gave it.
    pub name: Option<String>,
    /// `ConfirmDevice` was called for it.
    pub confirmed: bool,
    /// It is remembered: it may stand in for a factor.
    pub remembered: bool,
    /// SRP password verifier, base64 as given.
    pub verifier: Option<Secret>,
    /// SRP salt, base64 as given.
    pub salt: Option<Secret>,
    /// Creation time.
    pub created: Millis,
    /// Time of the last change.
    pub modified: Millis,
    /// Time of the last sign-in from it.
    pub authenticated: Millis,
}

/// A passkey of a user.
#[derive(Clone, Debug, PartialEq)]
pub struct Passkey {
    /// What its registration showed.
    pub credential: Registered,
    /// Relying party it is bound to.
    pub relying_party: String,
    /// Creation time.
    pub created: Millis,
}

/// A registration of a passkey that waits for the authenticator's answer.
#[derive(Clone, Debug, PartialEq)]
pub struct PasskeyChallenge {
    /// Client whose access token began it.
    pub client_id: String,
    /// When it is forgotten.
    pub expires: Millis,
}

/// A group of a user pool.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Group {
    /// Name as given.
    pub name: String,
    /// Description, role and precedence, as given.
    pub settings: Map<String, Value>,
    /// Creation time.
    pub created: Millis,
    /// Time of the last change.
    pub modified: Millis,
}

/// A user's account at an identity provider.
#[derive(Clone, Debug, PartialEq)]
pub struct LinkedAccount {
    /// Name of the provider.
    pub provider: String,
    /// Type of the provider, as the API spells it.
    pub provider_type: String,
    /// Attribute of the provider that identifies the account; `Cognito_Subject` stands for its
    /// subject.
    pub attribute: String,
    /// Value of that attribute.
    pub value: String,
    /// When it was linked.
    pub created: Millis,
}

/// An identity provider of a user pool.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct IdentityProvider {
    /// Name as given.
    pub name: String,
    /// Type, as the API spells it.
    pub provider_type: String,
    /// Details by name, those that the service adds included.
    pub details: BTreeMap<String, Secret>,
    /// Mapping of attributes and contexts, identifiers; as given.
    pub settings: Map<String, Value>,
    /// Creation time.
    pub created: Millis,
    /// Time of the last change.
    pub modified: Millis,
}

/// A resource server of a user pool: an API and the scopes that open it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ResourceServer {
    /// Identifier as given; the scopes begin with it.
    pub identifier: String,
    /// Name as given.
    pub name: String,
    /// Scopes with their descriptions, as given.
    pub scopes: Vec<Value>,
}

/// A domain of a user pool.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Domain {
    /// Prefix, or full name of a custom domain.
    pub name: String,
    /// Pool it belongs to.
    pub pool_id: String,
    /// Members that the caller sets, defaults filled in.
    pub settings: Map<String, Value>,
    /// Name of the distribution in front of it.
    pub distribution: String,
    /// When it was created or last changed.
    pub modified: Millis,
}

/// A user import job.
#[derive(Clone, Default, PartialEq)]
pub struct ImportJob {
    /// `import-<10 alphanumerics>`.
    pub id: String,
    /// Name as given.
    pub name: String,
    /// Role that writes the log.
    pub role: String,
    /// `Created`, `Pending`, `InProgress`, `Stopping`, `Expired`, `Stopped`, `Failed`, `Succeeded`.
    pub status: String,
    /// Where the CSV is put, before the job's start.
    pub upload_url: String,
    /// Creation time.
    pub created: Millis,
    /// Start, once started.
    pub started: Option<Millis>,
    /// End, once ended.
    pub completed: Option<Millis>,
    /// Users imported, skipped and failed.
    pub counts: (u64, u64, u64),
    /// Why it ended.
    pub completion_message: Option<String>,
    /// Algorithm of the hashes in the file, as given.
    pub hashing: Option<String>,
    /// The uploaded file.
    pub csv: Option<Vec<u8>>,
    /// Lines of the file that wait for their import, once it is read.
    pub queue: VecDeque<ImportLine>,
}

impl fmt::Debug for ImportJob {
    /// Leaves out the address, which lets anybody put a file, and what the file holds.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ImportJob")
            .field("id", &self.id)
            .field("name", &self.name)
            .field("role", &self.role)
            .field("status", &self.status)
            .field("created", &self.created)
            .field("started", &self.started)
            .field("completed", &self.completed)
            .field("counts", &self.counts)
            .field("completion_message", &self.completion_message)
            .field("hashing", &self.hashing)
            .field("csv_bytes", &self.csv.as_ref().map(Vec::len))
            .field("queue_lines", &self.queue.len())
            .finish_non_exhaustive()
    }
}

/// One line of an import file: values by column, blank ones left out; `None` for a line that does
/// not fit the header.
pub type ImportLine = Option<BTreeMap<String, String>>;

/// A challenge that waits for its answer.
#[derive(Clone, PartialEq)]
pub struct PendingChallenge {
    /// Username the flow is about; it may not exist (simulated challenge).
    pub username: String,
    /// Client the flow began at.
    pub client_id: String,
    /// Challenge name as the API spells it.
    pub challenge: String,
    /// Flow it belongs to, as `AuthFlow` spells it.
    pub flow: String,
    /// When the session stops working.
    pub expires: Millis,
    /// What the flow needs to remember (SRP values, device key), by name.
    pub data: BTreeMap<String, String>,
}

impl fmt::Debug for PendingChallenge {
    /// Shows the names only of what the flow remembers: there are answers among it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PendingChallenge")
            .field("username", &self.username)
            .field("client_id", &self.client_id)
            .field("challenge", &self.challenge)
            .field("flow", &self.flow)
            .field("expires", &self.expires)
            .field("data", &self.data.keys())
            .finish()
    }
}

/// A completed sign-in: the family of tokens with one `origin_jti`.
#[derive(Clone, Debug, PartialEq)]
pub struct SignIn {
    /// `origin_jti`.
    pub id: String,
    /// Who signed in.
    pub username: String,
    /// Where.
    pub client_id: String,
    /// The refresh token.
    pub refresh_token: Secret,
    /// Refresh tokens it replaced by rotation, each with the time from which it is refused.
    pub retired_tokens: Vec<(Secret, Millis)>,
    /// When the user authenticated.
    pub authenticated: Millis,
    /// When the refresh token stops working.
    pub expires: Millis,
    /// Signed out or revoked.
    pub revoked: bool,
    /// Its user was deleted; a later user of the same name is somebody else.
    pub user_gone: bool,
    /// Device it was made from.
    pub device_key: Option<String>,
    /// Flow it was made with.
    pub flow: String,
    /// Id of its session record, where the pool tracks sessions.
    pub session_id: Option<String>,
    /// When its refresh token was last used.
    pub active: Millis,
}

/// An identity pool.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct IdentityPool {
    /// `<region>:<uuid>`.
    pub id: String,
    /// Members of `IdentityPool` as given.
    pub settings: Map<String, Value>,
    /// Identities by id.
    pub identities: BTreeMap<String, Identity>,
    /// `Roles` and `RoleMappings`, as given.
    pub roles: Map<String, Value>,
    /// `UseDefaults` and `PrincipalTags`, as given, by provider.
    pub tag_maps: BTreeMap<String, Map<String, Value>>,
}

/// Somebody an identity pool knows: a guest until a login is linked.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Identity {
    /// `<region>:<uuid>`.
    pub id: String,
    /// Creation time.
    pub created: Millis,
    /// Time of the last change.
    pub modified: Millis,
    /// Who the identity is at each provider that is linked, by the provider's name.
    pub logins: BTreeMap<String, String>,
    /// Who it is at the pool's developer provider; merging gives several.
    pub developer_users: BTreeSet<String>,
    /// Lost its last login, or was merged into another: nobody can prove to be it.
    pub disabled: bool,
}

/// A message that would have been sent.
#[derive(Clone, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Message {
    /// Pool it was sent for.
    pub user_pool_id: String,
    /// User it was sent to.
    pub username: String,
    /// `EMAIL` or `SMS`.
    pub medium: String,
    /// Full address.
    pub destination: String,
    /// Attribute that holds the address.
    pub attribute: String,
    /// Which trigger source it belongs to, such as `CustomMessage_SignUp`.
    pub purpose: String,
    /// The code or temporary password in it.
    pub code: String,
    /// Subject line; text messages have none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// Text, placeholders filled in.
    pub body: String,
    /// When it was sent, milliseconds since the epoch.
    pub sent: Millis,
}

impl fmt::Debug for Message {
    /// Leaves out the code, and the texts that may repeat it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("user_pool_id", &self.user_pool_id)
            .field("username", &self.username)
            .field("medium", &self.medium)
            .field("destination", &self.destination)
            .field("attribute", &self.attribute)
            .field("purpose", &self.purpose)
            .field("sent", &self.sent)
            .finish_non_exhaustive()
    }
}

/// A value that never appears in debug output; as the key of a map, found by its text.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Secret(pub String);

impl Borrow<str> for Secret {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(value: &dyn fmt::Debug) {
        let shown = format!("{value:?}");
        assert!(!shown.contains("hidden"), "{shown}");
    }

    #[test]
    fn debug_output_shows_no_secrets() {
        let hidden = || "hidden".to_owned();
        check(&ImportJob {
            upload_url: hidden(),
            csv: Some(hidden().into_bytes()),
            queue: [Some(BTreeMap::from([("hash".to_owned(), hidden())]))].into(),
            ..ImportJob::default()
        });
        let pending = PendingChallenge {
            username: "ann".into(),
            client_id: "client".into(),
            challenge: "CUSTOM_CHALLENGE".into(),
            flow: "CUSTOM_AUTH".into(),
            expires: 0,
            data: [("answer".to_owned(), hidden())].into(),
        };
        check(&UserPool {
            challenges: [(Secret(hidden()), pending)].into(),
            ..UserPool::default()
        });
        check(&AuthEvent { session: Some(Secret(hidden())), ..AuthEvent::default() });
        check(&Message {
            user_pool_id: String::new(),
            username: "ann".into(),
            medium: "EMAIL".into(),
            destination: "a@b.c".into(),
            attribute: "email".into(),
            purpose: "CustomMessage_SignUp".into(),
            code: hidden(),
            subject: Some(hidden()),
            body: hidden(),
            sent: 0,
        });
    }
}
