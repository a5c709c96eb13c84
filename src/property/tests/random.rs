//! Sequences at random on the reference, which contradicts itself nowhere: dense ones, where a few
//! users, groups and clients of two pools meet again and again.

use super::*;
use crate::reference::{Call as Asked, Reference};

const SEQUENCES: u64 = if cfg!(debug_assertions) { 40 } else { 1000 };
const CALLS: usize = 150;

/// How often each operation is drawn.
const OPERATIONS: &[(&str, usize)] = &[
    ("AdminAddUserToGroup", 3),
    ("AdminConfirmSignUp", 1),
    ("AdminCreateUser", 4),
    ("AdminDeleteUser", 2),
    ("AdminDeleteUserAttributes", 2),
    ("AdminDisableUser", 2),
    ("AdminEnableUser", 2),
    ("AdminGetUser", 8),
    ("AdminInitiateAuth", 5),
    ("AdminListGroupsForUser", 4),
    ("AdminRemoveUserFromGroup", 2),
    ("AdminResetUserPassword", 1),
    ("AdminSetUserMFAPreference", 1),
    ("AdminSetUserPassword", 5),
    ("AdminUpdateUserAttributes", 4),
    ("AdminUserGlobalSignOut", 1),
    ("CreateGroup", 3),
    ("CreateIdentityProvider", 1),
    ("CreateResourceServer", 2),
    ("CreateUserPoolClient", 1),
    ("DeleteGroup", 1),
    ("DeleteResourceServer", 1),
    ("DeleteUser", 1),
    ("DeleteUserPool", 1),
    ("DeleteUserPoolClient", 1),
    ("DescribeResourceServer", 2),
    ("DescribeUserPool", 2),
    ("DescribeUserPoolClient", 2),
    ("GetGroup", 4),
    ("GetTokensFromRefreshToken", 2),
    ("GetUser", 6),
    ("GetUserPoolMfaConfig", 1),
    ("GlobalSignOut", 1),
    ("ListGroups", 3),
    ("ListIdentityProviders", 1),
    ("ListResourceServers", 2),
    ("ListTagsForResource", 2),
    ("ListUserPoolClients", 2),
    ("ListUsers", 8),
    ("ListUsersInGroup", 4),
    ("RevokeToken", 1),
    ("SetUserPoolMfaConfig", 1),
    ("SignUp", 3),
    ("TagResource", 2),
    ("UntagResource", 1),
    ("UpdateGroup", 3),
    ("UpdateResourceServer", 1),
    ("UpdateUserAttributes", 2),
    ("UpdateUserPool", 1),
    ("UpdateUserPoolClient", 2),
];

struct World {
    reference: Reference,
    now: u64,
    noise: u64,
    pools: Vec<(String, Vec<String>)>,
    access: Vec<String>,
    refresh: Vec<String>,
    transcript: Transcript,
}

