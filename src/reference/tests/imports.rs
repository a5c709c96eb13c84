//! Import jobs and the files they are given.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{Bench, NOW};
use crate::reference::import_jobs::Upload;
use crate::reference::state::ImportJob;

const ROLE: &str = "arn:aws:iam::123456789012:role/import";
const HEADER: &str = "cognito:username,cognito:mfa_enabled,email,email_verified,name,given_name,\
    family_name,middle_name,nickname,preferred_username,profile,picture,website,gender,birthdate,\
    zoneinfo,locale,phone_number,phone_number_verified,address,updated_at";

fn pool() -> Value {
    json!({"AutoVerifiedAttributes": ["email"]})
}

fn line(username: &str, email: &str, verified: &str) -> String {
    format!("{username},false,{email},{verified}{}\n", ",".repeat(17))
}

impl Bench {
    fn job(&mut self) -> String {
        let created =
            self.ok("CreateUserImportJob", json!({"JobName": "j", "CloudWatchLogsRoleArn": ROLE}));
        created["UserImportJob"]["JobId"].as_str().expect("an id").to_owned()
    }

    fn upload(&mut self, job: &str, file: &[u8]) -> Result<(), Upload> {
        let pool = self.pool.clone();
        self.reference.upload(&pool, job, file, self.now)
    }

    /// Imports a file and returns status and counts: imported, skipped, failed.
    fn import(&mut self, file: &[u8]) -> (String, [u64; 3]) {
        let job = self.job();
        self.upload(&job, file).expect("the job waits for its file");
        self.ok("StartUserImportJob", json!({"JobId": job}));
        self.now += 60_000;
        let job = self.ok("DescribeUserImportJob", json!({"JobId": job}))["UserImportJob"].take();
        let counts = ["ImportedUsers", "SkippedUsers", "FailedUsers"];
        let counts = counts.map(|name| job[name].as_u64().expect("a count"));
        (job["Status"].as_str().expect("a status").to_owned(), counts)
    }
}

#[track_caller]
fn check(bench: &mut Bench, lines: &str, status: &str, counts: [u64; 3]) {
    let file = format!("{HEADER}\n{lines}");
    assert_eq!(bench.import(file.as_bytes()), (status.to_owned(), counts), "{lines}");
}

#[test]
fn lines_become_users_or_are_counted() {
    let mut bench = Bench::new(pool());
    check(&mut bench, "", "Succeeded", [0, 0, 0]);
    let ann = line("ann", "ann@example.com", "true");
    check(&mut bench, &ann, "Succeeded", [1, 0, 0]);
    bench.check(
        "AdminGetUser",
        json!({"Username": "ann"}),
        &[("/UserStatus", json!("RESET_REQUIRED")), ("/Enabled", json!(true))],
    );
    check(&mut bench, &ann, "Failed", [0, 1, 0]);
    let crlf = line("bob", "bob@example.com", "TRUE").replace('\n', "\r\n");
    check(&mut bench, &crlf, "Succeeded", [1, 0, 0]);
    let broken = [
        line("", "x@example.com", "true"),
        line("with blank", "x@example.com", "true"),
        line("x", "x@example.com", "false"),
        line("x", "", "true"),
        line("x", "no address", "true"),
        line("x", "x@example.com", "perhaps"),
        line("x", "x@example.com", "true").replace("false", "maybe"),
        line("x", "x@example.com", "true").replace("false", "true"),
        line(&"x".repeat(129), "x@example.com", "true"),
        line("x", "x@example.com", "true").replace(",,\n", ",x,\n"),
        "x\n".to_owned(),
        "\"x,false\n".to_owned(),
        format!("{}\n", ",".repeat(20)),
    ];
    for line in broken {
        let expected = [0, 0, u64::from(!line.contains(",x,\n"))];
        let expected =
            if expected[2] == 0 { ("Succeeded", [1, 0, 0]) } else { ("Failed", expected) };
        check(&mut bench, &line, expected.0, expected.1);
    }
}

