//! Everything the reference remembers. Typed, cloneable, comparable; no clock, no I/O.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use serde_json::{Map, Value};

/// Milliseconds since the epoch.
pub type Millis = u64;

/// The state of one account in one region. A copy shares what neither side changes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    /// User pools by id.
    pub pools: BTreeMap<String, Arc<UserPool>>,
    /// Identity pools by id.
    pub identity_pools: BTreeMap<String, IdentityPool>,
    /// Messages that would have been sent, oldest first; bounded.
    pub outbox: VecDeque<Arc<Message>>,
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
    /// Import jobs by id.
    pub import_jobs: BTreeMap<String, ImportJob>,
    /// Pending challenges by session string.
    pub challenges: BTreeMap<String, PendingChallenge>,
    /// Sign-ins by `origin_jti`.
    pub sessions: BTreeMap<String, SignIn>,
    /// MFA settings that `SetUserPoolMfaConfig` keeps beside the pool, by member name.
    pub mfa: Map<String, Value>,
    /// Tags.
    pub tags: BTreeMap<String, String>,
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
    /// The client secret, when it has one.
    pub secret: Option<Secret>,
    /// Members of `UserPoolClientType` that the caller sets, defaults filled in.
    pub settings: Map<String, Value>,
    /// Creation time.
    pub created: Millis,
    /// Time of the last change.
    pub modified: Millis,
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
    /// Failed password attempts since the last success.
    pub failures: u32,
    /// Until when sign-in is refused after repeated failures.
    pub locked_until: Option<Millis>,
    /// When each rate-limited operation was called, by operation: attempts in the last hour.
    pub attempts: BTreeMap<String, Vec<Millis>>,
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

/// A user import job.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ImportJob {
    /// `import-<10 alphanumerics>`.
    pub id: String,
    /// Name as given.
    pub name: String,
    /// Role that writes the log.
    pub role: String,
    /// `Created`, `Pending`, `InProgress`, `Stopping`, `Expired`, `Stopped`, `Failed`, `Succeeded`.
    pub status: String,
    /// Where the CSV would be put.
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
    /// The uploaded CSV.
    pub csv: Option<String>,
}

/// A challenge that waits for its answer.
#[derive(Clone, Debug, PartialEq)]
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
    /// Device it was made from.
    pub device_key: Option<String>,
    /// Flow it was made with.
    pub flow: String,
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
#[derive(Clone, Debug, PartialEq, Serialize)]
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
    /// When it was sent, milliseconds since the epoch.
    pub sent: Millis,
}

/// A value that never appears in debug output.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Secret(pub String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}