impl World {
    fn new(seed: u64) -> Self {
        let reference = Reference::new(std::sync::Arc::new(catalogue().clone()), seed);
        let mut world = Self {
            reference,
            now: 1_700_000_000_000,
            noise: seed.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15),
            pools: Vec::new(),
            access: Vec::new(),
            refresh: Vec::new(),
            transcript: Transcript::default(),
        };
        let settings = [
            json!({}),
            json!({"AliasAttributes": ["email"]}),
            json!({"UsernameAttributes": ["email"]}),
        ];
        for _ in 0..2 {
            let mut input = world.pick(&settings);
            input["PoolName"] = "p".into();
            let made = world.call("CreateUserPool", input).expect("a pool");
            let pool = made["UserPool"]["Id"].as_str().expect("an id").to_owned();
            world.pools.push((pool, Vec::new()));
            let place = world.pools.len() - 1;
            (0..2).for_each(|_| world.client(place));
        }
        world
    }

    fn client(&mut self, place: usize) {
        let flows = ["ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"];
        let pool = self.pools[place].0.clone();
        let input = of(&pool, json!({"ClientName": "c", "ExplicitAuthFlows": flows}));
        if let Some(made) = self.call("CreateUserPoolClient", input) {
            let id = made["UserPoolClient"]["ClientId"].as_str().unwrap_or_default().to_owned();
            self.pools[place].1.push(id);
        }
    }

    fn draw(&mut self, n: usize) -> usize {
        self.noise = self
            .noise
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.noise >> 33) as usize % n.max(1)
    }

    fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.draw(from.len())].clone()
    }

    fn input(&mut self, operation: &str) -> Value {
        let place = usize::from(self.draw(5) == 0);
        let (pool, clients) = self.pools[place].clone();
        let client = if clients.is_empty() { "nosuchclient".into() } else { self.pick(&clients) };
        let user = self.pick(&["ann", "ann@example.com", "bob", "ann", "ann@example.com", "Ann"]);
        let group = self.pick(&["g", "g", "g", "h", "G"]);
        let attributes = self.attributes(operation != "SignUp");
        let (access, refresh) = (self.access.clone(), self.refresh.clone());
        let access = if access.is_empty() { "none".to_owned() } else { self.pick(&access) };
        let refresh = if refresh.is_empty() { "none".to_owned() } else { self.pick(&refresh) };
        let arn = format!("arn:aws:cognito-idp:us-east-1:123456789012:userpool/{pool}");
        let filters = [
            "email = \"ann@example.com\"",
            "name ^= \"A\"",
            "status = \"Enabled\"",
            "username = \"ann\"",
        ];
        let text = self.pick(&["one", "two"]);
        let limit = self.pick(&[1, 2, 60]);
        let mut input = match operation {
            "AdminInitiateAuth" => {
                json!({"ClientId": client, "AuthFlow": "ADMIN_USER_PASSWORD_AUTH",
                "AuthParameters": {"USERNAME": user, "PASSWORD": "Passw0rd!Passw0rd"}})
            }
            "AdminSetUserPassword" => {
                json!({"Username": user, "Password": "Passw0rd!Passw0rd", "Permanent": true})
            }
            "AdminCreateUser" => {
                json!({"Username": user, "MessageAction": "SUPPRESS", "UserAttributes": attributes})
            }
            "AdminUpdateUserAttributes" => json!({"Username": user, "UserAttributes": attributes}),
            "AdminDeleteUserAttributes" => {
                json!({"Username": user, "UserAttributeNames": ["name"]})
            }
            "AdminSetUserMFAPreference" => {
                json!({"Username": user, "SMSMfaSettings": {"Enabled": false}})
            }
            "CreateGroup" | "UpdateGroup" => {
                json!({"GroupName": group, "Description": text, "Precedence": limit})
            }
            "CreateResourceServer" | "UpdateResourceServer" => {
                json!({"Identifier": group, "Name": text,
                "Scopes": [{"ScopeName": text, "ScopeDescription": "a"}]})
            }
            "CreateIdentityProvider" => json!({"ProviderName": "Google", "ProviderType": "Google",
                "ProviderDetails": {"client_id": "i", "client_secret": "s", "authorize_scopes": "openid"}}),
            "UpdateUserPoolClient" => json!({"ClientId": client, "ClientName": text,
                "ExplicitAuthFlows": ["ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"], "CallbackURLs": ["https://a.example/"]}),
            "UpdateUserPool" => {
                json!({"UserPoolTags": {"a": text}, "DeletionProtection": "INACTIVE"})
            }
            "SetUserPoolMfaConfig" => {
                json!({"MfaConfiguration": "OFF", "SoftwareTokenMfaConfiguration": {"Enabled": text == "one"}})
            }
            "SignUp" => {
                return json!({"ClientId": client, "Username": user, "Password": "Passw0rd!Passw0rd", "UserAttributes": attributes});
            }
            "GetUser" | "GlobalSignOut" | "DeleteUser" => return json!({ "AccessToken": access }),
            "UpdateUserAttributes" => {
                return json!({"AccessToken": access, "UserAttributes": attributes});
            }
            "RevokeToken" => return json!({"ClientId": client, "Token": refresh}),
            "GetTokensFromRefreshToken" => {
                return json!({"ClientId": client, "RefreshToken": refresh});
            }
            "TagResource" => return json!({"ResourceArn": arn, "Tags": {"a": text}}),
            "UntagResource" => return json!({"ResourceArn": arn, "TagKeys": ["a"]}),
            "ListTagsForResource" => return json!({ "ResourceArn": arn }),
            "ListUsers" => {
                let mut input = json!({});
                if self.draw(2) == 0 {
                    input["Filter"] = self.pick(&filters).into();
                }
                if self.draw(2) == 0 {
                    input["Limit"] = limit.into();
                }
                input
            }
            "ListGroups" if self.draw(2) == 0 => json!({ "Limit": limit }),
            name if name.contains("ResourceServer") && !name.starts_with("List") => {
                json!({ "Identifier": group })
            }
            name if name.contains("PoolClient") && !name.starts_with("List") => {
                json!({ "ClientId": client })
            }
            "AdminAddUserToGroup" | "AdminRemoveUserFromGroup" => {
                json!({"Username": user, "GroupName": group})
            }
            name if name.ends_with("Group") => json!({ "GroupName": group }),
            name if name.starts_with("Admin") => json!({ "Username": user }),
            _ => json!({}),
        };
        input["UserPoolId"] = pool.into();
        // Some calls are refused for their shape.
        if self.draw(12) == 0 {
            input["UserPoolId"] = "x".into();
        }
        input
    }

    fn attributes(&mut self, verified: bool) -> Value {
        let name = self.pick(&["Ann", "Bob", ""]);
        let mut list = vec![json!({"Name": "name", "Value": name})];
        if self.draw(2) == 0 {
            let email = self.pick(&["ann@example.com", "bob@example.com"]);
            list.push(json!({"Name": "email", "Value": email}));
            if verified && self.draw(2) == 0 {
                list.push(json!({"Name": "email_verified", "Value": "true"}));
            }
        }
        json!(list)
    }

    fn step(&mut self) {
        let total: usize = OPERATIONS.iter().map(|(_, weight)| weight).sum();
        let mut die = self.draw(total);
        let drawn = OPERATIONS.iter().find(|(_, weight)| {
            let hit = die < *weight;
            die = die.saturating_sub(*weight);
            hit
        });
        let Some((operation, _)) = drawn else { return };
        if *operation == "DeleteUserPool" && self.draw(6) > 0 {
            return;
        }
        if *operation == "CreateUserPoolClient" {
            let place = self.draw(2);
            return self.client(place);
        }
        self.now += [0, 1, 700, 2000][self.draw(4)];
        let input = self.input(operation);
        // A repetition, or reads around it, is what several properties wait for.
        let times = if self.draw(4) == 0 { 2 } else { 1 };
        for _ in 0..times {
            let answer = self.call(operation, input.clone());
            let tokens = answer.as_ref().and_then(|answer| answer.get("AuthenticationResult"));
            for (name, into) in
                [("AccessToken", &mut self.access), ("RefreshToken", &mut self.refresh)]
            {
                let token = tokens.and_then(|tokens| tokens.get(name)).and_then(Value::as_str);
                into.extend(token.map(str::to_owned));
            }
        }
    }

    fn call(&mut self, operation: &'static str, input: Value) -> Option<Value> {
        let asked = Asked { service: "cognito-idp", operation, input: &input, signed: true };
        let answer = self.reference.call(&asked, self.now);
        let said = match &answer {
            Ok(output) => output.clone().unwrap_or_else(|| json!({})),
            Err(fault) => json!(format!("!{}", fault.render(catalogue(), "cognito-idp").code)),
        };
        let index = self.transcript.exchanges.len();
        self.transcript.exchanges.push(exchange(index, &(operation, input, said)));
        answer.ok().map(|output| output.unwrap_or_else(|| json!({})))
    }
}

