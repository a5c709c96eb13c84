use super::*;

fn client(name: &str) -> Value {
    json!({"UserPoolClient": {"ClientId": "client1", "UserPoolId": POOL, "ClientName": name}})
}

fn described(name: &str) -> Line {
    ("DescribeUserPoolClient", of(POOL, json!({"ClientId": "client1"})), client(name))
}

fn listed(name: &str) -> Line {
    let item = json!({"ClientId": "client1", "UserPoolId": POOL, "ClientName": name});
    ("ListUserPoolClients", of(POOL, json!({})), json!({"UserPoolClients": [item]}))
}

fn update(said: Value) -> Line {
    ("UpdateUserPoolClient", of(POOL, json!({"ClientId": "client1", "ClientName": "b"})), said)
}

#[test]
fn a_list_shows_what_a_description_shows() {
    check(&[described("a"), listed("a")], &[]);
    check(&[described("a"), listed("b")], &["views-agree 2 /UserPoolClients/0/ClientName"]);
    check(&[listed("a"), described("b")], &["views-agree 2 /UserPoolClient/ClientName"]);
    check(&[described("a"), update(client("b")), listed("b")], &[]);
    check(&[described("a"), update(json!("!")), listed("b")], &[]);
}

#[test]
fn users_and_administrators_see_the_same_user() {
    let attribute = |name: &str, value: &str| json!({"Name": name, "Value": value});
    let user = |name: &str| {
        json!({"Username": "ann", "UserMFASettingList": ["SMS_MFA"],
        "UserAttributes": [attribute("sub", "sub-ann"), attribute("name", name)]})
    };
    let admin = |name: &str| ("AdminGetUser", of(POOL, json!({"Username": "ann"})), user(name));
    let own = |said: Value| {
        ("GetUser", json!({"AccessToken": token("access", "ann", "1", json!({}))}), said)
    };
    check(&[admin("Ann"), own(user("Ann"))], &[]);
    check(&[admin("Ann"), own(user("Bob"))], &["views-agree 2 /UserAttributes"]);
    // The client may not read everything; the administrator may.
    let less = json!({"Username": "ann", "UserAttributes": [attribute("sub", "sub-ann")]});
    check(&[admin("Ann"), own(less.clone())], &[]);
    let poor = ("AdminGetUser", of(POOL, json!({"Username": "ann"})), less);
    check(&[own(user("Ann")), poor], &["views-agree 2 /UserAttributes"]);
    let mut other = user("Ann");
    other["UserMFASettingList"] = json!(["EMAIL_OTP"]);
    check(&[admin("Ann"), own(other)], &["views-agree 2 /UserMFASettingList"]);
    let write = ("AdminUpdateUserAttributes", of(POOL, json!({"Username": "ann"})), json!({}));
    check(&[admin("Ann"), write, own(user("Bob"))], &[]);
}

fn group(made: f64, changed: f64) -> Line {
    let group = json!({"GroupName": "g", "UserPoolId": POOL, "CreationDate": made, "LastModifiedDate": changed});
    ("GetGroup", of(POOL, json!({"GroupName": "g"})), json!({ "Group": group }))
}

fn change(operation: &'static str, said: Value) -> Line {
    (operation, of(POOL, json!({"GroupName": "g"})), said)
}

#[test]
fn time_does_not_go_back() {
    let changed = change("UpdateGroup", json!({"Group": {"GroupName": "g"}}));
    check(&[group(10.0, 10.0), changed.clone(), group(10.0, 12.0)], &[]);
    check(&[group(10.0, 9.0)], &["times-monotone 1 /Group/LastModifiedDate"]);
    check(
        &[group(10.0, 10.0), changed.clone(), group(11.0, 11.0)],
        &["times-monotone 3 /Group/CreationDate"],
    );
    check(
        &[group(10.0, 12.0), changed, group(10.0, 11.0)],
        &["times-monotone 3 /Group/LastModifiedDate"],
    );
    // What may have been deleted may have been made again.
    check(&[group(10.0, 12.0), change("DeleteGroup", json!("!")), group(13.0, 13.0)], &[]);
}

