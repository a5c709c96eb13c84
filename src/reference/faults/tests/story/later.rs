//! The story goes on: settings that may be lost, sign-ins that may go wrong.

use serde_json::{Value, json};

use super::{FLOWS, PASSWORD, SignIn, Teller, at, get_user};
use crate::wire::Request;

pub(super) fn tell(teller: &mut Teller) {
    let schema = json!([{"Name": "shoe", "AttributeDataType": "String", "Mutable": true}]);
    let create = json!({"PoolName": "later", "UserPoolTags": {"a": "1"}, "Schema": schema,
        "AutoVerifiedAttributes": ["email"]});
    let pool = at(&teller.call("CreateUserPool", create), "/UserPool/Id");
    let other = at(&teller.call("CreateUserPool", json!({"PoolName": "x"})), "/UserPool/Id");
    kept(teller, &pool);
    users(teller, &pool);
    sign_ins(teller, &pool, &other);
    signed_up(teller, &pool);
    guests(teller, &pool);
}

fn kept(teller: &mut Teller, pool: &Value) {
    for (name, precedence) in [("five", 5), ("zero", 0)] {
        let group = json!({"UserPoolId": pool, "GroupName": name, "Precedence": precedence});
        teller.call("CreateGroup", group);
    }
    let create = json!({"UserPoolId": pool, "ClientName": "x", "GenerateSecret": true,
        "EnableTokenRevocation": false});
    let client = at(&teller.call("CreateUserPoolClient", create), "/UserPoolClient/ClientId");
    teller.call("DescribeUserPoolClient", json!({"UserPoolId": pool, "ClientId": client}));
    let scopes = json!([{"ScopeName": "read", "ScopeDescription": "reads"}]);
    let server = json!({"UserPoolId": pool, "Identifier": "api", "Name": "n", "Scopes": scopes});
    teller.call("CreateResourceServer", server);
    let provider = json!({"UserPoolId": pool, "ProviderName": "Google", "ProviderType": "Google",
        "ProviderDetails": {"client_id": "a", "client_secret": "b", "authorize_scopes": "openid"}});
    teller.call("CreateIdentityProvider", provider);
    let named = json!({"UserPoolId": pool, "ProviderName": "Google"});
    teller.call("DeleteIdentityProvider", named.clone());
    teller.call("DescribeIdentityProvider", named);
    teller.call("DeleteUserPoolDomain", json!({"UserPoolId": pool, "Domain": "nobodys"}));
}

fn users(teller: &mut Teller, pool: &Value) {
    let attributes = json!([{"Name": "custom:shoe", "Value": "42"},
        {"Name": "email", "Value": "dora@example.com"}, {"Name": "email_verified", "Value": "false"}]);
    let create = json!({"UserPoolId": pool, "Username": "dora", "TemporaryPassword": PASSWORD,
        "UserAttributes": attributes});
    let dora = json!({"UserPoolId": pool, "Username": "dora"});
    teller.call("AdminCreateUser", create);
    teller.call("AdminGetUser", dora.clone());
    let mut delete = dora.clone();
    delete["UserAttributeNames"] = json!(["custom:shoe"]);
    teller.call("AdminDeleteUserAttributes", delete);
    teller.call("AdminGetUser", dora.clone());
    for change in ["AdminDisableUser", "AdminEnableUser"] {
        teller.call(change, dora.clone());
        teller.call("AdminGetUser", dora.clone());
    }
}

/// What answering the challenge of a temporary password takes.
fn answer(app: &SignIn, session: &Value) -> Value {
    let responses = json!({"USERNAME": "dora", "NEW_PASSWORD": PASSWORD});
    json!({"ClientId": app.client, "ChallengeName": "NEW_PASSWORD_REQUIRED", "Session": session,
        "ChallengeResponses": responses})
}

