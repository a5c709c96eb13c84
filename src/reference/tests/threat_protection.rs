//! Risk configurations and the history of sign-ins.

use serde_json::{Value, json};

use super::{Bench, bench};

fn protected() -> Bench {
    let add_ons = json!({"AdvancedSecurityMode": "AUDIT"});
    let mut bench = Bench::new(json!({"UserPoolTier": "PLUS", "UserPoolAddOns": add_ons}));
    let flows = json!([
        "ALLOW_USER_PASSWORD_AUTH",
        "ALLOW_ADMIN_USER_PASSWORD_AUTH",
        "ALLOW_REFRESH_TOKEN_AUTH"
    ]);
    bench.ok("UpdateUserPoolClient", json!({"ExplicitAuthFlows": flows}));
    bench.ok("AdminCreateUser", json!({"Username": "ann"}));
    let password = json!({"Username": "ann", "Password": "Secret-1!", "Permanent": true});
    bench.ok("AdminSetUserPassword", password);
    bench
}

fn sign_in(password: &str) -> Value {
    json!({"AuthFlow": "USER_PASSWORD_AUTH",
           "AuthParameters": {"USERNAME": "ann", "PASSWORD": password}})
}

#[test]
fn risks_are_configured_for_pool_and_client() {
    let mut bench = bench();
    let at = |name: &str| format!("/RiskConfiguration/{name}");
    for list in ["BlockedIPRangeList", "SkippedIPRangeList"] {
        let ranges = json!({"RiskExceptionConfiguration": {list: ["1.2.3.4"]}});
        bench.refused("SetRiskConfiguration", ranges, "risk-ip-range");
    }
    let actions = json!({"HighAction": {"EventAction": "BLOCK", "Notify": true}});
    let takeover = json!({"AccountTakeoverRiskConfiguration": {"Actions": actions}});
    bench.refused("SetRiskConfiguration", takeover, "risk-notification-missing");
    let blocked = json!({"BlockedIPRangeList": ["203.0.113.0/24"]});
    let client = bench.client.clone();
    let set = json!({"RiskExceptionConfiguration": blocked});
    let expected =
        [(&*at("RiskExceptionConfiguration"), blocked), (&*at("ClientId"), json!(client))];
    bench.check("SetRiskConfiguration", set, &expected);
    bench.check("DescribeRiskConfiguration", json!({}), &expected);
    bench.ok("SetRiskConfiguration", json!({}));
    let gone = [(&*at("RiskExceptionConfiguration"), Value::Null)];
    bench.check("DescribeRiskConfiguration", json!({}), &gone);
    bench.refused(
        "DescribeRiskConfiguration",
        json!({"ClientId": "nobody"}),
        "client-of-settings-not-found",
    );
}

#[test]
fn sign_ins_are_recorded_newest_first() {
    let mut bench = protected();
    let ann = json!({"Username": "ann"});
    bench.check("AdminListUserAuthEvents", ann.clone(), &[("/AuthEvents", json!([]))]);
    bench.refused("InitiateAuth", sign_in("wrong"), "incorrect-credentials");
    let context = json!({"IpAddress": "203.0.113.9", "ServerName": "s", "ServerPath": "/",
                         "HttpHeaders": []});
    let mut admin = sign_in("Secret-1!");
    admin["AuthFlow"] = json!("ADMIN_USER_PASSWORD_AUTH");
    admin["ContextData"] = context;
    bench.ok("AdminInitiateAuth", admin);
    // What names nobody, or shows nothing, is no event.
    let mut nobody = sign_in("x");
    nobody["AuthParameters"]["USERNAME"] = json!("bob");
    bench.refused("InitiateAuth", nobody, "sign-in-user-not-found");
    let event = |at: usize, name: &str| format!("/AuthEvents/{at}/{name}");
    bench.check(
        "AdminListUserAuthEvents",
        ann,
        &[
            (&event(0, "EventResponse"), json!("Pass")),
            (&event(0, "EventContextData/IpAddress"), json!("203.0.113.9")),
            (&event(0, "ChallengeResponses/0/ChallengeResponse"), json!("Success")),
            (&event(1, "EventResponse"), json!("Fail")),
            (&event(1, "ChallengeResponses/0/ChallengeName"), json!("Password")),
            ("/AuthEvents/2", Value::Null),
        ],
    );
}