#[test]
fn files_that_cannot_be_read_fail_the_job() {
    let mut bench = Bench::new(pool());
    let marked = format!("\u{feff}{HEADER}\n{}", line("ann", "ann@example.com", "true"));
    let files = [&b""[..], b"username,email\nann,x\n", b"\xff\xfe", b"\"", marked.as_bytes()];
    for file in files {
        assert_eq!(bench.import(file), ("Failed".to_owned(), [0, 0, 0]));
    }
    bench.refused("AdminGetUser", json!({"Username": "ann"}), "user-not-found");
}

#[test]
fn pools_decide_what_a_user_needs() {
    let schema = json!([{"Name": "name", "Required": true}]);
    let mut strict = Bench::new(json!({"AutoVerifiedAttributes": ["email"], "Schema": schema}));
    check(&mut strict, &line("ann", "ann@example.com", "true"), "Failed", [0, 0, 1]);
    let mut by_email =
        Bench::new(json!({"AutoVerifiedAttributes": ["email"], "UsernameAttributes": ["email"]}));
    let ann = line("ann@example.com", "ann@example.com", "true");
    check(&mut by_email, &ann, "Succeeded", [1, 0, 0]);
    check(&mut by_email, &ann, "Failed", [0, 1, 0]);
    check(&mut by_email, &line("bob", "bob@example.com", "true"), "Failed", [0, 0, 1]);
    let found = by_email.ok("AdminGetUser", json!({"Username": "ann@example.com"}));
    assert_eq!(found["Username"], found["UserAttributes"][0]["Value"]);
    let mut alias =
        Bench::new(json!({"AutoVerifiedAttributes": ["email"], "AliasAttributes": ["email"]}));
    let two = line("ann", "a@example.com", "true") + &line("bob", "a@example.com", "true");
    check(&mut alias, &two, "Succeeded", [1, 1, 0]);
}

/// Returns a line that fills the columns of all aliases.
fn aliased(username: &str, [email, preferred, phone, verified]: [&str; 4]) -> String {
    format!("{username},false,{email},true,,,,,,{preferred},,,,,,,,{phone},{verified},,\n")
}

#[test]
fn aliases_are_taken_once() {
    let aliases = json!(["email", "phone_number", "preferred_username"]);
    let mut bench = Bench::new(json!({"AutoVerifiedAttributes": ["email"],
        "AliasAttributes": aliases, "UsernameConfiguration": {"CaseSensitive": false}}));
    bench.ok(
        "AdminCreateUser",
        json!({"Username": "zoe", "UserAttributes": [
            {"Name": "email", "Value": "zoe@x.y"}, {"Name": "email_verified", "Value": "true"},
            {"Name": "phone_number", "Value": "+15550100"}]}),
    );
    let lines = [
        aliased("a", ["Zoe@x.y", "", "", ""]),
        // Zoe never verified that number, and then Bob has it.
        aliased("b", ["b@x.y", "bob", "+15550100", "true"]),
        aliased("c", ["B@x.y", "", "", ""]),
        aliased("d", ["d@x.y", "BOB", "", ""]),
        aliased("e", ["e@x.y", "", "+15550100", "true"]),
        aliased("f", ["f@x.y", "", "+15550100", "false"]),
        // What one user has as an e-mail address, another may have as a preferred username.
        aliased("g", ["g@x.y", "f@x.y", "", ""]),
        aliased("h", ["h@x.y", "", "", ""]),
    ];
    check(&mut bench, &lines.concat(), "Succeeded", [4, 4, 0]);
    check(&mut bench, &lines[7].replace("h,", "i,"), "Failed", [0, 1, 0]);
}

