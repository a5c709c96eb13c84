use super::*;

fn group(name: &str, more: Value) -> Value {
    let mut group = json!({"GroupName": name, "UserPoolId": POOL, "CreationDate": 1000, "LastModifiedDate": 1000});
    for (member, value) in more.as_object().into_iter().flatten() {
        group[member] = value.clone();
    }
    json!({ "Group": group })
}

fn user(attributes: &[(&str, &str)]) -> Value {
    let attribute = |(name, value): &(&str, &str)| json!({"Name": name, "Value": value});
    let attributes: Vec<Value> = attributes.iter().map(attribute).collect();
    json!({"Username": "ann", "UserAttributes": attributes, "Enabled": true, "UserStatus": "CONFIRMED",
           "UserCreateDate": 1000, "UserLastModifiedDate": 1000})
}

fn made(name: &str) -> Value {
    json!({"User": {"Username": name, "Attributes": [{"Name": "sub", "Value": format!("sub-{name}")}],
           "Enabled": true, "UserStatus": "FORCE_CHANGE_PASSWORD", "UserCreateDate": 1000, "UserLastModifiedDate": 1000}})
}

fn ann() -> Value {
    of(POOL, json!({"Username": "ann"}))
}

fn g(more: Value) -> Value {
    let mut input = of(POOL, json!({"GroupName": "g"}));
    for (name, value) in more.as_object().into_iter().flatten() {
        input[name] = value.clone();
    }
    input
}

#[test]
fn what_was_written_is_read() {
    let write = (
        "CreateGroup",
        g(json!({"Description": "old"})),
        group("g", json!({"Description": "old"})),
    );
    let change = (
        "UpdateGroup",
        g(json!({"Description": "new"})),
        group("g", json!({"Description": "new"})),
    );
    let read = |text: &str| ("GetGroup", g(json!({})), group("g", json!({"Description": text})));
    check(&[write.clone(), read("old"), change.clone(), read("new")], &[]);
    check(&[write.clone(), read("other")], &["read-your-writes 2 /Group/Description"]);
    check(
        &[write.clone(), change.clone(), read("old")],
        &["read-your-writes 3 /Group/Description"],
    );
    // A call that was lost may have written; one that was throttled, too; a declined one as well.
    for lost in ["!", "!TooManyRequestsException", "!Declined"] {
        check(
            &[
                write.clone(),
                ("UpdateGroup", g(json!({"Description": "x"})), json!(lost)),
                read("other"),
            ],
            &[],
        );
    }
    // Another pool's group of the same name is another.
    let elsewhere = of(OTHER, json!({"GroupName": "g"}));
    check(&[write, ("GetGroup", elsewhere, group("g", json!({"Description": "x"})))], &[]);
}

#[test]
fn the_answer_of_a_write_repeats_it() {
    let write = |says: &str| {
        ("CreateGroup", g(json!({"Description": "a"})), group("g", json!({"Description": says})))
    };
    check(&[write("a")], &[]);
    check(&[write("b")], &["read-your-writes 1 /Group/Description"]);
}

#[test]
fn what_is_off_may_as_well_be_absent() {
    let write = |tracks: bool, shown: Value| {
        let mut client = json!({"ClientId": "c", "UserPoolId": POOL, "ClientName": "a"});
        if !shown.is_null() {
            client["EnableTokenRevocation"] = shown;
        }
        let input = of(POOL, json!({"ClientName": "a", "EnableTokenRevocation": tracks}));
        ("CreateUserPoolClient", input, json!({ "UserPoolClient": client }))
    };
    let at = ["read-your-writes 1 /UserPoolClient/EnableTokenRevocation"];
    check(&[write(false, json!(false))], &[]);
    check(&[write(false, json!(null))], &[]);
    check(&[write(false, json!(true))], &at);
    check(&[write(true, json!(null))], &at);
}

#[test]
fn domains_are_read_and_not_echoed() {
    let input = of(POOL, json!({"Domain": "d", "ManagedLoginVersion": 2}));
    let create = ("CreateUserPoolDomain", input, json!({}));
    let read = |version: u64| {
        let shown = json!({"Domain": "d", "UserPoolId": POOL, "ManagedLoginVersion": version});
        ("DescribeUserPoolDomain", json!({"Domain": "d"}), json!({ "DomainDescription": shown }))
    };
    check(&[create.clone(), read(2)], &[]);
    let at = "read-your-writes 2 /DomainDescription/ManagedLoginVersion";
    check(&[create, read(1)], &[at]);
}

