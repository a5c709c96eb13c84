use super::*;

fn users(names: &[&str]) -> Value {
    let user = |name: &&str| {
        json!({"Username": name, "Enabled": true, "UserStatus": "CONFIRMED",
        "Attributes": [{"Name": "sub", "Value": format!("sub-{name}")}, {"Name": "name", "Value": name}]})
    };
    json!({"Users": names.iter().map(user).collect::<Vec<_>>()})
}

fn paged(names: &[&str], sizes: Value) -> Value {
    let mut output = users(names);
    output["$pages"] = sizes;
    output
}

fn list(more: Value, said: Value) -> Line {
    ("ListUsers", of(POOL, more), said)
}

#[test]
fn pages_make_up_the_list() {
    let whole = list(json!({}), users(&["a", "b"]));
    let cut = |said: Value| list(json!({"Limit": 1, "PaginationToken": "t"}), said);
    check(&[whole.clone(), cut(paged(&["a", "b"], json!([1, 1])))], &[]);
    check(&[whole.clone(), cut(paged(&["b", "a"], json!([1, 1])))], &["pages-agree 2 /Users/0"]);
    check(&[whole.clone(), cut(paged(&["a"], json!([1])))], &["pages-agree 2 /Users"]);
    // Who asks for nothing may be given nothing.
    check(&[whole.clone(), list(json!({"Limit": 0}), users(&[]))], &[]);
    // The shorter list is the wrong one, and one that lacks what something else shows.
    check(
        &[whole.clone(), cut(paged(&["a", "b", "c"], json!([1, 1, 1])))],
        &["pages-agree 1 /Users"],
    );
    let other = cut(paged(&["a", "c"], json!([1, 1])));
    check(&[whole.clone(), other.clone()], &["pages-agree 2 /Users"]);
    let shows = |name: &str| {
        let user = json!({"Username": name, "UserAttributes": []});
        ("AdminGetUser", of(POOL, json!({"Username": name})), user)
    };
    check(&[whole.clone(), shows("c"), other.clone()], &["pages-agree 1 /Users"]);
    check(&[whole.clone(), shows("b"), other], &["pages-agree 3 /Users"]);
    // Of equal lists the one that repeats an item.
    check(
        &[cut(paged(&["a", "b", "b"], json!([1, 1, 1]))), whole.clone()],
        &["pages-agree 1 /Users"],
    );
    // A filter makes another list.
    check(&[whole.clone(), list(json!({"Filter": "name = \"x\""}), users(&[]))], &[]);
    // One page out of the middle is not the list, and a write may have changed it.
    check(&[whole.clone(), cut(users(&["b"]))], &[]);
    let write = ("AdminDeleteUser", of(POOL, json!({"Username": "b"})), json!("!"));
    check(&[whole.clone(), write, cut(paged(&["a"], json!([1])))], &[]);
    let mut elsewhere = cut(paged(&["c"], json!([1])));
    elsewhere.1["UserPoolId"] = OTHER.into();
    check(&[whole, elsewhere], &[]);
}

#[test]
fn a_filter_applies_before_the_limit() {
    let pages = |sizes: Value| {
        let input = json!({"Filter": "status = \"Enabled\"", "Limit": 1});
        list(input, paged(&["a", "b"], sizes))
    };
    check(&[pages(json!([1, 1]))], &[]);
    check(&[pages(json!([1, 1, 0]))], &[]);
    check(&[pages(json!([1, 0, 1]))], &["filter-agrees 1 /Users"]);
}

#[test]
fn lists_around_a_refused_call_are_no_trace_s_question() {
    let create = ("AdminCreateUser", of(POOL, json!({"Username": "c"})), json!("!NotNow"));
    let lists = [list(json!({}), users(&["a"])), create, list(json!({}), users(&["a", "c"]))];
    check(&lists, &["no-trace 3 /Users"]);
}

#[test]
fn a_page_is_no_longer_than_asked() {
    let page = |names: &[&str]| {
        let mut said = users(names);
        said["PaginationToken"] = "t".into();
        list(json!({"Limit": 1}), said)
    };
    check(&[page(&["a"])], &[]);
    check(&[page(&["a", "b"])], &["pages-agree 1 /Users"]);
}

#[test]
fn a_filter_shows_what_matches() {
    let whole = list(json!({}), users(&["ann", "anton", "bob"]));
    let filter = |text: &str, said: Value| list(json!({ "Filter": text }), said);
    check(&[whole.clone(), filter("name ^= \"an\"", users(&["ann", "anton"]))], &[]);
    check(&[whole.clone(), filter("name ^= \"an\"", users(&["ann"]))], &["filter-agrees 2 /Users"]);
    check(&[filter("name = \"ann\"", users(&["bob"]))], &["filter-agrees 1 /Users/0"]);
    check(&[filter("status = \"Disabled\"", users(&["bob"]))], &["filter-agrees 1 /Users/0"]);
    check(&[filter("cognito:user_status = \"CONFIRMED\"", users(&["bob"]))], &[]);
    // The filter comes before the limit.
    let limited = |said: Value| list(json!({"Filter": "name = \"bob\"", "Limit": 1}), said);
    check(&[whole.clone(), limited(users(&["bob"]))], &[]);
    check(&[whole.clone(), limited(users(&[]))], &["filter-agrees 2 /Users"]);
    // Upper and lower case, what was not shown, and what may have changed: nobody can tell.
    check(&[whole.clone(), filter("name = \"ANN\"", users(&[]))], &[]);
    check(&[filter("name = \"ANN\"", users(&["ann"]))], &[]);
    check(
        &[list(json!({"Filter": "name = \"x\"", "AttributesToGet": ["sub"]}), users(&["bob"]))],
        &[],
    );
    let write = ("AdminDeleteUser", of(POOL, json!({"Username": "bob"})), json!({}));
    check(&[whole.clone(), write, limited(users(&[]))], &[]);
    let next = json!({"Users": [], "PaginationToken": "t"});
    check(&[whole, limited(next)], &[]);
}

#[test]
fn membership_is_one() {
    let create = (
        "AdminCreateUser",
        of(POOL, json!({"Username": "ann"})),
        json!({"User": {"Username": "ann"}}),
    );
    let groups = |names: Value| {
        ("AdminListGroupsForUser", of(POOL, json!({"Username": "ann"})), json!({ "Groups": names }))
    };
    let members =
        |names: &[&str]| ("ListUsersInGroup", of(POOL, json!({"GroupName": "g"})), users(names));
    let one = json!([{"GroupName": "g"}]);
    check(&[create.clone(), groups(one.clone()), members(&["ann"])], &[]);
    check(&[create.clone(), groups(one.clone()), members(&[])], &["membership-agrees 3 /Users"]);
    check(
        &[create.clone(), members(&["ann"]), groups(json!([]))],
        &["membership-agrees 3 /Groups"],
    );
    let write = ("DeleteGroup", of(POOL, json!({"GroupName": "g"})), json!({}));
    check(&[create.clone(), groups(one.clone()), write, members(&[])], &[]);
    let throttled =
        ("DeleteGroup", of(POOL, json!({"GroupName": "g"})), json!("!TooManyRequestsException"));
    check(&[create, groups(one), throttled, members(&[])], &[]);
}