#[test]
fn imports_into_pools_with_aliases_take_time_by_the_line() {
    let mut bench = Bench::new(json!({"AutoVerifiedAttributes": ["email"],
        "AliasAttributes": ["email", "phone_number", "preferred_username"]}));
    // Each line looked for its aliases among all users once: this took minutes.
    let lines = (0..10_000).map(|n| line(&format!("u{n}"), &format!("{n}@x.y"), "true"));
    check(&mut bench, &lines.collect::<String>(), "Succeeded", [10_000, 0, 0]);
}

#[test]
fn a_pool_has_a_thousand_jobs_at_most() {
    let mut bench = Bench::new(pool());
    let pool = bench.reference.state.pools.get_mut(&bench.pool).expect("the pool");
    let ended = |n: u32| ImportJob { id: format!("import-{n}"), ..ImportJob::default() };
    let ended = (0..999).map(ended).map(|job| (job.id.clone(), job));
    Arc::make_mut(pool).import_jobs.extend(ended);
    let last = bench.job();
    let input = json!({"JobName": "j", "CloudWatchLogsRoleArn": ROLE});
    bench.refused("CreateUserImportJob", input, "quota-import-jobs");
    bench.ok("DescribeUserImportJob", json!({"JobId": last}));
}

#[test]
fn jobs_follow_the_clock() {
    let mut bench = Bench::new(pool());
    let job = bench.job();
    let named = json!({"JobId": job});
    bench.refused("StopUserImportJob", named.clone(), "import-job-not-running");
    bench.refused("StartUserImportJob", named.clone(), "import-job-without-file");
    let lines: String =
        (0..1000).map(|n| line(&format!("u{n}"), &format!("{n}@x.y"), "true")).collect();
    bench.upload(&job, b"first").expect("a file");
    bench.upload(&job, format!("{HEADER}\n{lines}").as_bytes()).expect("another one");
    let status = |status: &str| [("/UserImportJob/Status", json!(status))];
    bench.check("StartUserImportJob", named.clone(), &status("Pending"));
    bench.refused("StartUserImportJob", named.clone(), "import-job-already-started");
    assert_eq!(bench.upload(&job, b"late"), Err(Upload::Late));
    bench.refused("DeleteUserPool", json!({}), "user-import-in-progress");
    bench.now += 500;
    bench.check("DescribeUserImportJob", named.clone(), &status("InProgress"));
    let custom = json!({"CustomAttributes": [{"Name": "a", "AttributeDataType": "String"}]});
    bench.refused("AddCustomAttributes", custom.clone(), "user-import-in-progress");
    bench.ok("AdminDeleteUser", json!({"Username": "u7"}));
    bench.now += 200;
    let counts = [("/UserImportJob/ImportedUsers", json!(500)), status("Stopped")[0].clone()];
    bench.check("StopUserImportJob", named.clone(), &counts);
    bench.refused("StopUserImportJob", named.clone(), "import-job-not-running");
    bench.ok("AddCustomAttributes", custom);
    bench.refused("AdminGetUser", json!({"Username": "u7"}), "user-not-found");
    bench.ok("AdminGetUser", json!({"Username": "u499"}));
    bench.refused("AdminGetUser", json!({"Username": "u500"}), "user-not-found");
}

#[test]
fn jobs_and_their_addresses_expire() {
    let mut bench = Bench::new(pool());
    let job = bench.job();
    bench.now = NOW + 15 * 60_000;
    assert_eq!(bench.upload(&job, b"late"), Err(Upload::Late));
    assert_eq!(bench.upload("import-nobody", b""), Err(Upload::NoJob));
    bench.now = NOW + 48 * 3_600_000;
    let expired = [("/UserImportJob/Status", json!("Expired"))];
    bench.check("DescribeUserImportJob", json!({"JobId": job}), &expired);
    bench.refused("StartUserImportJob", json!({"JobId": job}), "import-job-expired");
    let mut unverified = Bench::new(json!({}));
    let job = unverified.job();
    unverified.upload(&job, b"x").expect("a file");
    unverified.refused("StartUserImportJob", json!({"JobId": job}), "import-job-nothing-verified");
}
