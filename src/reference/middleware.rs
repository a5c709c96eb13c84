//! What stands between a caller and the reference: sees each call, and decides what becomes of it.

use std::fmt;
use std::sync::Arc;

use crate::wire::{Request, Response};

/// Carries out a call: the rest of the way to the reference.
pub type Next<'a> = dyn Fn(&Request) -> Response + 'a;

/// Header of a refusal that names the rule behind it, or [`BY_SHAPE`]. The reference writes it for
/// middleware and takes it off again: no caller sees it.
pub const RULE_HEADER: &str = "x-reference-rule";

/// Stands for a rule's id where a shape refuses the input: the words tell which rules it breaks.
pub const BY_SHAPE: &str = "*";

/// Something around the reference that may alter requests and responses, and remember.
///
/// It sees calls of operations and whatever else is no key document, token endpoint or control
/// request. It must not hold a lock while it calls on: functions behind triggers call back.
pub trait Middleware: Send + Sync {
    /// Answers a request, which calls `operation` if it calls any; `next` may be called any number
    /// of times, with this request or others.
    fn answer(&self, request: &Request, operation: Option<&str>, next: &Next<'_>) -> Response;

    /// Forgets what it has seen: the reference starts over.
    fn reset(&self) {}
}

/// Alters a response before it is sent: request, called operation (if any), response.
pub type Mutate = Arc<dyn Fn(&Request, Option<&str>, &mut Response) + Send + Sync>;

impl Middleware for Mutate {
    fn answer(&self, request: &Request, operation: Option<&str>, next: &Next<'_>) -> Response {
        let mut response = next(request);
        self(request, operation, &mut response);
        response
    }
}

/// Several, one around the other: the first is the innermost, and so the first to alter a response.
#[derive(Clone, Default)]
pub struct Stack(pub Vec<Arc<dyn Middleware>>);

impl Stack {
    /// Returns itself as one; `None` where there is nothing in it.
    pub fn some(self) -> Option<Arc<dyn Middleware>> {
        (!self.0.is_empty()).then(|| Arc::new(self) as Arc<dyn Middleware>)
    }
}

impl fmt::Debug for Stack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Stack").field(&self.0.len()).finish()
    }
}

impl Middleware for Stack {
    fn answer(&self, request: &Request, operation: Option<&str>, next: &Next<'_>) -> Response {
        through(&self.0, request, operation, next)
    }

    fn reset(&self) {
        self.0.iter().for_each(|middleware| middleware.reset());
    }
}

const TARGET: &str = "x-amz-target";

fn through(
    stack: &[Arc<dyn Middleware>],
    request: &Request,
    operation: Option<&str>,
    next: &Next<'_>,
) -> Response {
    match stack.split_last() {
        None => next(request),
        Some((outermost, rest)) => outermost.answer(request, operation, &|other| {
            // What a middleware asks by the way may be another operation.
            let by_the_way = other.header(TARGET) != request.header(TARGET);
            let target = other.header(TARGET).filter(|_| by_the_way);
            let called = target.and_then(|target| Some(target.rsplit_once('.')?.1)).or(operation);
            through(rest, other, called, next)
        }),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use serde_json::Value;

    use super::super::Reference;
    use super::super::server::ServeOptions;
    use super::super::shell::Shell;
    use super::super::tests::catalogue;
    use super::*;

    /// Adds a letter to whatever passes, both ways.
    struct Letter(char);

    impl Middleware for Letter {
        fn answer(&self, request: &Request, _: Option<&str>, next: &Next<'_>) -> Response {
            let mut request = request.clone();
            request.path.push(self.0);
            let mut response = next(&request);
            response.body = [&*response.body, &[self.0 as u8]].concat().into();
            response
        }
    }

    #[test]
    fn the_last_is_the_outermost() {
        let mutate: Mutate = Arc::new(|_, operation, response| {
            let operation = operation.unwrap_or("-").as_bytes();
            response.body = [&*response.body, operation].concat().into();
        });
        let stack = Stack(vec![Arc::new(Letter('a')), Arc::new(mutate), Arc::new(Letter('b'))]);
        let request = Request::call("Service", "Do", &Value::Null);
        let echo = |request: &Request| Response {
            body: request.path.clone().into(),
            ..Response::default()
        };
        let response = stack.answer(&request, Some("Do"), &echo);
        assert_eq!(String::from_utf8_lossy(&response.body), "/baaDob");
    }

    /// Says what it is told.
    #[derive(Default)]
    struct Listener(Mutex<Vec<String>>);

    impl Middleware for Listener {
        fn answer(&self, request: &Request, operation: Option<&str>, next: &Next<'_>) -> Response {
            self.0.lock().expect("no panic").push(operation.unwrap_or("no call").into());
            next(request)
        }

        fn reset(&self) {
            self.0.lock().expect("no panic").push("reset".into());
        }
    }

    #[test]
    fn calls_pass_through_and_control_requests_do_not() {
        let listener = Arc::new(Listener::default());
        let middleware: Arc<dyn Middleware> = Arc::new(Stack(vec![listener.clone()]));
        let options = ServeOptions { middleware: Some(middleware), ..ServeOptions::default() };
        let shell = Shell::new(Reference::new(catalogue(), 1), options);
        let prefix = "AWSCognitoIdentityProviderService";
        shell.respond(&Request::call(prefix, "ListUserPools", &Value::Null));
        shell.respond(&Request::call("Nobody", "ListUserPools", &Value::Null));
        let mut control = Request::call(prefix, "ListUserPools", &Value::Null);
        control.path = "/_reference/reset".into();
        shell.respond(&control);
        let heard = listener.0.lock().expect("no panic").join(", ");
        assert_eq!(heard, "ListUserPools, no call, reset");
    }
}
