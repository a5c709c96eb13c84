//! SRP-6a as the service and its clients do it, for passwords and for devices.
//!
//! It departs from RFC 5054 in the multiplier (`k` hashes `g` as one byte), in how numbers are
//! padded (a sign byte only), and in a key derivation of its own. The arithmetic is shared by
//! [`client`], which scenarios use, and by the server half of the reference. Randomness and time
//! come in as arguments.
//!
//! Source: NabuCasa/pycognito `aws_srp.py` and `AuthenticationHelper.js` of the official
//! JavaScript client, both of which sign in at the real service.

pub mod client;
pub mod timestamp;

use std::cell::RefCell;
use std::collections::VecDeque;
use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use num_bigint::BigUint;
use ring::{digest, hmac};

/// The 3072-bit group of RFC 3526 (number 15).
const GROUP: &[u8] = b"\
    FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74\
    020BBEA63B139B22514A08798E3404DDEF9519B3CD3A431B302B0A6DF25F1437\
    4FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED\
    EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163BF05\
    98DA48361C55D39A69163FA8FD24CF5F83655D23DCA3AD961C62F356208552BB\
    9ED529077096966D670C354E4ABC9804F1746C08CA18217C32905E462E36CE3B\
    E39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF695581718\
    3995497CEA956AE515D2261898FA051015728E5A8AAAC42DAD33170D04507A33\
    A85521ABDF1CBA64ECFB850458DBEF0A8AEA71575D060C7DB3970F85A6E1E4C7\
    ABF5AE8CDB0933D71E8C94E04A25619DCEE3D2261AD2EE6BF12FFA06D98A0864\
    D87602733EC86A64521F2B18177B200CBBE117577A615D6C770988C0BAD946E2\
    08E24FA074E5AB3143DB5BFCE0FD108E4B82D120A93AD2CAFFFFFFFFFFFFFFFF";

/// Info of the key derivation.
const INFO: &[u8] = b"Caldera Derived Key";

/// Longest number, in hexadecimal digits, that is read: the group's size and a sign byte.
const LONGEST: usize = 3072 / 4 + 2;

/// Modulus, generator and multiplier.
struct Group {
    n: BigUint,
    g: BigUint,
    k: BigUint,
    /// For each six bits of an exponent, from the last on: the generator's powers by their values.
    powers: Vec<[BigUint; 63]>,
}

/// Longest exponent, in bytes, whose power of the generator is looked up: a sum of a hash and a
/// product of two.
const TABLE_BYTES: usize = 65;

/// How many times six bits those bytes are.
const TABLE_ROWS: usize = (TABLE_BYTES * 8).div_ceil(6);

/// How many powers of the generator a thread remembers: both sides of an exchange, and the
/// reference that is asked the same, need the same ones within moments.
const RECENT: usize = 8;

thread_local! {
    static POWERS: RefCell<VecDeque<(BigUint, BigUint)>> = const { RefCell::new(VecDeque::new()) };
}

static GROUP_15: LazyLock<Group> = LazyLock::new(|| {
    let n = BigUint::parse_bytes(GROUP, 16).expect("the constant is hexadecimal");
    let k = number(&sha256(&[&padded(&n), &[2]]));
    let g = BigUint::from(2u8);
    let mut base = g.clone();
    let mut powers = Vec::with_capacity(TABLE_ROWS);
    for _ in 0..TABLE_ROWS {
        let mut power = BigUint::from(1u8);
        let row = std::array::from_fn(|_| {
            power = &power * &base % &n;
            power.clone()
        });
        base = power * base % &n;
        powers.push(row);
    }
    Group { n, g, k, powers }
});

impl Group {
    /// Returns a power of the generator: a product of what the table holds, a quarter of the work
    /// of squaring and multiplying.
    fn power(&self, exponent: &BigUint) -> BigUint {
        let recent = POWERS.with_borrow(|powers| {
            powers.iter().find(|(known, _)| known == exponent).map(|(_, power)| power.clone())
        });
        recent.unwrap_or_else(|| {
            let power = self.product(exponent);
            POWERS.with_borrow_mut(|powers| {
                powers.truncate(RECENT - 1);
                powers.push_front((exponent.clone(), power.clone()));
            });
            power
        })
    }

