//! A story of some three hundred calls in which every fault shows.

mod later;

use std::sync::Barrier;

use serde_json::{Value, json};

use super::super::{NamedFault, all};
use crate::reference::Reference;
use crate::reference::server::{Clock, ServeOptions};
use crate::reference::shell::Shell;
use crate::reference::tests::catalogue;
use crate::wire::{Request, Response};

/// Plays the story, and keeps what was answered to each call.
struct Teller {
    shell: Shell,
    told: Vec<(String, String)>,
}

impl Teller {
    fn new(fault: Option<&'static NamedFault>) -> Self {
        let middleware = fault.map(NamedFault::middleware);
        let clock = Clock::Virtual(1_790_000_000_000);
        let options = ServeOptions { clock, seed: 3, middleware, ..ServeOptions::default() };
        Self { shell: Shell::new(Reference::new(catalogue(), 3), options), told: Vec::new() }
    }

    fn request(operation: &str, input: &Value, signed: bool) -> Request {
        let catalogue = catalogue();
        let (service, _) = catalogue.operation(operation).expect("a known operation");
        let mut request = Request::call(&service.info.target_prefix, operation, input);
        if signed {
            let signature = "AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host, Signature=0";
            request.headers.push(("authorization".into(), signature.into()));
        }
        request
    }

    fn send(&mut self, operation: &str, input: &Value, signed: bool) -> Value {
        let response = self.shell.respond(&Self::request(operation, input, signed));
        let output = response.json().ok().flatten().unwrap_or_default().into_owned();
        self.told.push((operation.to_owned(), spelled(&response)));
        output
    }

    fn call(&mut self, operation: &str, input: Value) -> Value {
        self.send(operation, &input, true)
    }

    /// Sends calls twice at the same time, and tells how many succeed: on a busy machine one pair
    /// alone may miss each other.
    fn at_once(&mut self, operation: &str, inputs: &[Value]) {
        for input in inputs {
            let request = Self::request(operation, input, true);
            let start = Barrier::new(2);
            let send = || {
                start.wait();
                self.shell.respond(&request).is_success()
            };
            let both = std::thread::scope(|scope| {
                let threads = [scope.spawn(send), scope.spawn(send)];
                threads.into_iter().filter_map(|t| t.join().ok()).filter(|ok| *ok).count()
            });
            self.told.push((operation.to_owned(), format!("{both} succeed")));
        }
    }

    fn advance(&self, seconds: u64) {
        let body = json!({"advance_seconds": seconds}).to_string().into_bytes();
        let path = "/_reference/clock".into();
        self.shell.respond(&Request { method: "POST".into(), path, headers: Vec::new(), body });
    }
}

/// Spells a response out, request ids apart: whoever asks more draws others.
fn spelled(response: &Response) -> String {
    let mut headers = response.headers.clone();
    for (name, value) in &mut headers {
        if name == "x-amzn-requestid" {
            value.clear();
        }
    }
    format!("{} {headers:?} {}", response.status, String::from_utf8_lossy(&response.body))
}

fn at(value: &Value, pointer: &str) -> Value {
    value.pointer(pointer).cloned().unwrap_or_else(|| json!("missing"))
}

const PASSWORD: &str = "Upper-and-lower-7";
const FLOWS: [&str; 2] = ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"];

fn tell(teller: &mut Teller) {
    let pool = at(
        &teller
            .call("CreateUserPool", json!({"PoolName": "a", "AutoVerifiedAttributes": ["email"]})),
        "/UserPool/Id",
    );
    let other = at(&teller.call("CreateUserPool", json!({"PoolName": "b"})), "/UserPool/Id");
    constraints(teller, &pool);
    groups(teller, &pool);
    users(teller, &pool, &other);
    members(teller, &pool);
    clients(teller, &pool);
    settings(teller, &pool);
    sign_ins(teller, &pool);
    identity_pools(teller);
    teller.call("DeleteUserPool", json!({"UserPoolId": pool}));
    teller.call("DescribeUserPool", json!({"UserPoolId": pool}));
    later::tell(teller);
}

