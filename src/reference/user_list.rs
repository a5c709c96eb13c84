//! The list of a pool's users.

use super::filter::Filter;
use super::paging::page;
use super::{Answer, Context, Fault, Handler, Input, users};

pub(super) const OPERATIONS: &[(&str, Handler)] = &[("ListUsers", list)];

fn list(context: &mut Context<'_>, input: &Input) -> Answer {
    let pool = context.pool(input)?;
    let filter = Filter::parse(input.text("Filter"))?;
    let wanted: Vec<&str> = input.texts("AttributesToGet").collect();
    if wanted.iter().any(|name| pool.attribute(name).is_none()) {
        return Err(Fault::rule("list-users-unknown-attribute"));
    }
    let wanted = input.get("AttributesToGet").map(|_| wanted.as_slice());
    let users = pool.users.iter();
    let users = users.filter(|(_, user)| filter.as_ref().is_none_or(|f| f.matches(user)));
    let users = users.map(|(key, user)| (key, users::user_type(user, wanted)));
    let scope = format!("ListUsers {} {}", pool.id, input.text("Filter"));
    let page = page(users, &scope, input.opt_text("PaginationToken"), input.number("Limit"))?;
    Ok(Some(page.output("Users", "PaginationToken")))
}
