//! The official Rust SDK, with its own HTTP client, drives the served reference as an
//! application would; another library verifies the tokens.
#![cfg(feature = "aws")]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{SystemTime, UNIX_EPOCH};

use aws_sdk_cognitoidentityprovider::Client;
use aws_sdk_cognitoidentityprovider::config::{
    BehaviorVersion, Config, Credentials, Region, retry::RetryConfig,
};
use aws_sdk_cognitoidentityprovider::error::ProvideErrorMetadata;
use aws_sdk_cognitoidentityprovider::types::{
    AttributeType, AuthFlowType, AuthenticationResultType, ChallengeNameType,
    ExplicitAuthFlowsType, SoftwareTokenMfaConfigType, SoftwareTokenMfaSettingsType,
    UserPoolMfaType, VerifiedAttributeType,
};
use cognito_conformance::reference::Reference;
use cognito_conformance::reference::server::{ServeOptions, Server};
use cognito_conformance::srp::{Claim, Identity, client, timestamp};
use cognito_conformance::suite::{Sources, Suite};
use cognito_conformance::totp;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use serde_json::Value;

const NAME: &str = "eve";
const PASSWORD: &str = "Journey-Passw0rd!";
const NEW_PASSWORD: &str = "Journey-Passw0rd-2!";

/// A served reference, and the SDK's client of it.
struct World {
    server: Server,
    sdk: Client,
    pool: String,
    client: String,
}

impl World {
    async fn make() -> Self {
        let catalogue = Suite::load(&Sources::default()).expect("the suite loads").catalogue;
        let reference = Reference::new(catalogue, 1);
        let server = Server::on_loopback(reference, ServeOptions::default()).expect("a free port");
        let config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .credentials_provider(Credentials::new("test", "test", None, None, "test"))
            .retry_config(RetryConfig::disabled())
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .endpoint_url(server.url())
            .build();
        let sdk = Client::from_conf(config);
        let made = sdk.create_user_pool().pool_name("journey");
        let made = made.auto_verified_attributes(VerifiedAttributeType::Email).send().await;
        let pool = made.expect("a pool").user_pool.and_then(|pool| pool.id).expect("its id");
        let made = sdk.create_user_pool_client().user_pool_id(&pool).client_name("journey");
        let made = made
            .explicit_auth_flows(ExplicitAuthFlowsType::AllowUserSrpAuth)
            .explicit_auth_flows(ExplicitAuthFlowsType::AllowUserPasswordAuth)
            .explicit_auth_flows(ExplicitAuthFlowsType::AllowRefreshTokenAuth);
        let made = made.send().await.expect("a client").user_pool_client;
        let client = made.and_then(|client| client.client_id).expect("its id");
        Self { server, sdk, pool, client }
    }

    /// Fetches a document beside the API.
    fn get(&self, path: &str) -> Value {
        let mut stream = TcpStream::connect(self.server.addr()).expect("the server listens");
        let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).expect("the request is sent");
        let mut response = String::new();
        stream.read_to_string(&mut response).expect("a complete response");
        let (_, body) = response.split_once("\r\n\r\n").expect("a body");
        serde_json::from_str(body).expect("JSON")
    }

    /// Returns the newest code sent to the user.
    fn code(&self) -> String {
        let path = format!("/_reference/outbox?UserPoolId={}&Username={NAME}", self.pool);
        let messages = self.get(&path);
        let newest = messages.as_array().and_then(|messages| messages.last()).expect("a message");
        newest["Code"].as_str().expect("a code").to_owned()
    }

    /// Verifies a token with an independent library against the pool's key set.
    fn verified(&self, token: &str, token_use: &str) -> Value {
        let keys = self.get(&format!("/{}/.well-known/jwks.json", self.pool));
        let keys: JwkSet = serde_json::from_value(keys).expect("a key set");
        let kid = decode_header(token).expect("a header").kid.expect("a key id");
        let key = DecodingKey::from_jwk(keys.find(&kid).expect("the key")).expect("an RSA key");
        let mut validation = Validation::new(Algorithm::RS256);
        let issuer = format!("https://cognito-idp.us-east-1.amazonaws.com/{}", self.pool);
        validation.set_issuer(&[issuer]);
        match token_use {
            "id" => validation.set_audience(&[&self.client]),
            _ => validation.validate_aud = false,
        }
        let claims = decode::<Value>(token, &key, &validation).expect("a good token").claims;
        assert_eq!(claims["token_use"], token_use);
        claims
    }

    async fn sign_up(&self) {
        let email = AttributeType::builder().name("email").value("eve@example.com").build();
        let request = self.sdk.sign_up().client_id(&self.client).username(NAME).password(PASSWORD);
        let made = request.user_attributes(email.expect("a name")).send().await.expect("accepted");
        assert!(!made.user_confirmed);
        let confirm = |code: &str| {
            let request = self.sdk.confirm_sign_up().client_id(&self.client).username(NAME);
            request.confirmation_code(code).send()
        };
        let code = self.code();
        let wrong = if code == "000000" { "000001" } else { "000000" };
        let refused = confirm(wrong).await.expect_err("a wrong code");
        assert_eq!(refused.code(), Some("CodeMismatchException"));
        confirm(&code).await.expect("the right code");
    }

    /// Signs in with SRP, answering the software token's challenge if one is posed.
    async fn sign_in(&self, password: &str, seed: Option<&str>) -> AuthenticationResultType {
        let exchange = client::Exchange::new(&[7; 64]);
        let request = self.sdk.initiate_auth().client_id(&self.client);
        let request = request.auth_flow(AuthFlowType::UserSrpAuth);
        let request = request.auth_parameters("USERNAME", NAME);
        let posed = request.auth_parameters("SRP_A", exchange.public()).send().await;
        let posed = posed.expect("a challenge");
        assert_eq!(posed.challenge_name(), Some(&ChallengeNameType::PasswordVerifier));
        let parameters = posed.challenge_parameters().expect("parameters");
        let date = timestamp::format(now_secs());
        let block = client::secret_block(&parameters["SECRET_BLOCK"]).expect("base64");
        let identity = Identity::of_user(&self.pool, &parameters["USER_ID_FOR_SRP"]);
        let claim = Claim { identity, secret_block: &block, timestamp: &date };
        let signature =
            exchange.signature(&claim, password, &parameters["SALT"], &parameters["SRP_B"]);
        let answer = self.sdk.respond_to_auth_challenge().client_id(&self.client);
        let answer = answer
            .challenge_name(ChallengeNameType::PasswordVerifier)
            .challenge_responses("USERNAME", &parameters["USER_ID_FOR_SRP"])
            .challenge_responses("PASSWORD_CLAIM_SECRET_BLOCK", &parameters["SECRET_BLOCK"])
            .challenge_responses("PASSWORD_CLAIM_SIGNATURE", signature.expect("good numbers"))
            .challenge_responses("TIMESTAMP", &date);
        let answered = answer.send().await.expect("the proof is right");
        let Some(seed) = seed else { return answered.authentication_result.expect("tokens") };
        assert_eq!(answered.challenge_name(), Some(&ChallengeNameType::SoftwareTokenMfa));
        let code = totp::code(seed, now_secs() + totp::STEP_SECS).expect("base32");
        let answer = self.sdk.respond_to_auth_challenge().client_id(&self.client);
        let answer = answer
            .challenge_name(ChallengeNameType::SoftwareTokenMfa)
            .session(answered.session().expect("a session"))
            .challenge_responses("USERNAME", NAME)
            .challenge_responses("SOFTWARE_TOKEN_MFA_CODE", code);
        let answered = answer.send().await.expect("the code is right");
        answered.authentication_result.expect("tokens")
    }
}

