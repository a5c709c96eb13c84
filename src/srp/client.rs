//! The client half: what an application computes to sign in without sending the password.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use num_bigint::BigUint;

use super::{Claim, GROUP_15, Identity, number, padded, read, scrambler, session_key};

/// A value of the server that the client cannot use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// `SALT` is not a hexadecimal number.
    #[error("`SALT` is not a hexadecimal number")]
    Salt,
    /// `SRP_B` is not a hexadecimal number, or is zero in the group.
    #[error("`SRP_B` is not a number of the group")]
    ServerValue,
    /// `SECRET_BLOCK` is not base64.
    #[error("`SECRET_BLOCK` is not base64")]
    SecretBlock,
}

/// One exchange: an ephemeral secret and the public value that follows from it.
#[derive(Clone, PartialEq, Eq)]
pub struct Exchange {
    secret: BigUint,
    public: BigUint,
}

/// What `ConfirmDevice` sends as `DeviceSecretVerifierConfig`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceVerifier {
    /// `PasswordVerifier`, base64.
    pub password_verifier: String,
    /// `Salt`, base64.
    pub salt: String,
}

impl Exchange {
    /// Begins an exchange with an ephemeral secret, best of 32 random bytes or more.
    pub fn new(secret: &[u8]) -> Self {
        let secret = number(secret);
        let public = GROUP_15.power(&secret);
        Self { secret, public }
    }

    /// Returns `SRP_A`.
    pub fn public(&self) -> String {
        self.public.to_str_radix(16)
    }

    /// Returns `PASSWORD_CLAIM_SIGNATURE` for a claim, from the challenge's `SALT` and `SRP_B`.
    ///
    /// # Errors
    /// The salt or the server's value is not a number the group allows.
    pub fn signature(
        &self,
        claim: &Claim<'_>,
        password: &str,
        salt: &str,
        srp_b: &str,
    ) -> Result<String, Error> {
        let group = &*GROUP_15;
        let salt = read(salt).ok_or(Error::Salt)?;
        let b = read(srp_b).filter(|b| b % &group.n != BigUint::ZERO).ok_or(Error::ServerValue)?;
        let u = scrambler(&self.public, &b);
        let x = claim.identity.private_key(&salt.to_bytes_be(), password);
        let taken = (&group.k * group.power(&x)) % &group.n;
        let base = (b + &group.n - taken) % &group.n;
        let exponent = &self.secret + &u * x;
        // A server that keeps no secret of its own leaves the generator.
        let shared = match base == group.g {
            true => group.power(&exponent),
            false => base.modpow(&exponent, &group.n),
        };
        Ok(claim.signature(&session_key(&shared, &u)))
    }
}

/// Decodes a challenge's `SECRET_BLOCK`.
///
/// # Errors
/// It is not base64.
pub fn secret_block(text: &str) -> Result<Vec<u8>, Error> {
    STANDARD.decode(text).map_err(|_| Error::SecretBlock)
}

/// Returns what `ConfirmDevice` is told about a device that will prove `password` later.
///
/// `group_key` and `key` come from `NewDeviceMetadata`; `salt` is best of 16 random bytes.
pub fn device_verifier(group_key: &str, key: &str, password: &str, salt: &[u8]) -> DeviceVerifier {
    let identity = Identity { pool: group_key, user: key };
    DeviceVerifier {
        password_verifier: STANDARD.encode(padded(&identity.verifier(salt, password))),
        salt: STANDARD.encode(padded(&number(salt))),
    }
}