fn sign_ins(teller: &mut Teller, pool: &Value, other: &Value) {
    let app = SignIn::through(teller, pool, "app", json!({}));
    let flows = json!(["ALLOW_ADMIN_USER_PASSWORD_AUTH", FLOWS[1]]);
    let foreign = SignIn::through(teller, other, "app", json!({"ExplicitAuthFlows": flows}));
    let parameters = json!({"USERNAME": "dora", "PASSWORD": PASSWORD});
    let through = json!({"UserPoolId": pool, "ClientId": foreign.client,
        "AuthFlow": "ADMIN_USER_PASSWORD_AUTH", "AuthParameters": parameters});
    teller.call("AdminInitiateAuth", through);
    let nobody = SignIn { pool: pool.clone(), client: json!("nobody") };
    nobody.password(teller, "dora", PASSWORD);
    app.password(teller, "dora", "Entirely-wrong-7");
    let flow = json!({"AuthFlow": "USER_PASSWORD_AUTH", "ClientId": app.client, "AuthParameters": parameters});
    let session = at(&teller.send("InitiateAuth", &flow, false), "/Session");
    for session in [&json!("a".repeat(60)), &session, &session] {
        teller.send("RespondToAuthChallenge", &answer(&app, session), false);
    }
    teller.call("AdminDisableUser", app.user("dora"));
    app.password(teller, "dora", PASSWORD);
    teller.call("AdminEnableUser", app.user("dora"));
    let mut set = app.user("dora");
    set["Password"] = json!(PASSWORD);
    set["Permanent"] = json!(true);
    teller.call("AdminSetUserPassword", set);
    let tokens = app.password(teller, "dora", PASSWORD);
    let access = &tokens["AccessToken"];
    get_user(teller, access);
    let change = json!({"AccessToken": access, "PreviousPassword": "Entirely-wrong-7",
        "ProposedPassword": "Another-password-7"});
    teller.send("ChangePassword", &change, false);
    let signed = access.as_str().and_then(|token| Some(token.rsplit_once('.')?.0));
    let forged = format!("{}.AAAA", signed.unwrap_or_default());
    let name = json!([{"Name": "name", "Value": "D"}]);
    let update = json!({"AccessToken": forged, "UserAttributes": name});
    teller.send("UpdateUserAttributes", &update, false);
    let mfa = json!({"UserPoolId": pool, "MfaConfiguration": "OPTIONAL", "SoftwareTokenMfaConfiguration": {"Enabled": true}});
    teller.call("SetUserPoolMfaConfig", mfa);
    teller.send("AssociateSoftwareToken", &json!({"AccessToken": access}), false);
    let verify = json!({"AccessToken": access, "UserCode": "000000"});
    teller.send("VerifySoftwareToken", &verify, false);
    let hiding =
        SignIn::through(teller, pool, "hiding", json!({"PreventUserExistenceErrors": "ENABLED"}));
    let reset = json!({"ClientId": hiding.client, "Username": "nobody"});
    teller.send("ForgotPassword", &reset, false);
}

/// The code of the last message to a user.
fn code(teller: &Teller, pool: &Value, user: &str) -> Value {
    let pool = pool.as_str().unwrap_or_default();
    let path = format!("/_reference/outbox?UserPoolId={pool}&Username={user}");
    let request = Request { method: "GET".into(), path, headers: Vec::new(), body: Vec::new() };
    let response = teller.shell.respond(&request);
    let messages = response.json().ok().flatten().unwrap_or_default().into_owned();
    let last = messages.as_array().and_then(|messages| messages.last().cloned());
    at(&last.unwrap_or_default(), "/Code")
}

fn signed_up(teller: &mut Teller, pool: &Value) {
    let app = SignIn::through(teller, pool, "app", json!({}));
    let email = json!([{"Name": "email", "Value": "eva@example.com"}]);
    let sign_up = |name: &str, password: &str| json!({"ClientId": app.client, "Username": name, "Password": password, "UserAttributes": email});
    teller.send("SignUp", &sign_up("weak", "only-lower-case-7"), false);
    teller.call("AdminGetUser", app.user("weak"));
    teller.send("SignUp", &sign_up("eva", PASSWORD), false);
    teller.send("SignUp", &sign_up("eva", PASSWORD), false);
    app.password(teller, "eva", PASSWORD);
    let expired = code(teller, pool, "eva");
    teller.advance(90_000);
    let eva =
        |code: &Value| json!({"ClientId": app.client, "Username": "eva", "ConfirmationCode": code});
    teller.send("ConfirmSignUp", &eva(&expired), false);
    teller.send(
        "ResendConfirmationCode",
        &json!({"ClientId": app.client, "Username": "eva"}),
        false,
    );
    let fresh = code(teller, pool, "eva");
    teller.send("ConfirmSignUp", &eva(&fresh), false);
    teller.send("ForgotPassword", &json!({"ClientId": app.client, "Username": "eva"}), false);
    let mut reset = eva(&code(teller, pool, "eva"));
    reset["Password"] = json!(PASSWORD);
    for _ in 0..2 {
        teller.send("ConfirmForgotPassword", &reset, false);
    }
    teller.send("SignUp", &sign_up("fay", PASSWORD), false);
    teller.call("AdminConfirmSignUp", app.user("fay"));
    teller.call("AdminGetUser", app.user("fay"));
}

fn guests(teller: &mut Teller, pool: &Value) {
    let app = SignIn::through(teller, pool, "app", json!({}));
    let provider =
        format!("cognito-idp.us-east-1.amazonaws.com/{}", pool.as_str().unwrap_or_default());
    let create = json!({"IdentityPoolName": "later", "AllowUnauthenticatedIdentities": false,
        "CognitoIdentityProviders": [{"ProviderName": provider, "ClientId": app.client}]});
    let id = at(&teller.call("CreateIdentityPool", create), "/IdentityPoolId");
    teller.send("GetId", &json!({"IdentityPoolId": id}), false);
    let tokens = app.password(teller, "dora", PASSWORD);
    let logins = json!({provider: tokens["IdToken"]});
    for _ in 0..2 {
        teller.send("GetId", &json!({"IdentityPoolId": id, "Logins": logins}), false);
    }
}