#[test]
fn a_challenge_in_between_is_one_event() {
    let mut bench = protected();
    let password = json!({"Username": "ann", "Password": "Secret-1!", "Permanent": false});
    bench.ok("AdminSetUserPassword", password);
    let challenge = bench.ok("InitiateAuth", sign_in("Secret-1!"));
    let first = "/AuthEvents/0/EventResponse";
    let ann = json!({"Username": "ann"});
    bench.check("AdminListUserAuthEvents", ann.clone(), &[(first, json!("InProgress"))]);
    let answer = json!({
        "ChallengeName": "NEW_PASSWORD_REQUIRED",
        "Session": challenge["Session"],
        "ChallengeResponses": {"USERNAME": "ann", "NEW_PASSWORD": "Secret-2!"},
    });
    bench.ok("RespondToAuthChallenge", answer);
    let expected = [(first, json!("Pass")), ("/AuthEvents/1", Value::Null)];
    bench.check("AdminListUserAuthEvents", ann, &expected);
}

#[test]
fn pages_of_events_stay_when_others_come() {
    let mut bench = protected();
    for _ in 0..3 {
        bench.ok("InitiateAuth", sign_in("Secret-1!"));
    }
    let page = bench.ok("AdminListUserAuthEvents", json!({"Username": "ann", "MaxResults": 2}));
    bench.ok("InitiateAuth", sign_in("Secret-1!"));
    let rest = json!({"Username": "ann", "NextToken": page["NextToken"]});
    let rest = bench.ok("AdminListUserAuthEvents", rest);
    assert_eq!(rest["AuthEvents"].as_array().map(Vec::len), Some(1));
    assert_ne!(rest["AuthEvents"][0]["EventId"], page["AuthEvents"][1]["EventId"]);
    let invented = json!({"Username": "ann", "NextToken": "invented"});
    bench.refused("AdminListUserAuthEvents", invented, "pagination-token-invalid");
}

#[test]
fn events_are_rated_by_administrators_and_token_holders() {
    let mut bench = protected();
    bench.ok("InitiateAuth", sign_in("Secret-1!"));
    let ann = json!({"Username": "ann"});
    let listed = bench.ok("AdminListUserAuthEvents", ann.clone());
    let event = listed["AuthEvents"][0]["EventId"].clone();
    let rating =
        |event: &Value| json!({"Username": "ann", "EventId": event, "FeedbackValue": "Valid"});
    let rate = "AdminUpdateAuthEventFeedback";
    bench.refused(rate, rating(&json!("none")), "auth-event-unknown");
    let mut stranger = rating(&event);
    stranger["Username"] = json!("bob");
    bench.refused(rate, stranger, "auth-event-feedback-user-unknown");
    bench.ok(rate, rating(&event));
    let feedback = |name: &str| format!("/AuthEvents/0/EventFeedback/{name}");
    let expected =
        [(&*feedback("FeedbackValue"), json!("Valid")), (&*feedback("Provider"), json!("Admin"))];
    bench.check("AdminListUserAuthEvents", ann.clone(), &expected);
    let own = "UpdateAuthEventFeedback";
    let mut own_rating = rating(&event);
    own_rating["FeedbackToken"] = json!("a.b=c_d");
    bench.refused(own, own_rating.clone(), "auth-event-feedback-token-invalid");
    let mut stranger = own_rating.clone();
    stranger["Username"] = json!("bob");
    bench.refused(own, stranger, "auth-event-feedback-stranger");
    let pool = &bench.reference.state.pools[&bench.pool];
    own_rating["FeedbackToken"] = json!(pool.users["ann"].auth_events[0].feedback_token.0);
    own_rating["FeedbackValue"] = json!("Invalid");
    bench.ok(own, own_rating);
    let expected = [(&*feedback("FeedbackValue"), json!("Invalid"))];
    bench.check("AdminListUserAuthEvents", ann, &expected);
}

#[test]
fn pools_without_threat_protection_keep_no_history() {
    let mut bench = bench();
    let unknown = json!({"Username": "nobody"});
    bench.refused("AdminListUserAuthEvents", unknown, "auth-events-add-on-missing");
    let rating = json!({"Username": "nobody", "EventId": "e", "FeedbackValue": "Valid",
                        "FeedbackToken": "t"});
    for operation in ["AdminUpdateAuthEventFeedback", "UpdateAuthEventFeedback"] {
        bench.refused(operation, rating.clone(), "auth-event-feedback-add-on-missing");
    }
    let mut bench = protected();
    bench.refused("AdminListUserAuthEvents", json!({"Username": "bob"}), "user-not-found");
}
