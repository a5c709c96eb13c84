//! Clients, groups, import jobs and identity pools, as tables of calls.

use serde_json::{Value, json};

use super::{Bench, bench};

#[test]
fn clients_have_defaults_and_rules() {
    let mut bench = Bench::new(json!({"Schema": [{"Name": "email", "Required": true}]}));
    let client = |name: &str| format!("/UserPoolClient/{name}");
    bench.check(
        "DescribeUserPoolClient",
        json!({}),
        &[
            (&client("RefreshTokenValidity"), json!(30)),
            (&client("EnableTokenRevocation"), json!(true)),
            (&client("AllowedOAuthFlowsUserPoolClient"), json!(false)),
            (&client("AuthSessionValidity"), json!(3)),
            (&client("ClientSecret"), Value::Null),
            (&client("PreventUserExistenceErrors"), Value::Null),
            (&client("ReadAttributes"), Value::Null),
        ],
    );
    let flow = "AllowedOAuthFlows";
    let scope = "AllowedOAuthScopes";
    let cases = [
        (
            json!({"ExplicitAuthFlows": ["ADMIN_NO_SRP_AUTH", "ALLOW_USER_SRP_AUTH"]}),
            "client-flows-old-and-new",
        ),
        (json!({"AccessTokenValidity": 25}), "client-token-validity-range"),
        (
            json!({"AccessTokenValidity": 12, "RefreshTokenValidity": 2,
                   "TokenValidityUnits": {"RefreshToken": "hours"}}),
            "client-token-validity-order",
        ),
        (json!({"ReadAttributes": ["nope"]}), "client-read-attributes"),
        (json!({"WriteAttributes": ["name"]}), "client-write-attributes"),
        (json!({"WriteAttributes": ["email", "email_verified"]}), "client-write-attributes"),
        (json!({"WriteAttributes": ["email", "nope"]}), "client-write-attribute-unknown"),
        (json!({"AllowedOAuthFlowsUserPoolClient": true}), "client-oauth-flows-and-scopes"),
        (json!({scope: ["Cognito"]}), "client-unknown-scope"),
        (
            json!({flow: ["client_credentials", "code"], scope: ["openid"]}),
            "client-credentials-with-other-flow",
        ),
        (json!({flow: ["client_credentials"], scope: ["openid"]}), "client-credentials-scope"),
        (json!({flow: ["client_credentials"]}), "client-credentials-needs-secret"),
        (json!({"CallbackURLs": ["https://example.com/cb#frag"]}), "client-url-fragment"),
        (json!({"LogoutURLs": ["https://example.com/out#frag"]}), "client-logout-url-fragment"),
        (json!({"LogoutURLs": ["http://localhost.example.com"]}), "client-url-http"),
        (
            json!({"CallbackURLs": ["http://localhost:3000/cb", "app://x"],
                   "DefaultRedirectURI": "https://example.com"}),
            "client-default-redirect",
        ),
        (json!({"SupportedIdentityProviders": ["Salesforce"]}), "client-unknown-provider"),
        (
            json!({"EnablePropagateAdditionalUserContextData": true}),
            "client-propagate-needs-secret",
        ),
    ];
    for (mut input, rule) in cases {
        input["ClientName"] = json!("d");
        bench.refused("CreateUserPoolClient", input.clone(), rule);
        let rule = match rule {
            "client-read-attributes" => "client-update-read-attributes",
            "client-write-attributes" | "client-write-attribute-unknown" => {
                "client-update-write-attributes"
            }
            rule => rule,
        };
        bench.refused("UpdateUserPoolClient", input, rule);
    }
    let secret = json!({"ClientName": "s", "GenerateSecret": true, "RefreshTokenValidity": 0});
    let created = bench.ok("CreateUserPoolClient", secret)["UserPoolClient"].clone();
    assert_eq!(created["ClientSecret"].as_str().map(str::len), Some(52));
    assert_eq!(created["ClientId"].as_str().map(str::len), Some(26));
    assert_eq!(created["RefreshTokenValidity"], 30);
    let update = json!({"ClientId": created["ClientId"], "AuthSessionValidity": 5});
    bench.check(
        "UpdateUserPoolClient",
        update,
        &[
            (&client("ClientSecret"), created["ClientSecret"].clone()),
            (&client("ClientName"), json!("s")),
            (&client("AuthSessionValidity"), json!(5)),
        ],
    );
    let listed = bench.ok("ListUserPoolClients", json!({}));
    assert_eq!(listed["UserPoolClients"].as_array().map(Vec::len), Some(2));
    bench.ok("DeleteUserPoolClient", json!({}));
    bench.refused("DescribeUserPoolClient", json!({}), "managed-client-not-found");
}