fn now_secs() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("a time after 1970").as_secs()
}

fn access_token(result: &AuthenticationResultType) -> &str {
    result.access_token().expect("an access token")
}

#[tokio::test]
async fn an_application_gets_through_its_users_life() {
    let world = World::make().await;
    let sdk = &world.sdk;
    world.sign_up().await;
    let result = world.sign_in(PASSWORD, None).await;
    assert_eq!(world.verified(access_token(&result), "access")["username"], NAME);
    let id_token = result.id_token().expect("an ID token");
    assert_eq!(world.verified(id_token, "id")["email"], "eve@example.com");

    let offered = SoftwareTokenMfaConfigType::builder().enabled(true).build();
    let config = sdk.set_user_pool_mfa_config().user_pool_id(&world.pool);
    let config = config.software_token_mfa_configuration(offered);
    config.mfa_configuration(UserPoolMfaType::Optional).send().await.expect("set");
    let token = access_token(&result);
    let secret = sdk.associate_software_token().access_token(token).send().await;
    let seed = secret.expect("a secret").secret_code.expect("its code");
    let code = totp::code(&seed, now_secs()).expect("base32");
    sdk.verify_software_token().access_token(token).user_code(code).send().await.expect("right");
    let preference =
        |on| SoftwareTokenMfaSettingsType::builder().enabled(on).preferred_mfa(on).build();
    let prefer = |token: &str, on| {
        let request = sdk.set_user_mfa_preference().access_token(token);
        request.software_token_mfa_settings(preference(on)).send()
    };
    prefer(token, true).await.expect("set");
    let result = world.sign_in(PASSWORD, Some(&seed)).await;
    prefer(access_token(&result), false).await.expect("set");

    let refresh = sdk.initiate_auth().client_id(&world.client);
    let refresh = refresh.auth_flow(AuthFlowType::RefreshTokenAuth);
    let token = result.refresh_token().expect("a refresh token");
    let renewed = refresh.auth_parameters("REFRESH_TOKEN", token).send().await.expect("renewed");
    let renewed = renewed.authentication_result.expect("tokens");
    world.verified(access_token(&renewed), "access");

    let token = access_token(&renewed);
    let given = AttributeType::builder().name("given_name").value("Eve").build().expect("a name");
    let update = sdk.update_user_attributes().access_token(token).user_attributes(given.clone());
    update.send().await.expect("updated");
    let user = sdk.get_user().access_token(token).send().await.expect("the user");
    assert!(user.user_attributes().contains(&given));
    let change = sdk.change_password().access_token(token).previous_password(PASSWORD);
    change.proposed_password(NEW_PASSWORD).send().await.expect("changed");

    sdk.create_group().user_pool_id(&world.pool).group_name("g").send().await.expect("a group");
    let add = sdk.admin_add_user_to_group().user_pool_id(&world.pool).username(NAME);
    add.group_name("g").send().await.expect("added");
    let result = world.sign_in(NEW_PASSWORD, None).await;
    let claims = world.verified(result.id_token().expect("an ID token"), "id");
    assert_eq!(claims["cognito:groups"][0], "g");

    let token = access_token(&result);
    sdk.global_sign_out().access_token(token).send().await.expect("signed out");
    let refused = sdk.get_user().access_token(token).send().await.expect_err("signed out");
    assert_eq!(refused.code(), Some("NotAuthorizedException"));
    let result = world.sign_in(NEW_PASSWORD, None).await;
    sdk.delete_user().access_token(access_token(&result)).send().await.expect("deleted");
    let gone = sdk.admin_get_user().user_pool_id(&world.pool).username(NAME).send().await;
    assert_eq!(gone.expect_err("deleted").code(), Some("UserNotFoundException"));
    sdk.delete_user_pool().user_pool_id(&world.pool).send().await.expect("deleted");
}