    fn product(&self, exponent: &BigUint) -> BigUint {
        if exponent.bits() > TABLE_BYTES as u64 * 8 {
            return self.g.modpow(exponent, &self.n);
        }
        let digits = exponent.to_radix_le(64);
        let mut factors = self.powers.iter().zip(digits).filter(|(_, digit)| *digit > 0);
        let of = |row: &[BigUint; 63], digit: u8| row[usize::from(digit) - 1].clone();
        let first = factors.next().map_or(BigUint::from(1u8), |(row, digit)| of(row, digit));
        factors
            .fold(first, |product, (row, digit)| product * &row[usize::from(digit) - 1] % &self.n)
    }
}

/// Whose password is proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity<'a> {
    /// The pool id's part after the underscore; for a device, its group key.
    pub pool: &'a str,
    /// `USER_ID_FOR_SRP`; for a device, its key.
    pub user: &'a str,
}

/// What both sides sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim<'a> {
    /// Whose password is proved.
    pub identity: Identity<'a>,
    /// `SECRET_BLOCK`, decoded.
    pub secret_block: &'a [u8],
    /// `TIMESTAMP` as sent.
    pub timestamp: &'a str,
}

impl<'a> Identity<'a> {
    /// Returns the identity of a user of the pool with this id.
    pub fn of_user(pool_id: &'a str, user: &'a str) -> Self {
        Self { pool: pool_id.split_once('_').map_or(pool_id, |(_, name)| name), user }
    }

    /// Returns the private key `x` of a password.
    fn private_key(&self, salt: &[u8], password: &str) -> BigUint {
        let inner =
            sha256(&[self.pool.as_bytes(), self.user.as_bytes(), b":", password.as_bytes()]);
        number(&sha256(&[&padded(&number(salt)), &inner]))
    }

    /// Returns the verifier `v` that a server keeps instead of the password.
    pub fn verifier(&self, salt: &[u8], password: &str) -> BigUint {
        GROUP_15.power(&self.private_key(salt, password))
    }
}

impl Claim<'_> {
    /// Returns the base64 signature of the claim under the session key.
    fn signature(&self, key: &[u8]) -> String {
        let message = [
            self.identity.pool.as_bytes(),
            self.identity.user.as_bytes(),
            self.secret_block,
            self.timestamp.as_bytes(),
        ];
        STANDARD.encode(hmac_sha256(key, &message.concat()))
    }
}

/// The server half of one exchange.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Server {
    /// Public value of the client.
    a: BigUint,
    /// Private value of the server.
    secret: BigUint,
    /// Password verifier.
    verifier: BigUint,
    /// Public value of the server.
    b: BigUint,
}

impl Server {
    /// Begins an exchange; `None` when the client's value is not a number the group allows.
    pub(crate) fn new(srp_a: &str, verifier: BigUint, secret: &[u8]) -> Option<Self> {
        let a = read(srp_a)?;
        let group = &*GROUP_15;
        if &a % &group.n == BigUint::ZERO {
            return None;
        }
        let secret = number(secret);
        let b = (&group.k * &verifier + group.power(&secret)) % &group.n;
        Some(Self { a, secret, verifier, b })
    }

    /// Returns `SRP_B`.
    pub(crate) fn public(&self) -> String {
        self.b.to_str_radix(16)
    }

    /// Tells whether `signature` proves that the client knows the password.
    pub(crate) fn accepts(&self, claim: &Claim<'_>, signature: &str) -> bool {
        let u = scrambler(&self.a, &self.b);
        let n = &GROUP_15.n;
        let shared = (&self.a * self.verifier.modpow(&u, n)).modpow(&self.secret, n);
        claim.signature(&session_key(&shared, &u)) == signature
    }
}

/// Returns `u`, the scrambling parameter.
fn scrambler(a: &BigUint, b: &BigUint) -> BigUint {
    number(&sha256(&[&padded(a), &padded(b)]))
}

/// Derives the 16-byte key both sides sign with.
fn session_key(shared: &BigUint, u: &BigUint) -> [u8; 16] {
    let extracted = hmac_sha256(&padded(u), &padded(shared));
    let expanded = hmac_sha256(&extracted, &[INFO, &[1]].concat());
    std::array::from_fn(|i| expanded[i])
}

/// Reads a hexadecimal number of bounded length.
fn read(hex: &str) -> Option<BigUint> {
    let fits = !hex.is_empty() && hex.len() <= LONGEST;
    let digits = hex.bytes().all(|byte| byte.is_ascii_hexdigit());
    (fits && digits).then(|| BigUint::parse_bytes(hex.as_bytes(), 16)).flatten()
}