#[test]
fn ids_belong_to_one_thing() {
    let create = |id: &str| {
        (
            "CreateUserPoolClient",
            of(POOL, json!({"ClientName": "a"})),
            json!({"UserPoolClient": {"ClientId": id, "UserPoolId": POOL, "ClientName": "a"}}),
        )
    };
    check(&[create("client1"), create("client2")], &[]);
    check(&[create("client1"), create("client1")], &["ids-steady 2 /UserPoolClient/ClientId"]);
    let pool = |arn: &str| {
        ("DescribeUserPool", of(POOL, json!({})), json!({"UserPool": {"Id": POOL, "Arn": arn}}))
    };
    let changed = ("UpdateUserPool", of(POOL, json!({})), json!({}));
    check(&[pool("arn:a"), changed.clone(), pool("arn:a")], &[]);
    check(&[pool("arn:a"), changed, pool("arn:b")], &["ids-steady 3 /UserPool/Arn"]);
}

#[test]
fn equal_logins_have_one_identity() {
    let pool = "us-east-1:8d8f7658-417e-46dd-a884-8b5cf9165a02";
    let get = |login: &str, id: &str| {
        let mut input = json!({ "IdentityPoolId": pool });
        if !login.is_empty() {
            input["Logins"] = json!({ "accounts.google.com": login });
        }
        ("GetId", input, json!({ "IdentityId": id }))
    };
    check(&[get("a", "1"), get("b", "2"), get("a", "1")], &[]);
    check(&[get("a", "1"), get("b", "2"), get("a", "3")], &["ids-steady 3 /IdentityId"]);
    // Guests are new each time; an identity may be deleted, unlinked or become another's.
    check(&[get("", "1"), get("", "2")], &[]);
    for operation in ["DeleteIdentities", "UnlinkIdentity"] {
        check(&[get("a", "1"), (operation, json!({}), json!("!")), get("a", "2")], &[]);
    }
    let mut both = get("a", "1");
    both.1["Logins"]["graph.facebook.com"] = "b".into();
    check(&[get("a", "1"), both, get("a", "2")], &[]);
}

#[test]
fn subs_stay_as_long_as_their_users() {
    let user = |sub: &str| {
        (
            "AdminGetUser",
            of(POOL, json!({"Username": "ann"})),
            json!({"Username": "ann", "UserAttributes": [{"Name": "sub", "Value": sub}]}),
        )
    };
    let write =
        |name: &'static str, said: Value| (name, of(POOL, json!({"Username": "ann"})), said);
    check(
        &[user("a"), write("AdminEnableUser", json!({})), user("b")],
        &["ids-steady 3 /UserAttributes"],
    );
    check(&[user("a"), write("AdminDeleteUser", json!("!")), user("b")], &[]);
}

#[test]
fn writes_stay_where_they_belong() {
    let read = |name: &str| {
        let mut read = group(10.0, 10.0);
        read.2["Group"]["Description"] = name.into();
        read
    };
    let other = |name: &str| {
        ("UpdateGroup", of(POOL, json!({"GroupName": name})), json!({"Group": {"GroupName": name}}))
    };
    check(&[read("a"), other("h"), read("a")], &[]);
    check(&[read("a"), other("h"), read("b")], &["unrelated-unchanged 3 /Group/Description"]);
    check(&[read("a"), other("G"), read("b")], &[]); // perhaps the same
    let elsewhere = ("UpdateUserPool", of(OTHER, json!({})), json!({}));
    check(
        &[read("a"), elsewhere.clone(), read("b")],
        &["unrelated-unchanged 3 /Group/Description"],
    );
    let pool = ("UpdateUserPool", of(POOL, json!({})), json!({}));
    check(&[read("a"), elsewhere.clone(), pool, read("b")], &[]);
    check(&[read("a"), elsewhere, other("g"), read("b")], &[]);
}
