//! `proxy`: stands between an application and its endpoint.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;

use super::play::{interrupted, profiles, style};
use super::{Failure, Folders, complain, say};
use crate::catalogue::Catalogue;
use crate::proxy::{Ledger, Proxy, Recording, Upstream};
use crate::report;
use crate::target::http::{Http, Limits, Signing};
use crate::target::open::{OpenOptions, TargetSpec, open};

/// Where to stand, and what to keep.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  cognito-conformance proxy --target http://127.0.0.1:9229 --port 9230 --record app.har
  AWS_ENDPOINT_URL=http://127.0.0.1:9230 ./my-application-tests
  cognito-conformance run --target moto --only-operations-of app.har

Every exchange passes as it is, apart from hop-by-hop headers and Host. An endpoint other than AWS
is asked once for an operation that does not exist, to know its no when it says it. The signature
of a signed call covers the host it was sent to, so AWS itself refuses signed calls that come
through a proxy; emulators do not mind. The recording holds no password, token, code or other
secret, and no user's name, address or attribute.

Ctrl-C ends it. Exit codes: 0 nothing fails, 1 findings that fail, 2 usage or harness error,
a secret that had to be withheld among them, 3 the target does not come up.")]
pub(super) struct ProxyArgs {
    /// The endpoint behind it: a URL, the name of a profile (which is started), or `reference`.
    #[arg(long, value_name = "URL|PROFILE")]
    target: String,
    /// Port on the loopback interface; 0 takes a free one.
    #[arg(long, default_value_t = 9230)]
    port: u16,
    /// Records what passes to this file as HAR 1.2, secrets replaced; the file is replaced.
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// Seconds one exchange may take.
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=600))]
    timeout: u64,
}

/// Carries out `proxy`; returns when interrupted.
pub(super) fn proxy(args: &ProxyArgs, folders: &Folders) -> Result<u8, Failure> {
    let catalogue = Arc::new(Catalogue::load(&folders.sources().specs)?);
    super::runtime()?.block_on(stand(args, folders, catalogue))
}

async fn stand(
    args: &ProxyArgs,
    folders: &Folders,
    catalogue: Arc<Catalogue>,
) -> Result<u8, Failure> {
    let spec: TargetSpec = args.target.parse()?;
    let limits = Limits { total: Duration::from_secs(args.timeout), ..Limits::default() };
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", args.port))
        .await
        .map_err(|e| Failure(format!("cannot listen on port {}: {e}", args.port)))?;
    let address = listener.local_addr()?;
    // What is elsewhere may come up later; what a profile starts has to be up.
    let (http, started) = match &spec {
        TargetSpec::Url(url) => {
            (Http::new(url, catalogue.clone(), Signing::default(), limits)?, None)
        }
        _ => {
            let options = OpenOptions {
                profiles: profiles(folders),
                limits,
                plain_http: true,
                ..OpenOptions::new(catalogue.clone())
            };
            let opened = match open(&spec, &options).await {
                Ok(opened) => opened,
                Err(error) if error.is_indeterminate() => {
                    let Failure(text) = error.into();
                    complain(&format!("indeterminate: {text}"));
                    return Ok(3);
                }
                Err(error) => return Err(error.into()),
            };
            (opened.http().clone(), Some(opened))
        }
    };
    let recording = args.record.as_deref().map(Recording::start).transpose()?;
    let ledger = Arc::new(Ledger::new(catalogue.clone(), recording, Box::new(say)));
    let url = http.url().to_owned();
    let proxy = Proxy::new(Upstream::new(http, catalogue), ledger.clone());
    let stop = interrupted();
    complain(&format!(
        "the proxy listens on http://{address} and passes to {url} (Ctrl-C ends it)"
    ));
    proxy.serve(listener, stop).await;
    if let Some(opened) = started {
        opened.shutdown().await;
    }
    let summary = ledger.summary();
    let recorded = args.record.as_ref().map(|path| path.display().to_string());
    let sheet = report::proxied::sheet(&summary, &url, recorded.as_deref());
    say(&report::terminal::sheet(&sheet, style(false)));
    Ok(summary.exit_code())
}
