//! What an import job does between its start and its end: users by the clock, line by line.
//!
//! Source: developer guide, importing users from a CSV file, and its page on the results. How long
//! a job waits, how fast it imports and when failures are too many is ours.

use std::collections::BTreeSet;

use ring::digest::{SHA256, digest};

use super::import_csv;
use super::schema::{Writing, is_email, is_phone_number};
use super::state::{ImportJob, ImportLine, Millis, User, UserPool, UserStatus};

/// How long a job may wait for its start (API reference, UserImportJobType: 24 to 48 hours).
const EXPIRES: Millis = 48 * 3_600_000;

/// How long a started job waits before it imports.
const PENDING: Millis = 200;

/// How long one line takes.
const PER_LINE: Millis = 1;

/// Columns of an import that are no attributes.
pub(super) const USERNAME: &str = "cognito:username";
pub(super) const MFA_ENABLED: &str = "cognito:mfa_enabled";

/// Names that users of the pool sign in with besides their usernames: attribute and value.
type Aliases = BTreeSet<(&'static str, String)>;

const SUCCEEDED: &str = "Import Job Completed Successfully.";
// Source: aws-solutions/cognito-user-profiles-export-reference-architecture issue 9.
const TOO_MANY: &str = "Too many users have failed or been skipped during the import.";
const UNREADABLE: &str = "The CSV file could not be read.";

/// What became of a line.
enum Outcome {
    Imported(Box<User>),
    /// The user exists already.
    Skipped,
    Failed,
}

impl UserPool {
    /// Brings the pool's import jobs up to the present.
    pub(super) fn run_imports(&mut self, now: Millis) {
        let active =
            |job: &&ImportJob| ["Created", "Pending", "InProgress"].contains(&&*job.status);
        let active = self.import_jobs.values().filter(active).map(|job| job.id.clone());
        for id in active.collect::<Vec<_>>() {
            let Some(mut job) = self.import_jobs.remove(&id) else { continue };
            self.run_import(&mut job, now);
            self.import_jobs.insert(id, job);
        }
    }

    fn run_import(&mut self, job: &mut ImportJob, now: Millis) {
        let Some(started) = job.started else {
            if now >= job.created.saturating_add(EXPIRES) {
                job.status = "Expired".into();
                job.csv = None;
            }
            return;
        };
        let begins = started.saturating_add(PENDING);
        if now < begins {
            return;
        }
        if job.status == "Pending" {
            let columns = self.import_columns();
            let Some(lines) = import_csv::read(job.csv.as_deref().unwrap_or_default(), &columns)
            else {
                return job.end("Failed", UNREADABLE, begins);
            };
            job.queue = lines;
            job.status = "InProgress".into();
        }
        // Gathered once, not per line, and only when a line is due.
        let mut taken = None;
        loop {
            let at = begins.saturating_add((job.handled() + 1) * PER_LINE);
            if job.queue.is_empty() || at > now {
                break;
            }
            let line = job.queue.pop_front().flatten();
            self.import_line(job, line, at, taken.get_or_insert_with(|| self.aliases()));
        }
        if job.queue.is_empty() {
            let (imported, skipped, failed) = job.counts;
            let (status, message) = match skipped + failed > imported {
                true => ("Failed", TOO_MANY),
                false => ("Succeeded", SUCCEEDED),
            };
            job.end(status, message, begins.saturating_add(job.handled() * PER_LINE));
        }
    }

    /// Imports a line; the aliases of a new user join those that are `taken`.
    fn import_line(
        &mut self,
        job: &mut ImportJob,
        line: ImportLine,
        at: Millis,
        taken: &mut Aliases,
    ) {
        let (imported, skipped, failed) = &mut job.counts;
        let sub = sub_of(&job.id, *imported + *skipped + *failed);
        match self.imported_user(line, sub, at, taken) {
            Outcome::Imported(user) => {
                taken.extend(self.aliases_of(&user));
                self.users.insert(self.user_key(&user.username), *user);
                *imported += 1;
            }
            Outcome::Skipped => *skipped += 1,
            Outcome::Failed => *failed += 1,
        }
    }

    fn imported_user(&self, line: ImportLine, sub: String, at: Millis, taken: &Aliases) -> Outcome {
        let Some(mut values) = line else { return Outcome::Failed };
        let username = values.remove(USERNAME).unwrap_or_default();
        let mfa = values.remove(MFA_ENABLED).unwrap_or_default();
        if !fits_username(&username) || !self.fits_mfa(&mfa) {
            return Outcome::Failed;
        }
        let email = self.has("UsernameAttributes", "email");
        let phone = self.has("UsernameAttributes", "phone_number");
        let by_attribute = match (email, phone) {
            (false, false) => None,
            (true, _) if is_email(&username) => Some("email"),
            (_, true) if is_phone_number(&username) => Some("phone_number"),
            _ => return Outcome::Failed,
        };
        if let Some(name) = by_attribute {
            values.entry(name.into()).or_insert_with(|| username.clone());
        }
        let given = values.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        if self.check_attributes(given, Writing::New).is_err() {
            return Outcome::Failed;
        }
        let username = if by_attribute.is_some() { sub.clone() } else { username };
        let mut user = User {
            username,
            sub,
            attributes: values,
            enabled: true,
            status: UserStatus::ResetRequired,
            created: at,
            modified: at,
            ..User::default()
        };
        if !self.has_required(&user) || !self.has_auto_verified(&user) {
            return Outcome::Failed;
        }
        if self.is_known(&user, taken) {
            return Outcome::Skipped;
        }
        if mfa.eq_ignore_ascii_case("true") && user.attributes.contains_key("phone_number") {
            user.mfa.insert("SMS_MFA".into());
        }
        Outcome::Imported(Box::new(user))
    }

    /// The column is required; it must agree with a pool that demands or forbids second factors.
    fn fits_mfa(&self, value: &str) -> bool {
        match value.to_ascii_lowercase().as_str() {
            "true" => self.mfa_mode() != "OFF",
            "false" => self.mfa_mode() != "ON",
            _ => false,
        }
    }

    fn has_required(&self, user: &User) -> bool {
        let mut required = self.schema.iter().filter(|attribute| attribute.required);
        required.all(|attribute| user.attribute(&attribute.name).is_some())
    }

    /// Tells whether one of the addresses that the pool verifies is there and verified.
    fn has_auto_verified(&self, user: &User) -> bool {
        let verified = |name: &&str| user.is_verified(name) && user.attributes.contains_key(*name);
        let mut names = ["email", "phone_number"].into_iter();
        names.any(|name| self.has("AutoVerifiedAttributes", name) && verified(&name))
    }

    /// Tells whether the user exists: by username, or by an alias that both have verified.
    fn is_known(&self, user: &User, taken: &Aliases) -> bool {
        self.users.contains_key(&self.user_key(&user.username))
            || self.aliases_of(user).iter().any(|alias| taken.contains(alias))
    }
}

impl ImportJob {
    fn handled(&self) -> u64 {
        let (imported, skipped, failed) = self.counts;
        imported + skipped + failed
    }

    /// Ends the job; its file is forgotten.
    pub(super) fn end(&mut self, status: &str, message: &str, at: Millis) {
        self.status = status.into();
        self.completion_message = Some(message.into());
        self.completed = Some(at);
        self.csv = None;
        self.queue.clear();
    }
}

/// Any text without blanks, as long as a username may be.
fn fits_username(text: &str) -> bool {
    (1..=128).contains(&text.chars().count()) && !text.contains(char::is_whitespace)
}

/// Returns the `sub` of the user in a line: it follows from the job, whenever it is imported.
fn sub_of(job: &str, line: u64) -> String {
    let hash = digest(&SHA256, format!("import/{job}/{line}").as_bytes());
    let sixteen = std::array::from_fn(|i| hash.as_ref()[i]);
    uuid::Builder::from_random_bytes(sixteen).into_uuid().to_string()
}