fn constraints(teller: &mut Teller, pool: &Value) {
    teller.call("DescribeUserPool", json!({"UserPoolId": pool}));
    teller.call("DescribeUserPool", json!({"UserPoolId": "us-east-1_nobody999"}));
    let page = teller.call("ListUserPools", json!({"MaxResults": 1}));
    teller.call("ListUserPools", json!({"MaxResults": 1, "NextToken": at(&page, "/NextToken")}));
    teller.call("ListUserPools", json!({"MaxResults": 2, "NextToken": null}));
    teller.call("ListUserPools", json!({"MaxResults": 61}));
    teller.send("ListUserPools", &json!({"MaxResults": 2}), false);
    teller.call("CreateUserPool", json!({"PoolName": "p".repeat(129)}));
    teller.call("CreateUserPool", json!({"PoolName": "#"}));
    teller.call("CreateUserPool", json!({"PoolName": "c", "MfaConfiguration": "MAYBE"}));
    teller.call("CreateGroup", json!({"UserPoolId": pool, "GroupName": "", "Precedence": -1}));
    teller.call("CreateGroup", json!({"UserPoolId": pool, "GroupName": ""}));
    teller.call("CreateGroup", json!({"UserPoolId": pool}));
    teller.call("CreateGroup", json!({"UserPoolId": "us-east-1_nobody999", "GroupName": ""}));
    teller.call("CreateUserPoolClient", json!({"UserPoolId": pool}));
}

const FOREIGN_ROLE: &str = "arn:aws:iam::000000000000:role/other";

fn groups(teller: &mut Teller, pool: &Value) {
    let group = |name: &str| json!({"UserPoolId": pool, "GroupName": name});
    let with = |name: &str, member: &str, value: Value| {
        let mut input = group(name);
        input[member] = value;
        input
    };
    teller.call("CreateGroup", with("g1", "Description", json!("one")));
    teller.call("CreateGroup", with("g2", "Description", json!("two")));
    teller.call("CreateGroup", with("g3", "Bogus", json!(1)));
    teller.call("CreateGroup", with("g1", "Description", json!("again")));
    teller.call("CreateGroup", with("g4", "RoleArn", json!(FOREIGN_ROLE)));
    teller.call("GetGroup", group("g4"));
    teller.call("GetGroup", group("g1"));
    teller.call("UpdateGroup", with("g1", "Description", json!("changed")));
    teller.call("GetGroup", group("g1"));
    let mut refused = with("g1", "RoleArn", json!(FOREIGN_ROLE));
    refused["Description"] = json!("refused");
    teller.call("UpdateGroup", refused);
    teller.call("GetGroup", group("g1"));
    teller.call("GetGroup", group("g2"));
    let list = json!({"UserPoolId": pool, "Limit": 1});
    let mut page = list.clone();
    for _ in 0..3 {
        page["NextToken"] = at(&teller.call("ListGroups", page.clone()), "/NextToken");
    }
    for _ in 0..2 {
        teller.call("ListGroups", json!({"UserPoolId": pool}));
    }
    teller.call("DeleteGroup", group("g3"));
    teller.call("GetGroup", group("g3"));
    teller.call("ListGroups", json!({"UserPoolId": pool}));
    teller.at_once("CreateGroup", &["race-1", "race-2", "race-3"].map(group));
}