#[test]
fn who_was_refused_is_not_there() {
    let pool = ("CreateUserPool", json!({"PoolName": "p"}), json!({"UserPool": {"Id": POOL}}));
    let create = |said: Value| ("AdminCreateUser", ann(), said);
    let refused = create(json!("!InvalidParameterException"));
    let read = ("AdminGetUser", ann(), user(&[("sub", "sub-ann")]));
    check(&[pool.clone(), refused.clone(), read.clone(), read.clone()], &["no-trace 3"]);
    // Somebody else may have made the user: in a pool that was there, or in a call that was lost.
    check(&[refused.clone(), read.clone()], &[]);
    check(&[pool.clone(), refused.clone(), create(json!("!")), read.clone()], &[]);
    check(&[pool.clone(), create(made("ann")), refused.clone(), read.clone()], &[]);
    check(&[pool.clone(), create(json!("!UsernameExistsException")), read.clone()], &[]);
    let late = create(json!("!CodeDeliveryFailureException"));
    check(&[pool.clone(), late, read.clone()], &[]);
    let triggers = of(POOL, json!({"LambdaConfig": {"UserMigration": "arn"}}));
    check(&[pool, ("UpdateUserPool", triggers, json!({})), refused, read], &[]);
}

#[test]
fn what_was_made_is_found_and_listed() {
    let write = ("CreateGroup", g(json!({})), group("g", json!({})));
    let lost = ("GetGroup", g(json!({})), json!("!ResourceNotFoundException"));
    check(&[write.clone(), lost], &["read-your-writes 2"]);
    let list = ("ListGroups", of(POOL, json!({})), json!({"Groups": []}));
    check(&[write.clone(), list], &["read-your-writes 2"]);
    let more = ("ListGroups", of(POOL, json!({})), json!({"Groups": [], "NextToken": "t"}));
    check(&[write, more], &[]);
}

#[test]
fn attributes_are_read_as_written_and_gone_when_deleted() {
    let update = (
        "AdminUpdateUserAttributes",
        of(POOL, json!({"Username": "ann", "UserAttributes": [{"Name": "name", "Value": "Ann"}]})),
        json!({}),
    );
    let delete = (
        "AdminDeleteUserAttributes",
        of(POOL, json!({"Username": "ann", "UserAttributeNames": ["name"]})),
        json!({}),
    );
    let create = ("AdminCreateUser", ann(), made("ann"));
    let read = |name: &str| ("AdminGetUser", ann(), user(&[("sub", "sub-ann"), ("name", name)]));
    check(&[create.clone(), update.clone(), read("Ann")], &[]);
    check(&[create.clone(), update.clone(), read("Bob")], &["read-your-writes 3 /UserAttributes"]);
    let without = ("AdminGetUser", ann(), user(&[("sub", "sub-ann")]));
    check(
        &[create.clone(), update.clone(), without.clone()],
        &["read-your-writes 3 /UserAttributes"],
    );
    check(&[create.clone(), delete.clone(), read("Ann")], &["read-your-writes 3 /UserAttributes"]);
    check(&[create, delete, without], &[]);
}

#[test]
fn calls_leave_what_they_are_for() {
    let create = ("AdminCreateUser", ann(), made("ann"));
    let read = ("AdminGetUser", ann(), user(&[("sub", "sub-ann")]));
    check(
        &[create.clone(), ("AdminDisableUser", ann(), json!({})), read.clone()],
        &["read-your-writes 3 /Enabled"],
    );
    check(&[create, ("AdminEnableUser", ann(), json!({})), read], &[]);
    let arn = json!(format!("arn:aws:cognito-idp:us-east-1:1:userpool/{POOL}"));
    let tag = ("TagResource", json!({"ResourceArn": arn, "Tags": {"a": "b"}}), json!({}));
    let tags = |tags: Value| {
        ("ListTagsForResource", json!({ "ResourceArn": arn }), json!({ "Tags": tags }))
    };
    check(&[tag.clone(), tags(json!({"a": "b", "c": "d"}))], &[]);
    check(&[tag, tags(json!({"c": "d"}))], &["read-your-writes 2 /Tags"]);
    let untag = ("UntagResource", json!({"ResourceArn": arn, "TagKeys": ["a"]}), json!({}));
    check(&[untag, tags(json!({"a": "b"}))], &["read-your-writes 2 /Tags"]);
}

#[test]
fn refusals_leave_no_trace() {
    let read = |text: &str| ("GetGroup", g(json!({})), group("g", json!({"Description": text})));
    let refused =
        ("UpdateGroup", g(json!({"Description": "x"})), json!("!InvalidParameterException"));
    check(&[read("a"), refused.clone(), read("a")], &[]);
    check(&[read("a"), refused.clone(), read("x")], &["no-trace 3 /Group/Description"]);
    let gone = ("GetGroup", g(json!({})), json!("!ResourceNotFoundException"));
    check(&[read("a"), refused.clone(), gone.clone()], &["no-trace 3"]);
    check(&[gone, refused.clone(), read("a")], &["no-trace 3"]);
    let written =
        ("UpdateGroup", g(json!({"Description": "x"})), group("g", json!({"Description": "x"})));
    check(&[read("a"), refused.clone(), written, read("x")], &[]);
    let half = ("UpdateGroup", g(json!({})), json!("!InternalErrorException"));
    check(&[read("a"), half, read("x")], &[]);
    // The order of a list and an estimate are promised to nobody.
    let pool = |count: u64, flows: Value| {
        (
            "DescribeUserPool",
            of(POOL, json!({})),
            json!({"UserPool": {"Id": POOL, "EstimatedNumberOfUsers": count, "AliasAttributes": flows}}),
        )
    };
    check(
        &[
            pool(0, json!(["email", "phone_number"])),
            refused,
            pool(2, json!(["phone_number", "email"])),
        ],
        &[],
    );
}

