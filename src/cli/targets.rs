//! `targets`: the profiles there are.

use super::{Failure, Folders, say};
use crate::target::profile::Profile;

/// Carries out `targets`.
pub(super) fn targets(folders: &Folders) -> Result<u8, Failure> {
    let source = super::play::profiles(folders);
    for name in Profile::names(&source)? {
        let profile = Profile::load(&source, &name)?;
        let version = profile.version.as_deref().unwrap_or("");
        say(&format!("{name:16} {version:8} {}", profile.about.as_deref().unwrap_or("")));
    }
    Ok(0)
}