fn users(teller: &mut Teller, pool: &Value, other: &Value) {
    let user = |name: &str| json!({"UserPoolId": pool, "Username": name});
    let with = |name: &str, member: &str, value: Value| {
        let mut input = user(name);
        input[member] = value;
        input
    };
    teller.call("AdminGetUser", user("anna"));
    teller.call("AdminCreateUser", with("anna", "TemporaryPassword", json!("Abcd-7x")));
    teller.call("AdminGetUser", user("anna"));
    teller.call("AdminCreateUser", with("anne", "TemporaryPassword", json!("only-lower-case-7")));
    for name in ["anna", "bella", "an", "anna"] {
        let email = json!([{"Name": "email", "Value": format!("{name}@example.com")}]);
        teller.call("AdminCreateUser", with(name, "UserAttributes", email));
    }
    teller.call("AdminCreateUser", json!({"UserPoolId": other, "Username": "zoe"}));
    teller.call("AdminGetUser", user("zoe"));
    teller.call("AdminGetUser", user("anna"));
    teller.call("AdminGetUser", user("anna"));
    let list =
        |filter: &str, limit: u64| json!({"UserPoolId": pool, "Filter": filter, "Limit": limit});
    teller.call("ListUsers", list("", 60));
    teller.call("ListUsers", list("username = \"an\"", 60));
    teller.call("ListUsers", list("username ^= \"an\"", 60));
    teller.call("ListUsers", list("username = \"bella\"", 1));
    let name = json!([{"Name": "name", "Value": "A"}, {"Name": "email", "Value": "a@b.example"}]);
    teller.call("AdminUpdateUserAttributes", with("anna", "UserAttributes", name));
    teller.call("AdminGetUser", user("anna"));
    teller.call("ListUsers", list("", 60));
    teller.call("AdminDisableUser", user("bella"));
    teller.call("AdminDisableUser", user("bella"));
    teller.call("AdminGetUser", user("bella"));
    teller.call("ListUsers", list("", 60));
    teller.call("AdminEnableUser", user("bella"));
    teller.at_once("AdminCreateUser", &["race-1", "race-2", "race-3"].map(user));
}

fn members(teller: &mut Teller, pool: &Value) {
    let member = json!({"UserPoolId": pool, "Username": "anna", "GroupName": "g1"});
    let of_user = json!({"UserPoolId": pool, "Username": "anna"});
    let of_group = json!({"UserPoolId": pool, "GroupName": "g1"});
    teller.call("AdminAddUserToGroup", member.clone());
    teller.call("AdminAddUserToGroup", member.clone());
    teller.call("AdminListGroupsForUser", of_user.clone());
    teller.call("ListUsersInGroup", of_group.clone());
    teller.call("AdminRemoveUserFromGroup", member);
    teller.call("ListUsersInGroup", of_group.clone());
    teller.call("AdminListGroupsForUser", of_user);
    teller.call("DeleteGroup", of_group);
    teller.call("ListGroups", json!({"UserPoolId": pool}));
}

fn clients(teller: &mut Teller, pool: &Value) {
    let create = json!({"UserPoolId": pool, "ClientName": "one"});
    let id = at(&teller.call("CreateUserPoolClient", create), "/UserPoolClient/ClientId");
    let create = json!({"UserPoolId": pool, "ClientName": "two", "GenerateSecret": true});
    teller.call("CreateUserPoolClient", create);
    let client = json!({"UserPoolId": pool, "ClientId": id});
    let mut changed = client.clone();
    changed["ClientName"] = json!("three");
    changed["RefreshTokenValidity"] = json!(7);
    teller.call("DescribeUserPoolClient", client.clone());
    teller.call("UpdateUserPoolClient", changed.clone());
    teller.call("DescribeUserPoolClient", client.clone());
    changed["SupportedIdentityProviders"] = json!(["Nobody"]);
    teller.call("UpdateUserPoolClient", changed);
    teller.call("DescribeUserPoolClient", client.clone());
    teller.call("ListUserPoolClients", json!({"UserPoolId": pool}));
    teller.call("DeleteUserPoolClient", client.clone());
    teller.call("DescribeUserPoolClient", client);
}

