//! User import jobs. A job never finds a file to import: it waits until it is stopped.

use serde_json::{Value, json};

use super::paging::page;
use super::state::{ImportJob, UserPool};
use super::{Answer, Context, Fault, Handler, Input, REGION, timestamp};

pub(super) const OPERATIONS: &[(&str, Handler)] = &[
    ("GetCSVHeader", csv_header),
    ("CreateUserImportJob", create),
    ("DescribeUserImportJob", describe),
    ("ListUserImportJobs", list),
    ("StartUserImportJob", start),
    ("StopUserImportJob", stop),
];

/// Columns that follow the standard attributes.
const EXTRA_COLUMNS: [&str; 2] = ["cognito:mfa_enabled", "cognito:username"];

/// The standard attributes without `sub`, two columns of the import's own, custom attributes.
///
/// Source: aws/aws-cli examples cognito-idp/get-csv-header.rst; where custom ones stand is ours.
fn csv_header(context: &mut Context<'_>, input: &Input) -> Answer {
    let pool = context.pool(input)?;
    let names = pool.schema.iter().map(|attribute| attribute.name.as_str());
    let (custom, standard): (Vec<_>, Vec<_>) =
        names.filter(|name| *name != "sub").partition(|name| name.contains(':'));
    let header: Vec<_> = standard.into_iter().chain(EXTRA_COLUMNS).chain(custom).collect();
    Ok(Some(json!({"UserPoolId": pool.id, "CSVHeader": header})))
}

fn create(context: &mut Context<'_>, input: &Input) -> Answer {
    context.pool(input)?;
    let suffix =
        context.draw(10, b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");
    let created = context.now;
    let pool = context.pool(input)?;
    let id = format!("import-{suffix}");
    let job = ImportJob {
        upload_url: format!(
            "https://aws-cognito-idp-user-import-pdx.s3.{REGION}.amazonaws.com/{}/{id}",
            pool.id
        ),
        id: id.clone(),
        name: input.text("JobName").into(),
        role: input.text("CloudWatchLogsRoleArn").into(),
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
    if job.status != "Created" {
        return Err(Fault::rule("import-job-already-started"));
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
    job.status = "Stopped".into();
    job.completed = Some(now);
    // Source: aws/aws-cli examples cognito-idp/stop-user-import-job.rst.
    job.completion_message = Some("The Import Job was stopped by the developer.".into());
    let described = answer(pool, &job);
    pool.import_jobs.insert(job.id.clone(), job);
    described
}