/// Says what is wrong, with what was called before it.
fn report(seed: u64, transcript: &Transcript, found: &[(&Property, Broken)]) -> String {
    let (property, Broken { exchange, breach }) = &found[0];
    let mut text = format!("seed {seed}: {} at {}: {breach:#?}\n", property.id, exchange + 1);
    let first = exchange.saturating_sub(40);
    for (index, told) in transcript.exchanges.iter().enumerate().take(exchange + 1).skip(first) {
        let body = told.reply.as_ref().map(|r| String::from_utf8_lossy(&r.body).into_owned());
        text += &format!(
            "{} {} {} -> {:.600}\n",
            index + 1,
            told.call.operation(),
            told.call.input(),
            body.unwrap_or_default()
        );
    }
    text
}

#[test]
fn the_reference_contradicts_itself_nowhere() {
    let mut answered = 0;
    for seed in 0..SEQUENCES {
        let mut world = World::new(seed);
        (0..CALLS).for_each(|_| world.step());
        let found = examine(catalogue(), &world.transcript);
        assert!(found.is_empty(), "{}", report(seed, &world.transcript, &found));
        answered += world.transcript.exchanges.iter().filter(|e| e.success().is_some()).count();
    }
    assert!(answered as u64 > SEQUENCES * 50, "only {answered} calls succeeded");
}

#[test]
fn calls_of_any_kind_raise_no_false_alarm() {
    let count = catalogue().operations().count();
    for seed in 0..SEQUENCES {
        let mut noise = World::new(seed);
        let mut world = crate::reference::tests::random::World::new();
        // Without these nothing lives for long.
        for first in
            ["CreateUserPool", "CreateUserPoolClient", "AdminCreateUser", "CreateIdentityPool"]
        {
            let place = catalogue().operations().position(|(_, it)| it.name == first);
            for _ in 0..6 {
                noise.draw(2);
                world.call(place.unwrap_or_default(), noise.noise);
            }
        }
        for _ in 0..400 {
            let drawn = noise.draw(count);
            // Every other call reads, or there would be little to compare.
            let reads = |(_, operation): &(_, &crate::catalogue::Operation)| {
                ["Get", "List", "Describe", "AdminGet", "AdminList"]
                    .iter()
                    .any(|start| operation.name.starts_with(start))
            };
            let reading = noise.draw(2) == 0;
            let place = (0..count).map(|step| (drawn + step) % count);
            let operation =
                place.zip(catalogue().operations().skip(drawn).chain(catalogue().operations()));
            let operation =
                operation.filter(|(_, it)| !reading || reads(it)).map(|(place, _)| place).next();
            world.call(operation.unwrap_or_default(), noise.noise);
        }
        let exchanges = world.told.into_iter().enumerate().map(
            |(index, (service, operation, input, signed, answer))| {
                let said = match answer {
                    Ok(output) => output.unwrap_or_else(|| json!({})),
                    Err(fault) => json!(format!("!{}", fault.render(catalogue(), &service).code)),
                };
                let mut told = exchange(index, &("GetUser", Value::Null, said));
                told.call = Call::Api { service, operation, input, signed };
                told
            },
        );
        let transcript = Transcript { case: "random".into(), exchanges: exchanges.collect() };
        let found = examine(catalogue(), &transcript);
        assert!(found.is_empty(), "{}", report(seed, &transcript, &found));
    }
}