#[test]
fn groups_hold_users() {
    let mut bench = bench();
    let admins = json!({"GroupName": "Admins", "Description": "d"});
    bench.check("CreateGroup", admins, &[("/Group/Precedence", Value::Null)]);
    bench.refused("CreateGroup", json!({"GroupName": "ADMINS"}), "group-exists");
    let role = "arn:aws:iam::999999999999:role/r";
    let foreign = json!({"GroupName": "g", "RoleArn": role});
    bench.refused("CreateGroup", foreign, "group-role-foreign");
    bench.ok("AdminCreateUser", json!({"Username": "ann"}));
    let member = json!({"GroupName": "Admins", "Username": "ann"});
    bench.refused(
        "AdminAddUserToGroup",
        json!({"GroupName": "x", "Username": "ann"}),
        "group-not-found",
    );
    bench.refused(
        "AdminAddUserToGroup",
        json!({"GroupName": "Admins", "Username": "x"}),
        "user-not-found",
    );
    bench.ok("AdminAddUserToGroup", member.clone());
    let group = json!({"GroupName": "Admins"});
    bench.check("ListUsersInGroup", group.clone(), &[("/Users/0/Username", json!("ann"))]);
    let precedence = json!({"GroupName": "Admins", "Precedence": 3});
    let changed = [("/Group/Precedence", json!(3)), ("/Group/Description", json!("d"))];
    bench.check("UpdateGroup", precedence, &changed);
    bench.check("GetGroup", group.clone(), &changed);
    bench.check("ListGroups", json!({}), &[("/Groups/0/GroupName", json!("Admins"))]);
    let of_ann = json!({"Username": "ann"});
    let name = [("/Groups/0/GroupName", json!("Admins"))];
    bench.check("AdminListGroupsForUser", of_ann.clone(), &name);
    bench.ok("AdminRemoveUserFromGroup", member.clone());
    bench.check("ListUsersInGroup", group.clone(), &[("/Users", json!([]))]);
    bench.ok("AdminAddUserToGroup", member);
    bench.ok("DeleteGroup", group.clone());
    bench.check("AdminListGroupsForUser", of_ann, &[("/Groups", json!([]))]);
    bench.refused("GetGroup", group, "group-not-found");
}

#[test]
fn import_jobs_run_until_stopped() {
    let mut bench = Bench::new(json!({"AutoVerifiedAttributes": ["email"]}));
    let header = bench.ok("GetCSVHeader", json!({}));
    assert_eq!(header["CSVHeader"].as_array().map(Vec::len), Some(21));
    let role = "arn:aws:iam::123456789012:role/r";
    let created = bench.ok(
        "CreateUserImportJob",
        json!({"JobName": "j", "CloudWatchLogsRoleArn": role}),
    )["UserImportJob"]
        .clone();
    assert_eq!((&created["Status"], &created["FailedUsers"]), (&json!("Created"), &json!(0)));
    let job = json!({"JobId": created["JobId"]});
    bench.refused("StopUserImportJob", job.clone(), "import-job-not-running");
    let (pool, id) = (bench.pool.clone(), job["JobId"].as_str().expect("an id").to_owned());
    bench.reference.upload(&pool, &id, b"name", bench.now).expect("the job waits for its file");
    let status = |status: &str| [("/UserImportJob/Status", json!(status))];
    bench.check("StartUserImportJob", job.clone(), &status("Pending"));
    bench.refused("StartUserImportJob", job.clone(), "import-job-already-started");
    bench.refused("UpdateUserPool", json!({}), "user-import-in-progress");
    bench.check("StopUserImportJob", job.clone(), &status("Stopped"));
    bench.check("DescribeUserImportJob", job, &status("Stopped"));
    let listed = [("/UserImportJobs/0/JobName", json!("j"))];
    bench.check("ListUserImportJobs", json!({"MaxResults": 1}), &listed);
    bench.refused("DescribeUserImportJob", json!({"JobId": "import-0"}), "import-job-not-found");
}

#[test]
fn identity_pools_are_kept() {
    let mut bench = bench();
    let minimal = json!({"IdentityPoolName": "i", "AllowUnauthenticatedIdentities": true});
    let created = bench.ok("CreateIdentityPool", minimal);
    assert_eq!(created.as_object().map(serde_json::Map::len), Some(3), "{created}");
    let id = json!({"IdentityPoolId": created["IdentityPoolId"]});
    let provider =
        json!({"ProviderName": "cognito-idp.us-east-1.amazonaws.com/a_b", "ClientId": "c"});
    let mut changed = json!({"IdentityPoolName": "k", "AllowUnauthenticatedIdentities": false,
        "CognitoIdentityProviders": [provider]});
    changed["IdentityPoolId"] = id["IdentityPoolId"].clone();
    bench.ok("UpdateIdentityPool", changed);
    bench.check(
        "DescribeIdentityPool",
        id.clone(),
        &[
            ("/IdentityPoolName", json!("k")),
            ("/CognitoIdentityProviders/0/ServerSideTokenCheck", json!(false)),
        ],
    );
    let entry = [("/IdentityPools/0/IdentityPoolName", json!("k"))];
    bench.check("ListIdentityPools", json!({"MaxResults": 5}), &entry);
    let id_text = id["IdentityPoolId"].as_str().expect("an id");
    let arn = format!("arn:aws:cognito-identity:us-east-1:123456789012:identitypool/{id_text}");
    let tagged = |mut input: Value| {
        input["ResourceArn"] = json!(arn);
        input
    };
    let [tag, untag, list] = ["TagResource", "UntagResource", "ListTagsForResource"]
        .map(|name| format!("cognito-identity:{name}"));
    bench.ok(&tag, tagged(json!({"Tags": {"k": "v", "l": "w"}})));
    bench.ok(&untag, tagged(json!({"TagKeys": ["l"]})));
    bench.check(&list, tagged(json!({})), &[("/Tags", json!({"k": "v"}))]);
    let foreign = json!({"ResourceArn": "arn:aws:cognito-identity:x"});
    bench.refused(&list, foreign, "identity-tagged-resource-not-found");
    bench.ok("DeleteIdentityPool", id.clone());
    bench.refused("DescribeIdentityPool", id, "identity-pool-not-found");
}
