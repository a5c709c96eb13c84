//! Time-based one-time passwords as software tokens make them: RFC 6238 with SHA-1, steps of 30
//! seconds, six digits.

use ring::hmac;

/// Length of a time step in seconds.
pub const STEP_SECS: u64 = 30;

const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// Returns the code at a point in time, in seconds since the epoch; `None` when the seed is not
/// base32.
pub fn code(seed: &str, unix_secs: u64) -> Option<String> {
    code_of_step(seed, unix_secs / STEP_SECS)
}

/// Returns the code of a time step.
pub(crate) fn code_of_step(seed: &str, step: u64) -> Option<String> {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &decode(seed)?);
    let tag = hmac::sign(&key, &step.to_be_bytes());
    let tag = tag.as_ref();
    let at = usize::from(tag[tag.len() - 1] & 0x0f);
    let word = u32::from_be_bytes([tag[at] & 0x7f, tag[at + 1], tag[at + 2], tag[at + 3]]);
    Some(format!("{:06}", word % 1_000_000))
}

/// Returns bytes as base32 without padding, the form of a `SecretCode`.
pub(crate) fn encode(bytes: &[u8]) -> String {
    let chunk = |five: &[u8]| {
        let mut block = [0; 8];
        block[3..3 + five.len()].copy_from_slice(five);
        let bits = u64::from_be_bytes(block);
        let letters = (five.len() * 8).div_ceil(5);
        (0..letters)
            .map(|i| char::from(ALPHABET[(bits >> (35 - 5 * i)) as usize & 31]))
            .collect::<String>()
    };
    bytes.chunks(5).map(chunk).collect()
}

fn decode(text: &str) -> Option<Vec<u8>> {
    let text = text.trim_end_matches('=');
    let mut bytes = Vec::with_capacity(text.len() * 5 / 8);
    let (mut bits, mut held) = (0u32, 0);
    for letter in text.bytes() {
        let value = ALPHABET.iter().position(|known| *known == letter.to_ascii_uppercase())?;
        bits = (bits << 5 | value as u32) & 0xfff;
        held += 5;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held) as u8);
        }
    }
    (!bytes.is_empty()).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(seed: &str, unix_secs: u64, expected: Option<&str>) {
        assert_eq!(code(seed, unix_secs).as_deref(), expected);
    }

    #[test]
    fn codes_are_those_of_rfc_6238_appendix_b() {
        let seed = encode(b"12345678901234567890");
        check(&seed, 59, Some("287082"));
        check(&seed, 1_111_111_109, Some("081804"));
        check(&seed, 1_234_567_890, Some("005924"));
        check(&seed, 20_000_000_000, Some("353130"));
        check(&seed.to_lowercase(), 59, Some("287082"));
        check("not base32!", 59, None);
        check("", 59, None);
    }

    #[test]
    fn base32_survives_a_round_trip() {
        for length in 1..40 {
            let bytes: Vec<u8> =
                (0..length).map(|i: u8| i.wrapping_mul(37).wrapping_add(5)).collect();
            assert_eq!(decode(&encode(&bytes)), Some(bytes));
        }
    }
}
