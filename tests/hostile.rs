//! What do targets do to the harness that are broken, slow, endless or malicious? Nothing: every
//! exchange ends in bounded time and memory, with the right kind of error, and without a panic.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use cognito_conformance::catalogue::Catalogue;
use cognito_conformance::target::http::{Http, Limits, Signing};
use cognito_conformance::target::{Reply, Transport};
use cognito_conformance::transcript::{Call, SdkVerdict};
use cognito_conformance::wire::TransportError;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const LIMITS: Limits = Limits {
    connect: Duration::from_millis(500),
    total: Duration::from_millis(800),
    body_bytes: 1 << 20,
    header_bytes: 64 << 10,
};

/// Longest that one exchange may take, the limit and a slow machine included.
const PATIENCE: Duration = Duration::from_secs(4);

/// What came of one call over each transport.
struct Outcome {
    plain: Reply,
    official: Option<Reply>,
}

/// Serves every connection with `behave`, after its request's first bytes have come.
async fn serve<F, B>(behave: B) -> String
where
    F: Future<Output = std::io::Result<()>> + Send + 'static,
    B: Fn(TcpStream) -> F + Send + 'static,
{
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
    let address = listener.local_addr().expect("a bound socket has an address");
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await;
            // The client hangs up on most of these.
            tokio::spawn(behave(stream));
        }
    });
    format!("http://{address}")
}

/// Serves the same bytes to everybody, then closes the connection.
async fn bytes(answer: impl Into<Vec<u8>>) -> String {
    let answer: Arc<[u8]> = answer.into().into();
    serve(move |mut stream| {
        let answer = answer.clone();
        async move {
            stream.write_all(&answer).await?;
            stream.shutdown().await
        }
    })
    .await
}

/// Serves a complete response.
async fn answer(status: &str, headers: &str, body: &[u8]) -> String {
    let head = format!("HTTP/1.1 {status}\r\n{headers}content-length: {}\r\n\r\n", body.len());
    bytes([head.as_bytes(), body].concat()).await
}

async fn call(url: &str) -> Outcome {
    let catalogue = Arc::new(Catalogue::load(&Default::default()).expect("it is embedded"));
    let http = Http::new(url, catalogue.clone(), Signing::default(), LIMITS).expect("a URL");
    let call = Call::Api {
        service: "cognito-idp".into(),
        operation: "ListUserPools".into(),
        input: json!({"MaxResults": 1}),
        signed: true,
    };
    let plain = timed(&http, &call).await;
    #[cfg(feature = "aws")]
    let official = {
        let sdk = cognito_conformance::target::sdk::Sdk::new(http, catalogue);
        Some(timed(&sdk, &call).await)
    };
    #[cfg(not(feature = "aws"))]
    let official = None;
    Outcome { plain, official }
}

async fn timed(transport: &dyn Transport, call: &Call) -> Reply {
    let started = Instant::now();
    let reply = transport.send(call).await;
    assert!(started.elapsed() < PATIENCE, "took {:?}", started.elapsed());
    reply
}

/// Checks that no transport gets a response from the server at `url`, for the reason expected.
#[track_caller]
fn refuses(outcome: Outcome, expected: fn(&TransportError) -> bool) {
    for reply in [Some(outcome.plain), outcome.official].into_iter().flatten() {
        let error = reply.reply.expect_err("no complete response");
        assert!(expected(&error), "{error:?}");
        assert_eq!(reply.sdk, None);
        assert_eq!(reply.request.body, br#"{"MaxResults":1}"#);
    }
}

/// Checks that both transports get a response of this status, and what the SDK makes of it.
#[track_caller]
fn gets(outcome: Outcome, status: u16, verdict: fn(&SdkVerdict) -> bool) -> Reply {
    if let Some(reply) = outcome.official {
        assert_eq!(reply.reply.expect("a response").status, status);
        let found = reply.sdk.expect("a verdict");
        assert!(verdict(&found), "{found:?}");
    }
    assert_eq!(outcome.plain.reply.as_ref().expect("a response").status, status);
    outcome.plain
}

fn is_unparsable(verdict: &SdkVerdict) -> bool {
    matches!(verdict, SdkVerdict::Unparsable { .. })
}

#[tokio::test]
async fn nothing_listening_is_no_connection() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    drop(listener);
    let outcome = call(&format!("http://{address}")).await;
    refuses(outcome, |error| matches!(error, TransportError::Connect(_)));
}

#[tokio::test]
async fn an_unknown_host_is_no_connection() {
    let outcome = call("http://nowhere.invalid").await;
    let expected = |error: &TransportError| {
        matches!(error, TransportError::Connect(_) | TransportError::Timeout(_))
    };
    refuses(outcome, expected);
}

#[tokio::test]
async fn a_reset_connection_is_broken() {
    let url = serve(|stream| async move {
        stream.set_zero_linger()?;
        drop(stream);
        Ok(())
    })
    .await;
    refuses(call(&url).await, |error| matches!(error, TransportError::Broken(_)));
}

#[tokio::test]
async fn a_server_that_never_answers_runs_out_of_time() {
    let url = serve(|mut stream| async move {
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).await.map(drop)
    })
    .await;
    refuses(call(&url).await, |error| *error == TransportError::Timeout(800));
}

#[tokio::test]
async fn an_endless_body_is_cut_off() {
    let url = serve(|mut stream| async move {
        stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").await?;
        let chunk = [b"10000\r\n".as_slice(), &[b' '; 0x10000], b"\r\n"].concat();
        loop {
            stream.write_all(&chunk).await?;
        }
    })
    .await;
    refuses(call(&url).await, |error| *error == TransportError::TooLarge(1 << 20));
}