#[test]
fn what_was_deleted_is_gone() {
    let delete = ("DeleteGroup", g(json!({})), json!({}));
    let read = ("GetGroup", g(json!({})), group("g", json!({})));
    let list = ("ListGroups", of(POOL, json!({})), json!({"Groups": [{"GroupName": "g"}]}));
    check(&[delete.clone(), read.clone()], &["deleted-is-gone 2"]);
    check(&[delete.clone(), list], &["deleted-is-gone 2 /Groups/0"]);
    let again = ("CreateGroup", g(json!({})), group("g", json!({})));
    check(&[delete.clone(), again, read.clone()], &[]);
    check(&[delete.clone(), ("CreateGroup", g(json!({})), json!("!")), read.clone()], &[]);
    let other = ("GetGroup", of(OTHER, json!({"GroupName": "g"})), group("g", json!({})));
    check(&[delete, other], &[]);
    let refused = ("DeleteGroup", g(json!({})), json!("!NotAuthorizedException"));
    check(&[refused, read.clone()], &[]);
    let pool = ("DeleteUserPool", of(POOL, json!({})), json!({}));
    check(&[pool, read], &["deleted-is-gone 2"]);
}

#[test]
fn users_are_gone_by_their_own_name() {
    let create = ("AdminCreateUser", ann(), made("ann"));
    let delete = ("AdminDeleteUser", ann(), json!({}));
    let read = ("AdminGetUser", ann(), user(&[("sub", "sub-ann")]));
    check(&[create.clone(), delete.clone(), read.clone()], &["deleted-is-gone 3"]);
    // The name may have become somebody's alias.
    let bob = of(
        POOL,
        json!({"Username": "bob", "UserAttributes": [{"Name": "preferred_username", "Value": "ann"}]}),
    );
    let alias = ("AdminUpdateUserAttributes", bob, json!({}));
    check(&[create, delete, alias, read], &[]);
}

#[test]
fn names_are_taken_once() {
    let create = ("CreateGroup", g(json!({})), group("g", json!({})));
    let delete = ("DeleteGroup", g(json!({})), json!({}));
    check(&[create.clone(), create.clone()], &["create-twice 2"]);
    check(&[create.clone(), delete, create.clone()], &[]);
    check(&[create.clone(), ("DeleteGroup", g(json!({})), json!("!")), create.clone()], &[]);
    check(&[("CreateGroup", g(json!({})), json!("!")), create.clone()], &[]);
    let elsewhere =
        ("CreateGroup", of(OTHER, json!({"GroupName": "g"})), json!({"Group": {"GroupName": "g"}}));
    check(&[create, elsewhere], &[]);
    let user = ("AdminCreateUser", ann(), made("ann"));
    check(&[user.clone(), user.clone()], &["create-twice 2"]);
    let resend = of(POOL, json!({"Username": "ann", "MessageAction": "RESEND"}));
    check(&[user, ("AdminCreateUser", resend, made("ann"))], &[]);
}

#[test]
fn some_calls_may_be_repeated() {
    let add = of(POOL, json!({"Username": "ann", "GroupName": "g"}));
    let first = ("AdminAddUserToGroup", add.clone(), json!({}));
    let refused = ("AdminAddUserToGroup", add, json!("!InvalidParameterException"));
    check(&[first.clone(), refused.clone()], &["idempotent 2"]);
    check(&[refused.clone(), refused.clone()], &[]);
    let remove = (
        "AdminRemoveUserFromGroup",
        of(POOL, json!({"Username": "ann", "GroupName": "g"})),
        json!({}),
    );
    check(&[first.clone(), remove, refused], &[]);
    let groups = |names: Value| ("AdminListGroupsForUser", ann(), json!({ "Groups": names }));
    let one = json!([{"GroupName": "g"}]);
    check(&[first.clone(), groups(one.clone()), first.clone(), groups(one.clone())], &[]);
    let two = json!([{"GroupName": "g"}, {"GroupName": "g"}]);
    check(&[first.clone(), groups(one), first, groups(two)], &["idempotent 4 /Groups"]);
}

#[test]
fn one_of_several_wins() {
    let won = ("CreateGroup x2", g(json!({})), group("g", json!({})));
    let lost = ("CreateGroup x2", g(json!({})), json!("!GroupExistsException"));
    check(&[won.clone(), lost.clone()], &[]);
    check(&[lost.clone(), won.clone()], &[]);
    check(&[won.clone(), won.clone()], &["one-winner 2"]);
    check(&[lost.clone(), lost], &["one-winner 2"]);
    check(&[won.clone(), ("CreateGroup x2", g(json!({})), json!("!"))], &[]);
    let reads = ("GetGroup x2", g(json!({})), group("g", json!({})));
    check(&[reads.clone(), reads], &[]);
}