fn settings(teller: &mut Teller, pool: &Value) {
    let server = |name: &str| json!({"UserPoolId": pool, "Identifier": "api", "Name": name});
    let named = json!({"UserPoolId": pool, "Identifier": "api"});
    teller.call("CreateResourceServer", server("one"));
    teller.call("CreateResourceServer", server("again"));
    teller.call("UpdateResourceServer", server("two"));
    teller.call("DescribeResourceServer", named.clone());
    teller.call("DeleteResourceServer", named.clone());
    teller.call("DescribeResourceServer", named);
    let mfa = json!({"UserPoolId": pool, "MfaConfiguration": "OPTIONAL", "SoftwareTokenMfaConfiguration": {"Enabled": true}});
    teller.call("SetUserPoolMfaConfig", mfa);
    teller.call("GetUserPoolMfaConfig", json!({"UserPoolId": pool}));
    let arn = at(&teller.call("DescribeUserPool", json!({"UserPoolId": pool})), "/UserPool/Arn");
    let tagged = json!({"ResourceArn": arn});
    for (name, tag) in [("a", "1"), ("b", "2"), ("b", "2")] {
        teller.call("TagResource", json!({"ResourceArn": arn, "Tags": {name: tag}}));
        teller.call("ListTagsForResource", tagged.clone());
    }
    teller.call("UntagResource", json!({"ResourceArn": arn, "TagKeys": ["a"]}));
    teller.call("ListTagsForResource", tagged);
}

/// What a sign-in needs: the app clients and the words.
struct SignIn {
    pool: Value,
    client: Value,
}

impl SignIn {
    fn through(teller: &mut Teller, pool: &Value, name: &str, settings: Value) -> Self {
        let mut input = json!({"UserPoolId": pool, "ClientName": name, "ExplicitAuthFlows": FLOWS});
        for (name, value) in settings.as_object().into_iter().flatten() {
            input[name] = value.clone();
        }
        let created = teller.call("CreateUserPoolClient", input);
        Self { pool: pool.clone(), client: at(&created, "/UserPoolClient/ClientId") }
    }

    fn password(&self, teller: &mut Teller, name: &str, password: &str) -> Value {
        let parameters = json!({"USERNAME": name, "PASSWORD": password});
        let flow = json!({"AuthFlow": "USER_PASSWORD_AUTH", "ClientId": self.client, "AuthParameters": parameters});
        at(&teller.send("InitiateAuth", &flow, false), "/AuthenticationResult")
    }

    fn refresh(&self, teller: &mut Teller, tokens: &Value) {
        let parameters = json!({"REFRESH_TOKEN": tokens["RefreshToken"]});
        let flow = json!({"AuthFlow": "REFRESH_TOKEN_AUTH", "ClientId": self.client, "AuthParameters": parameters});
        teller.send("InitiateAuth", &flow, false);
    }

    fn user(&self, name: &str) -> Value {
        json!({"UserPoolId": self.pool, "Username": name})
    }
}

fn get_user(teller: &mut Teller, token: &Value) {
    teller.send("GetUser", &json!({"AccessToken": token}), false);
}

fn sign_ins(teller: &mut Teller, pool: &Value) {
    let app = SignIn::through(teller, pool, "app", json!({}));
    let hiding =
        SignIn::through(teller, pool, "hiding", json!({"PreventUserExistenceErrors": "ENABLED"}));
    let secret = SignIn::through(teller, pool, "secret", json!({"GenerateSecret": true}));
    for (name, password) in [("anna", "Former-password-7"), ("anna", PASSWORD), ("bella", PASSWORD)]
    {
        let mut input = app.user(name);
        input["Password"] = json!(password);
        input["Permanent"] = json!(true);
        teller.call("AdminSetUserPassword", input);
    }
    teller.call("AdminGetUser", app.user("an"));
    let tokens = app.password(teller, "anna", PASSWORD);
    let bellas = app.password(teller, "bella", PASSWORD);
    app.password(teller, "anna", "Former-password-7");
    app.password(teller, "anna", "Entirely-wrong-7");
    hiding.password(teller, "nobody", PASSWORD);
    secret.password(teller, "anna", PASSWORD);
    get_user(teller, &tokens["AccessToken"]);
    get_user(teller, &bellas["AccessToken"]);
    get_user(teller, &tokens["IdToken"]);
    get_user(teller, &json!("none"));
    let access = tokens["AccessToken"].as_str().unwrap_or_default();
    let signed = access.rsplit_once('.').map_or("", |(claims, _)| claims);
    get_user(teller, &json!(format!("{signed}.AAAA")));
    hiding.refresh(teller, &tokens);
    app.refresh(teller, &tokens);
    teller.send(
        "RevokeToken",
        &json!({"ClientId": app.client, "Token": tokens["RefreshToken"]}),
        false,
    );
    app.refresh(teller, &tokens);
    ends(teller, &app);
    let sign_up = json!({"ClientId": app.client, "Username": "cara", "Password": PASSWORD,
        "UserAttributes": [{"Name": "email", "Value": "cara@example.com"}]});
    teller.send("SignUp", &sign_up, false);
    let confirm = json!({"ClientId": app.client, "Username": "cara", "ConfirmationCode": "000000"});
    teller.send("ConfirmSignUp", &confirm, false);
}

