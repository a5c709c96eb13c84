//! Kinds of what must not be shown, and how a member's name tells them.

/// What a value is that must not be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A password, temporary ones too.
    Password,
    /// An access, ID, refresh or OpenID token.
    Token,
    /// What leads from one challenge to the next.
    Session,
    /// An app client's secret.
    ClientSecret,
    /// The proof that a caller knows it.
    SecretHash,
    /// A code that was sent, or that an application computes.
    Code,
    /// The key of an application that computes codes.
    TotpSecret,
    /// What an SRP sign-in or a device proves itself with.
    Proof,
    /// The secret half of AWS credentials.
    SecretKey,
    /// What makes temporary AWS credentials valid.
    SessionToken,
    /// The public half of AWS credentials.
    AccessKeyId,
    /// A client's id and secret in a header.
    BasicCredentials,
    /// An e-mail address outside the domains that are reserved for examples.
    EMail,
    /// A telephone number that somebody may have.
    PhoneNumber,
}

impl Kind {
    /// Returns what to call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Token => "token",
            Self::Session => "session",
            Self::ClientSecret => "client-secret",
            Self::SecretHash => "secret-hash",
            Self::Code => "code",
            Self::TotpSecret => "totp-secret",
            Self::Proof => "proof",
            Self::SecretKey => "secret-key",
            Self::SessionToken => "session-token",
            Self::AccessKeyId => "access-key-id",
            Self::BasicCredentials => "basic-credentials",
            Self::EMail => "e-mail",
            Self::PhoneNumber => "phone-number",
        }
    }

    /// Returns the kind of what stands in a member, by the member's name alone: `SECRET_HASH`,
    /// `SecretHash` and `secret_hash` are one.
    pub(super) fn of_member(name: &str) -> Option<Self> {
        let plain = name.bytes().filter(u8::is_ascii_alphanumeric);
        let folded: String = plain.map(|b| char::from(b.to_ascii_lowercase())).collect();
        Some(match folded.as_str() {
            "password" | "newpassword" | "previouspassword" | "proposedpassword"
            | "temporarypassword" => Self::Password,
            "accesstoken" | "idtoken" | "refreshtoken" | "token" | "subjecttoken"
            | "actortoken" | "assertion" | "clientassertion" => Self::Token,
            "session" => Self::Session,
            "clientsecret" | "clientsecretvalue" => Self::ClientSecret,
            "secrethash" => Self::SecretHash,
            "code" | "confirmationcode" | "verificationcode" | "usercode" | "answer" => Self::Code,
            "secretcode" => Self::TotpSecret,
            "secretblock"
            | "passwordclaimsecretblock"
            | "passwordclaimsignature"
            | "passwordverifier"
            | "salt"
            | "srpa"
            | "srpb"
            | "privatekey" => Self::Proof,
            "secretkey" | "secretaccesskey" => Self::SecretKey,
            "sessiontoken" | "xamzsecuritytoken" => Self::SessionToken,
            _ if name.ends_with("_CODE") => Self::Code,
            _ => return None,
        })
    }

    /// Tells whether a caller makes it: anything else that is sent was given out by the target, or
    /// is a handle of the wrong kind.
    pub(super) fn is_ours(self) -> bool {
        matches!(self, Self::Password | Self::SecretHash | Self::ClientSecret | Self::Proof)
    }
}