#[tokio::test]
async fn a_body_without_length_is_cut_off_too() {
    let url = serve(|mut stream| async move {
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await?;
        loop {
            stream.write_all(&[b'x'; 0x10000]).await?;
        }
    })
    .await;
    refuses(call(&url).await, |error| *error == TransportError::TooLarge(1 << 20));
}

#[tokio::test]
async fn a_dripping_body_runs_out_of_time() {
    let url = serve(|mut stream| async move {
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n").await?;
        loop {
            stream.write_all(b" ").await?;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    refuses(call(&url).await, |error| *error == TransportError::Timeout(800));
}

#[tokio::test]
async fn a_dripping_head_runs_out_of_time() {
    let url = serve(|mut stream| async move {
        stream.write_all(b"HTTP/1.1 200 OK\r\n").await?;
        loop {
            stream.write_all(b"x").await?;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    refuses(call(&url).await, |error| *error == TransportError::Timeout(800));
}

#[tokio::test]
async fn interim_responses_without_end_run_out_of_time() {
    let url = serve(|mut stream| async move {
        loop {
            stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    })
    .await;
    refuses(call(&url).await, |error| *error == TransportError::Timeout(800));
}

#[tokio::test]
async fn endless_headers_are_refused() {
    let url = serve(|mut stream| async move {
        stream.write_all(b"HTTP/1.1 200 OK\r\n").await?;
        loop {
            stream.write_all(&b"x-header: and so on\r\n".repeat(1000)).await?;
        }
    })
    .await;
    refuses(call(&url).await, |error| matches!(error, TransportError::Broken(_)));
}

#[tokio::test]
async fn a_huge_header_is_refused() {
    let url = answer("200 OK", &format!("x-huge: {}\r\n", "x".repeat(100_000)), b"{}").await;
    refuses(call(&url).await, |error| *error == TransportError::TooLarge(64 << 10));
}

#[tokio::test]
async fn a_declared_length_beyond_the_limit_is_refused_at_once() {
    let url = bytes("HTTP/1.1 200 OK\r\ncontent-length: 10000000000\r\n\r\n{").await;
    refuses(call(&url).await, |error| *error == TransportError::TooLarge(1 << 20));
}

#[tokio::test]
async fn what_is_no_http_is_broken() {
    let url = bytes("SSH-2.0-OpenSSH_9.2\r\n").await;
    refuses(call(&url).await, |error| matches!(error, TransportError::Broken(_)));
}

#[tokio::test]
async fn https_to_a_server_without_it_is_no_connection() {
    let url = bytes("HTTP/1.1 400 Bad Request\r\n\r\n").await.replace("http://", "https://");
    refuses(call(&url).await, |error| matches!(error, TransportError::Connect(_)));
}

#[tokio::test]
async fn a_body_shorter_than_promised_is_broken() {
    let url = bytes("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{}").await;
    refuses(call(&url).await, |error| matches!(error, TransportError::Broken(_)));
}

#[tokio::test]
async fn invalid_utf8_survives() {
    let head = b"HTTP/1.1 200 OK\r\nx-odd: a\xff\xfeb\r\ncontent-length: 4\r\n\r\n";
    let url = bytes([head.as_slice(), b"{\xff\xfe}"].concat()).await;
    let reply = gets(call(&url).await, 200, is_unparsable);
    let response = reply.reply.expect("a response");
    assert_eq!(response.header("x-odd"), Some("a\u{fffd}\u{fffd}b"));
    assert_eq!(*response.body, *b"{\xff\xfe}");
    assert!(response.json().is_err());
}

#[tokio::test]
async fn ten_thousand_levels_of_json_are_no_trouble() {
    let nested = |known: &str| {
        let open = format!("{{\"{known}\":").repeat(10_000);
        format!("{open}1{}", "}".repeat(10_000))
    };
    for member in ["UserPools", "unknown"] {
        for status in ["200 OK", "400 Bad Request"] {
            let url = answer(status, "", nested(member).as_bytes()).await;
            let code = status[..3].parse().expect("a status");
            let reply = gets(call(&url).await, code, |_| true);
            assert!(reply.reply.expect("a response").json().is_err());
        }
    }
    let url = answer("200 OK", "", "[".repeat(1 << 19).as_bytes()).await;
    gets(call(&url).await, 200, is_unparsable);
}

#[tokio::test]
async fn html_is_a_response_that_no_client_understands() {
    let page = b"<!doctype html><title>500 Internal Server Error</title>";
    let url = answer("200 OK", "content-type: text/html\r\n", page).await;
    gets(call(&url).await, 200, is_unparsable);
    let url = answer("500 Internal Server Error", "content-type: text/html\r\n", page).await;
    gets(call(&url).await, 500, |verdict| !matches!(verdict, SdkVerdict::Output));
}

#[tokio::test]
async fn redirects_are_not_followed_and_nothing_is_unpacked() {
    let elsewhere = "location: http://127.0.0.1:1/\r\n";
    let url = answer("302 Found", elsewhere, b"").await;
    gets(call(&url).await, 302, |verdict| !matches!(verdict, SdkVerdict::Output));
    let url = answer("200 OK", "content-encoding: gzip\r\n", b"not gzip").await;
    let reply = gets(call(&url).await, 200, is_unparsable);
    assert_eq!(*reply.reply.expect("a response").body, *b"not gzip");
}

#[tokio::test]
async fn strange_statuses_are_taken_as_they_are() {
    let url = answer("418 I'm a teapot", "", b"short and stout").await;
    gets(call(&url).await, 418, |verdict| !matches!(verdict, SdkVerdict::Output));
    let url = answer("999 Whatever", "", b"").await;
    gets(call(&url).await, 999, |verdict| !matches!(verdict, SdkVerdict::Output));
}