/// The ways a token ends.
fn ends(teller: &mut Teller, app: &SignIn) {
    let tokens = app.password(teller, "anna", PASSWORD);
    get_user(teller, &tokens["AccessToken"]);
    teller.send("GlobalSignOut", &json!({"AccessToken": tokens["AccessToken"]}), false);
    get_user(teller, &tokens["AccessToken"]);
    for end in ["AdminUserGlobalSignOut", "AdminDisableUser"] {
        let tokens = app.password(teller, "anna", PASSWORD);
        get_user(teller, &tokens["AccessToken"]);
        teller.call(end, app.user("anna"));
        get_user(teller, &tokens["AccessToken"]);
    }
    let tokens = app.password(teller, "bella", PASSWORD);
    get_user(teller, &tokens["AccessToken"]);
    teller.advance(4000);
    get_user(teller, &tokens["AccessToken"]);
    let tokens = app.password(teller, "bella", PASSWORD);
    get_user(teller, &tokens["AccessToken"]);
    teller.call("AdminDeleteUser", app.user("bella"));
    get_user(teller, &tokens["AccessToken"]);
    teller.call("AdminGetUser", app.user("bella"));
}

fn identity_pools(teller: &mut Teller) {
    let create = json!({"IdentityPoolName": "one", "AllowUnauthenticatedIdentities": false});
    let id = at(&teller.call("CreateIdentityPool", create), "/IdentityPoolId");
    let pool = json!({"IdentityPoolId": id});
    let update = json!({"IdentityPoolId": id, "IdentityPoolName": "two", "AllowUnauthenticatedIdentities": true});
    teller.call("UpdateIdentityPool", update);
    teller.call("DescribeIdentityPool", pool.clone());
    let role = "arn:aws:iam::123456789012:role/authenticated";
    teller.call(
        "SetIdentityPoolRoles",
        json!({"IdentityPoolId": id, "Roles": {"authenticated": role}}),
    );
    teller.call("GetIdentityPoolRoles", pool.clone());
    teller.call("DeleteIdentityPool", pool);
    teller.call("ListIdentityPools", json!({"MaxResults": 10}));
}

fn told(fault: Option<&'static NamedFault>) -> Vec<(String, String)> {
    let mut teller = Teller::new(fault);
    tell(&mut teller);
    teller.told
}

/// Says which call is the first to be answered otherwise.
fn shows_at(fault: &'static NamedFault, plain: &[(String, String)]) -> String {
    let told = told(Some(fault));
    let first = plain.iter().zip(&told).position(|(plain, faulty)| plain != faulty);
    let place = first.map_or("never", |place| plain[place].0.as_str());
    format!("{}: {place}", fault.name)
}

#[test]
fn the_story_is_the_same_each_time() {
    assert_eq!(told(None), told(None));
}