/// Returns the bytes of a number, led by a zero where the first would read as a sign.
fn padded(number: &BigUint) -> Vec<u8> {
    let mut bytes = number.to_bytes_be();
    if bytes.first().is_some_and(|first| first & 0x80 != 0) {
        bytes.insert(0, 0);
    }
    bytes
}

fn number(bytes: &[u8]) -> BigUint {
    BigUint::from_bytes_be(bytes)
}

fn sha256(parts: &[&[u8]]) -> Vec<u8> {
    let mut hash = digest::Context::new(&digest::SHA256);
    parts.iter().for_each(|part| hash.update(part));
    hash.finish().as_ref().to_vec()
}

fn hmac_sha256(key: &[u8], message: &[u8]) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), message).as_ref().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALICE: Identity<'_> = Identity { pool: "abcDEF123", user: "alice" };
    const BLOCK: &[u8] = b"secret block";
    const TIME: &str = "Wed Apr 5 22:42:34 UTC 2017";

    #[track_caller]
    fn check(password: &str, secret: u8, time: &str, expected: bool) {
        let salt = [0x9a; 16];
        let client = client::Exchange::new(&[secret; 32]);
        let verifier = ALICE.verifier(&salt, "Passw0rd!");
        let server = Server::new(&client.public(), verifier, &[secret ^ 0x5c; 32]).expect("A fits");
        let claim = Claim { identity: ALICE, secret_block: BLOCK, timestamp: time };
        let salt = number(&salt).to_str_radix(16);
        let signature =
            client.signature(&claim, password, &salt, &server.public()).expect("B is a number");
        let kept = Claim { timestamp: TIME, ..claim };
        assert_eq!(server.accepts(&kept, &signature), expected);
    }

    #[test]
    fn both_halves_agree_on_the_right_password_only() {
        check("Passw0rd!", 3, TIME, true);
        check("Passw0rd!", 0xf1, TIME, true);
        check("passw0rd!", 3, TIME, false);
        check("Passw0rd!", 3, "Wed Apr 5 22:42:35 UTC 2017", false);
    }

    /// What pycognito 2024.5.1 computes from the same numbers.
    #[test]
    fn an_independent_client_computes_the_same() {
        let salt = [0x9a; 16];
        let client = client::Exchange::new(&[3; 32]);
        let server = Server::new(&client.public(), ALICE.verifier(&salt, "Passw0rd!"), &[0x5f; 32]);
        let server = server.expect("A fits");
        let claim = Claim { identity: ALICE, secret_block: BLOCK, timestamp: TIME };
        let salt = number(&salt).to_str_radix(16);
        let signature = client.signature(&claim, "Passw0rd!", &salt, &server.public());
        let expected = "x5fLyAySb7Muyq4OhPdbcRogPLqSc56YfD1xuOfubT4=";
        assert_eq!(signature.as_deref(), Ok(expected));
        assert!(server.accepts(&claim, expected));

        let key = "us-east-1_11111111-2222-4333-8444-555555555555";
        let password = STANDARD.encode([7; 40]);
        let device = client::device_verifier("-gRoUp", key, &password, &[7; 16]);
        assert_eq!(device.salt, "BwcHBwcHBwcHBwcHBwcHBw==");
        assert!(device.password_verifier.starts_with("AKyj7c38ZOlAuL33ttZVRHlUlMauWyfMlsPRZ"));
        assert!(device.password_verifier.ends_with("sfVYqML9RjVpB8g0slEanawjkp1IyBhodxQ=="));
    }

    #[test]
    fn powers_from_the_table_are_those_of_the_generator() {
        let group = &*GROUP_15;
        for exponent in [vec![], vec![1], vec![0xf0], vec![7; 31], vec![0xff; 32], vec![5; 33]] {
            let exponent = number(&exponent);
            assert_eq!(group.power(&exponent), group.g.modpow(&exponent, &group.n), "{exponent}");
        }
    }

    #[test]
    fn odd_values_of_the_client_are_refused() {
        let modulus = GROUP_15.n.to_str_radix(16);
        let long = "f".repeat(5000);
        for a in ["", "0", "00", "-1", "xyz", " 1", modulus.as_str(), &long] {
            assert_eq!(Server::new(a, BigUint::from(5u8), &[1]), None, "{a}");
        }
    }
}
