//! What the models do not say but the harness needs: which values the server chooses, and which
//! must never be shown.
//!
//! Models mark ids, user names and attribute values as `sensitive` and leave some bearer tokens
//! unmarked, so neither canonical form nor redaction can rest on that trait alone. The tables
//! below are ours; they go by shape name, which is the same in every model format.

use crate::catalogue::Volatile;

const TOKENS: &[&str] = &[
    "AccessTokenType",
    "GetDerivedTokenTokenModelType",
    "IdentityProviderToken",
    "OIDCToken",
    "PaginationKey",
    "PaginationKeyType",
    "SearchPaginationTokenType",
    "SessionTokenString",
    "SessionType",
    "TokenModelType",
];

const SECRETS: &[&str] = &[
    "ClientSecretType",
    "ConfirmationCodeType",
    "ForceAliasCode",
    "PasswordType",
    "SecretCodeType",
    "SecretHashType",
    "SecretKeyString",
    "SoftwareTokenMFAUserCodeType",
    "PreSignedUrlType",
];

const IDS: &[&str] = &[
    "ARNString",
    "AccessKeyString",
    "ClientIdType",
    "ClientSecretIdType",
    "DeviceKeyType",
    "EventIdType",
    "IdentityId",
    "IdentityPoolId",
    "ManagedLoginBrandingIdType",
    "SessionIdType",
    "TermsIdType",
    "UserImportJobIdType",
    "UserPoolIdType",
];

/// Returns how a value of the named shape comes about, when the server (or a secret) decides.
pub(super) fn volatile(shape: &str, is_timestamp: bool) -> Option<Volatile> {
    if is_timestamp {
        return Some(Volatile::Time);
    }
    let tables = [(TOKENS, Volatile::Token), (SECRETS, Volatile::Secret), (IDS, Volatile::Id)];
    tables.into_iter().find(|(table, _)| table.contains(&shape)).map(|(_, kind)| kind)
}