#[test]
fn each_fault_shows_where_it_should() {
    let plain = told(None);
    let table: Vec<_> = all().map(|fault| shows_at(fault, &plain)).collect();
    insta::assert_snapshot!(table.join("\n"), @r"
    status-404-on-not-found: DescribeUserPool
    status-201-on-create: CreateUserPool
    json-content-type: CreateUserPool
    no-request-id: CreateUserPool
    namespaced-type: DescribeUserPool
    capital-message: DescribeUserPool
    code-only-body: DescribeUserPool
    no-error-header: DescribeUserPool
    error-header-without-colon: DescribeUserPool
    braces-for-void: DeleteGroup
    empty-for-struct: AdminUpdateUserAttributes
    string-timestamps: CreateUserPool
    millisecond-timestamps: CreateUserPool
    html-500: DescribeUserPool
    internal-error: DescribeUserPool
    errors-are-text: DescribeUserPool
    error-header-names-another: DescribeUserPool
    errors-have-status-200: DescribeUserPool
    missing-required-member: AdminGetUser
    wrong-member-type: CreateUserPool
    enum-outside-set: AdminCreateUser
    undeclared-member: CreateUserPool
    null-members: CreateUserPool
    number-beyond-its-type: CreateUserPool
    numbers-are-strings: CreateUserPool
    attributes-are-a-map: AdminGetUser
    undeclared-code: DescribeUserPool
    wrong-code: DescribeUserPool
    wrong-message: DescribeUserPool
    accepts-everything: DescribeUserPool
    refuses-everything: CreateUserPool
    unknown-pool-not-authorized: DescribeUserPool
    missing-user-is-a-missing-resource: AdminGetUser
    group-exists-as-parameter: CreateGroup
    wrong-code-as-expired: ConfirmSignUp
    malformed-token-as-unknown-user: GetUser
    unsigned-calls-are-accepted: ListUserPools
    group-not-found-in-other-words: GetGroup
    username-exists-in-other-words: AdminCreateUser
    missing-members-crash: CreateGroup
    errors-have-no-text: DescribeUserPool
    unknown-domain-is-deleted: DeleteUserPoolDomain
    unknown-client-is-not-authorized: InitiateAuth
    username-exists-as-alias: SignUp
    password-policy-is-not-explained: AdminCreateUser
    too-long-is-cut: CreateUserPool
    too-short-is-padded: CreateGroup
    numbers-are-clamped: ListUserPools
    unknown-word-is-ignored: CreateUserPool
    patterns-are-not-enforced: CreateUserPool
    client-name-is-not-required: CreateUserPoolClient
    group-name-is-not-required: CreateGroup
    first-violation-only: CreateGroup
    constraints-as-validation-exception: ListUserPools
    pool-before-constraints: CreateGroup
    null-is-refused: ListUserPools
    unknown-members-are-refused: CreateGroup
    password-minimum-off-by-one: AdminCreateUser
    repeats-items: ListUserPools
    loses-writes: DescribeUserPool
    tags-replace-tags: ListTagsForResource
    untag-takes-all-tags: ListTagsForResource
    permanent-password-is-temporary: InitiateAuth
    new-user-is-confirmed: AdminCreateUser
    client-defaults-differ: CreateUserPoolClient
    enabled-is-always-true: AdminGetUser
    group-update-is-lost: GetGroup
    client-update-is-lost: DescribeUserPoolClient
    client-update-takes-the-name-only: DescribeUserPoolClient
    resource-server-update-is-lost: DescribeResourceServer
    identity-pool-update-is-lost: DescribeIdentityPool
    identity-pool-roles-are-lost: GetIdentityPoolRoles
    attribute-update-is-lost: AdminGetUser
    mfa-preference-is-lost: GetUserPoolMfaConfig
    disable-does-nothing: AdminGetUser
    group-reads-are-stale: GetGroup
    refused-group-update-applies: GetGroup
    refused-user-creation-creates: AdminGetUser
    refused-group-creation-creates: GetGroup
    refused-client-update-resets: DescribeUserPoolClient
    group-delete-does-nothing: GetGroup
    client-delete-does-nothing: DescribeUserPoolClient
    resource-server-delete-does-nothing: DescribeResourceServer
    deleted-group-is-listed: ListGroups
    deleted-user-is-answered: AdminGetUser
    deleted-pool-is-described: DescribeUserPool
    deleted-identity-pool-is-listed: ListIdentityPools
    group-create-overwrites: CreateGroup
    user-created-twice: AdminCreateUser
    resource-server-created-twice: CreateResourceServer
    second-add-to-group-is-refused: AdminAddUserToGroup
    second-disable-is-refused: AdminDisableUser
    second-tagging-is-refused: TagResource
    custom-attributes-are-lost: AdminCreateUser
    group-precedence-is-lost: CreateGroup
    group-precedence-zero-is-lost: CreateGroup
    token-revocation-cannot-be-turned-off: CreateUserPoolClient
    client-secret-is-shown-once: DescribeUserPoolClient
    scopes-are-lost: CreateResourceServer
    pool-tags-are-lost: CreateUserPool
    confirmation-does-nothing: AdminGetUser
    attribute-delete-does-nothing: AdminGetUser
    enable-does-nothing: InitiateAuth
    provider-delete-does-nothing: DescribeIdentityProvider
    refused-sign-up-creates: AdminGetUser
    listed-status-is-confirmed: ListUsers
    pool-was-just-created: DescribeUserPool
    equal-logins-get-new-identities: GetId
    email-is-verified-by-itself: AdminGetUser
    own-view-lacks-email: GetUser
    user-list-is-stale: ListUsers
    group-list-lacks-descriptions: ListGroups
    client-list-shows-other-names: ListUserPoolClients
    user-list-shows-everyone-enabled: ListUsers
    groups-of-user-are-empty: AdminListGroupsForUser
    removed-member-stays-listed: ListUsersInGroup
    new-member-is-not-listed: ListUsersInGroup
    modified-goes-back: GetGroup
    created-moves: AdminGetUser
    modified-before-created: DescribeUserPoolClient
    sub-changes-per-read: AdminGetUser
    listed-sub-differs: ListUsers
    client-ids-are-reused: CreateUserPoolClient
    disable-hits-another: ListUsers
    group-update-hits-another: GetGroup
    group-delete-hits-another: ListGroups
    password-change-hits-another: AdminGetUser
    concurrent-groups-both-win: CreateGroup
    concurrent-users-both-win: AdminCreateUser
    list-skips-between-pages: ListUserPools
    list-repeats-between-pages: ListUserPools
    list-order-changes: ListGroups
    token-never-ends: ListUserPools
    no-token-though-more: ListUserPools
    limit-is-ignored: ListGroups
    filter-is-ignored: ListUsers
    filter-after-limit: ListUsers
    prefix-filter-is-equality: ListUsers
    equality-filter-is-prefix: ListUsers
    echoes-password: AdminCreateUser
    secret-hash-is-not-checked: InitiateAuth
    wrong-password-signs-in: InitiateAuth
    old-password-signs-in: InitiateAuth
    reveals-users: InitiateAuth
    user-of-another-pool-is-shown: AdminGetUser
    any-code-confirms: ConfirmSignUp
    password-policy-is-not-enforced: AdminCreateUser
    client-list-shows-secrets: ListUserPoolClients
    sign-out-keeps-tokens: GetUser
    admin-sign-out-keeps-tokens: GetUser
    disabled-user-keeps-tokens: GetUser
    deleted-user-keeps-tokens: GetUser
    revoked-refresh-token-refreshes: InitiateAuth
    expired-access-token-is-accepted: GetUser
    signature-is-not-checked: GetUser
    id-token-is-accepted: GetUser
    refresh-token-of-another-client-is-accepted: InitiateAuth
    any-password-for-a-temporary-one: InitiateAuth
    client-of-another-pool-signs-in: AdminInitiateAuth
    any-session-is-taken: RespondToAuthChallenge
    session-can-be-used-twice: RespondToAuthChallenge
    unconfirmed-user-signs-in: InitiateAuth
    disabled-user-signs-in: InitiateAuth
    previous-password-is-not-checked: ChangePassword
    any-totp-code-is-taken: VerifySoftwareToken
    expired-code-confirms: ConfirmSignUp
    reset-code-works-twice: ConfirmForgotPassword
    new-user-shows-the-password: AdminCreateUser
    reset-reveals-users: ForgotPassword
    guests-are-let-in: GetId
    id-tokens-are-not-signed: InitiateAuth
    forged-token-changes-attributes: UpdateUserAttributes
    tokens-do-not-say-how-long-they-last: InitiateAuth
    ");
}
