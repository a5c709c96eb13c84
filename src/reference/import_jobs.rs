//! User import jobs: created, given a file, started, watched, stopped. What a started job does is
//! in [`super::import_run`].

use serde_json::{Value, json};

use super::import_run::{MFA_ENABLED, USERNAME};
use super::paging::page;
use super::state::{ImportJob, Millis, UserPool};
use super::{Answer, Context, Fault, Handler, Input, Reference, timestamp};

pub(super) const OPERATIONS: &[(&str, Handler)] = &[
    ("GetCSVHeader", csv_header),
    ("CreateUserImportJob", create),
    ("DescribeUserImportJob", describe),
    ("ListUserImportJobs", list),
    ("StartUserImportJob", start),
    ("StopUserImportJob", stop),
];

/// How long a file can be uploaded: 15 minutes (developer guide, creating the import job).
const UPLOAD_LASTS: Millis = 15 * 60_000;

/// Jobs that a pool may have, ended ones included (developer guide, quotas).
const MOST: usize = 1000;

fn csv_header(context: &mut Context<'_>, input: &Input) -> Answer {
    let pool = context.pool(input)?;
    Ok(Some(json!({"UserPoolId": pool.id, "CSVHeader": pool.import_columns()})))
}

impl UserPool {
    /// Returns the columns of an import file: the standard attributes without `sub`, two of the
    /// import's own, custom attributes.
    ///
    /// Source: aws/aws-cli examples cognito-idp/get-csv-header.rst; where custom ones stand is ours.
    pub(super) fn import_columns(&self) -> Vec<&str> {
        let names = self.schema.iter().map(|attribute| attribute.name.as_str());
        let (custom, standard): (Vec<_>, Vec<_>) =
            names.filter(|name| *name != "sub").partition(|name| name.contains(':'));
        standard.into_iter().chain([MFA_ENABLED, USERNAME]).chain(custom).collect()
    }
}

/// Why a file is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Upload {
    /// There is no such job.
    NoJob,
    /// The job was started, or its address is too old.
    Late,
}

impl Reference {
    /// Takes the file of a job that was not started; another one replaces it.
    pub(super) fn upload(
        &mut self,
        pool: &str,
        job: &str,
        file: &[u8],
        now: Millis,
    ) -> Result<(), Upload> {
        let mut context = self.context(now);
        let pool = context.pool_by_id(pool).map_err(|_| Upload::NoJob)?;
        let job = pool.import_jobs.get_mut(job).ok_or(Upload::NoJob)?;
        if job.status != "Created" || now >= job.created.saturating_add(UPLOAD_LASTS) {
            return Err(Upload::Late);
        }
        job.csv = Some(file.to_vec());
        Ok(())
    }
}

fn create(context: &mut Context<'_>, input: &Input) -> Answer {
    if context.pool(input)?.import_jobs.len() >= MOST {
        return Err(Fault::rule("quota-import-jobs"));
    }
    let suffix =
        context.draw(10, b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");
    let (created, base) = (context.now, context.base_url);
    let pool = context.pool(input)?;
    let id = format!("import-{suffix}");
    let job = ImportJob {
        // On the service it is an address of Amazon S3; here the reference takes the file itself.
        upload_url: format!("{base}/_reference/imports/{}/{id}", pool.id),
        id: id.clone(),
        name: input.text("JobName").into(),
        role: input.text("CloudWatchLogsRoleArn").into(),
        hashing: input.opt_text("PasswordHashingAlgorithm").map(str::to_owned),
        status: "Created".into(),
        created,
        ..ImportJob::default()
    };
    let described = answer(pool, &job);
    pool.import_jobs.insert(id, job);
    described
}

fn answer(pool: &UserPool, job: &ImportJob) -> Answer {
    Ok(Some(json!({"UserImportJob": description(pool, job)})))
}

fn description(pool: &UserPool, job: &ImportJob) -> Value {
    let (imported, skipped, failed) = job.counts;
    let mut described = json!({
        "JobId": job.id,
        "JobName": job.name,
        "UserPoolId": pool.id,
        "PreSignedUrl": job.upload_url,
        "CreationDate": timestamp(job.created),
        "Status": job.status,
        "CloudWatchLogsRoleArn": job.role,
        "ImportedUsers": imported,
        "SkippedUsers": skipped,
        "FailedUsers": failed,
    });
    let dates = [("StartDate", job.started), ("CompletionDate", job.completed)];
    for (name, date) in dates.into_iter().filter_map(|(name, date)| Some((name, date?))) {
        described[name] = timestamp(date);
    }
    if let Some(hashing) = &job.hashing {
        described["PasswordHashingAlgorithm"] = json!(hashing);
    }
    if let Some(message) = &job.completion_message {
        described["CompletionMessage"] = json!(message);
    }
    described
}

fn named(pool: &UserPool, input: &Input) -> Result<ImportJob, Fault> {
    let id = input.text("JobId");
    let missing = || Fault::rule("import-job-not-found").with("id", id);
    pool.import_jobs.get(id).cloned().ok_or_else(missing)
}

fn describe(context: &mut Context<'_>, input: &Input) -> Answer {
    let pool = context.pool(input)?;
    answer(pool, &named(pool, input)?)
}

fn list(context: &mut Context<'_>, input: &Input) -> Answer {
    let pool = context.pool(input)?;
    let jobs = pool.import_jobs.iter().map(|(id, job)| (id, description(pool, job)));
    let scope = format!("ListUserImportJobs {}", pool.id);
    let page = page(jobs, &scope, input.opt_text("PaginationToken"), input.number("MaxResults"))?;
    Ok(Some(page.output("UserImportJobs", "PaginationToken")))
}

fn start(context: &mut Context<'_>, input: &Input) -> Answer {
    let now = context.now;
    let pool = context.pool(input)?;
    let mut job = named(pool, input)?;
    match job.status.as_str() {
        "Created" => {}
        "Expired" => return Err(Fault::rule("import-job-expired").with("id", job.id)),
        _ => return Err(Fault::rule("import-job-already-started")),
    }
    if job.csv.is_none() {
        return Err(Fault::rule("import-job-without-file").with("id", job.id));
    }
    let verifies = |name: &str| pool.has("AutoVerifiedAttributes", name);
    if !verifies("email") && !verifies("phone_number") {
        return Err(Fault::rule("import-job-nothing-verified"));
    }
    job.status = "Pending".into();
    job.started = Some(now);
    let described = answer(pool, &job);
    pool.import_jobs.insert(job.id.clone(), job);
    described
}

fn stop(context: &mut Context<'_>, input: &Input) -> Answer {
    let now = context.now;
    let pool = context.pool(input)?;
    let mut job = named(pool, input)?;
    if !["Pending", "InProgress"].contains(&job.status.as_str()) {
        return Err(Fault::rule("import-job-not-running"));
    }
    // Source: aws/aws-cli examples cognito-idp/stop-user-import-job.rst.
    job.end("Stopped", "The Import Job was stopped by the developer.", now);
    let described = answer(pool, &job);
    pool.import_jobs.insert(job.id.clone(), job);
    described
}
