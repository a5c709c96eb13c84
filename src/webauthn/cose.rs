//! The public keys of passkeys, in the form COSE gives them.

use ciborium::Value;
use ring::signature::{
    ECDSA_P256_SHA256_ASN1, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};

/// COSE's numbers for the two kinds of key and signature (IANA COSE registries).
const ES256: i64 = -7;
const RS256: i64 = -257;
const EC2: i64 = 2;
const RSA: i64 = 3;
const P256: i64 = 1;

/// A public key that signs assertions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PublicKey {
    /// ECDSA over P-256 with SHA-256.
    Es256 {
        /// First coordinate of the point.
        x: [u8; 32],
        /// Second coordinate.
        y: [u8; 32],
    },
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256 {
        /// Modulus, big-endian.
        n: Vec<u8>,
        /// Exponent, big-endian.
        e: Vec<u8>,
    },
}

/// Why a key is of no use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Useless {
    /// It is no COSE key.
    Malformed,
    /// It is for another algorithm or curve.
    Unsupported,
}

impl PublicKey {
    /// Reads a `COSE_Key`.
    pub(super) fn read(key: &Value) -> Result<Self, Useless> {
        let entries = key.as_map().ok_or(Useless::Malformed)?;
        let entry = |label: i64| {
            let mut found = entries.iter().filter(|(name, _)| integer(name) == Some(label));
            found.next().map(|(_, value)| value)
        };
        let number = |label| entry(label).and_then(integer).ok_or(Useless::Malformed);
        let bytes = |label| entry(label).and_then(Value::as_bytes).ok_or(Useless::Malformed);
        let coordinate =
            |label| bytes(label)?.as_slice().try_into().map_err(|_| Useless::Malformed);
        match (number(1)?, number(3)?) {
            (EC2, ES256) if number(-1)? == P256 => {
                Ok(Self::Es256 { x: coordinate(-2)?, y: coordinate(-3)? })
            }
            (RSA, RS256) => Ok(Self::Rs256 { n: bytes(-1)?.clone(), e: bytes(-2)?.clone() }),
            _ => Err(Useless::Unsupported),
        }
    }

    /// Returns the key as a `COSE_Key`.
    pub(super) fn cose(&self) -> Value {
        let entries = match self {
            Self::Es256 { x, y } => vec![
                (1, EC2.into()),
                (3, ES256.into()),
                (-1, P256.into()),
                (-2, Value::Bytes(x.to_vec())),
                (-3, Value::Bytes(y.to_vec())),
            ],
            Self::Rs256 { n, e } => vec![
                (1, RSA.into()),
                (3, RS256.into()),
                (-1, Value::Bytes(n.clone())),
                (-2, Value::Bytes(e.clone())),
            ],
        };
        Value::Map(entries.into_iter().map(|(label, value)| (Value::from(label), value)).collect())
    }

    /// Tells whether the key's owner signed `message`.
    pub(super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::Es256 { x, y } => {
                let point = [&[0x04], x.as_slice(), y.as_slice()].concat();
                let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point);
                key.verify(message, signature).is_ok()
            }
            Self::Rs256 { n, e } => {
                let key = RsaPublicKeyComponents { n, e };
                key.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature).is_ok()
            }
        }
    }
}

fn integer(value: &Value) -> Option<i64> {
    value.as_integer().and_then(|number| number.try_into().ok())
}
