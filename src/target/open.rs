//! Getting at a target: the reference, a URL, or what a profile describes.

use std::collections::BTreeSet;
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};

use super::fingerprint::{Fingerprints, has_known_face, may_decline};
use super::functions::FunctionHost;
use super::http::{Http, HttpError, Limits, Signing, parse_base};
use super::mailbox::{Mail, Mailbox};
use super::process::{Process, SHOWN_LINES, StartError};
use super::profile::{Profile, ProfileError};
use super::sign::Credentials;
use super::{Boxed, Capability, Reply, Target, Transport, local};
use crate::catalogue::{Catalogue, Source};
use crate::reference::faults;
use crate::reference::functions::Functions;
use crate::reference::middleware::Stack;
use crate::reference::server::Server;
use crate::transcript::Call;
use crate::wire::{Request, Response, TransportError};

/// What to open.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum TargetSpec {
    /// The reference, started in this process.
    #[default]
    Reference,
    /// An endpoint.
    Url(String),
    /// What the profile of this name describes.
    Profile(String),
}

impl FromStr for TargetSpec {
    type Err = HttpError;

    /// Reads `reference`, a URL, or a profile's name.
    fn from_str(text: &str) -> Result<Self, HttpError> {
        if text == "reference" {
            return Ok(Self::Reference);
        }
        if !text.contains([':', '/']) {
            return Ok(Self::Profile(text.into()));
        }
        parse_base(text).map(|_| Self::Url(text.into()))
    }
}

/// How to open a target.
#[derive(Clone, Debug)]
pub struct OpenOptions {
    /// The contract.
    pub catalogue: Arc<Catalogue>,
    /// Where profiles are read from.
    pub profiles: Source,
    /// The profile whose capabilities a URL has (`--as`).
    pub capabilities_of: Option<String>,
    /// Seed of the reference.
    pub seed: u64,
    /// Bounds of each exchange.
    pub limits: Limits,
    /// Key to sign with.
    pub credentials: Credentials,
    /// Sends plain HTTP even where the official clients could: faster, without their verdict.
    pub plain_http: bool,
    /// Named faults to put into the reference.
    pub faults: Vec<String>,
    /// What else stands around the reference, outside of its faults.
    pub around: Stack,
}

impl OpenOptions {
    /// Returns options with embedded profiles, usual limits and the key that emulators take.
    pub fn new(catalogue: Arc<Catalogue>) -> Self {
        Self {
            catalogue,
            profiles: Source::Embedded,
            capabilities_of: None,
            seed: 0,
            limits: Limits::default(),
            credentials: Credentials::default(),
            plain_http: false,
            faults: Vec::new(),
            around: Stack::default(),
        }
    }
}

/// A target that cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    /// The profile is unknown or wrong.
    #[error(transparent)]
    Profile(#[from] ProfileError),
    /// The address is no URL.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// The program does not come up.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The reference does not come up.
    #[error("cannot start the reference")]
    Reference(#[source] std::io::Error),
    /// The functions of cases cannot be run.
    #[error("cannot run functions for the target's triggers")]
    Functions(#[source] std::io::Error),
    /// A fault has no such name, or the target is not the reference in this process.
    #[error("{0}")]
    Fault(String),
    /// `--as` beside a target that has capabilities of its own.
    #[error("`--as` gives a URL the capabilities of a profile; the target `{0}` has its own")]
    AsWithoutUrl(String),
    /// Nothing answers at the address.
    #[error("the target at {url} cannot be reached")]
    Unreachable {
        /// The address.
        url: String,
        /// What happened.
        #[source]
        cause: TransportError,
    },
}

impl TargetError {
    /// Tells whether the run is indeterminate, rather than set up wrongly.
    pub fn is_indeterminate(&self) -> bool {
        matches!(self, Self::Unreachable { .. })
    }
}

/// A target that is up.
pub struct Opened {
    name: String,
    profile: Profile,
    capabilities: BTreeSet<Capability>,
    catalogue: Arc<Catalogue>,
    http: Http,
    transport: Box<dyn Transport>,
    fingerprints: Fingerprints,
    mailbox: Option<Mailbox>,
    host: Host,
    functions: Option<FunctionHost>,
    /// Operations it has carried out at least once, with their services.
    answered: Mutex<BTreeSet<(String, String)>>,
}

/// What keeps a target up.
enum Host {
    Elsewhere,
    Process(Box<Process>),
    Local(Mutex<Option<Server>>),
}

/// Opens a target, starting it where needed, and learns how it declines operations.
///
/// # Errors
/// The profile is unknown or wrong, the program or the reference does not start, or nothing
/// answers at the address.
pub async fn open(spec: &TargetSpec, options: &OpenOptions) -> Result<Opened, TargetError> {
    if !options.faults.is_empty() && *spec != TargetSpec::Reference {
        return Err(TargetError::Fault("named faults are the reference's alone".into()));
    }
    let (mut profile, host, functions) = host(spec, options).await?;
    let url = match (&host, spec) {
        (Host::Process(process), _) => process.url(),
        (Host::Local(server), _) => local_url(server),
        (Host::Elsewhere, TargetSpec::Url(url)) => url.clone(),
        (Host::Elsewhere, _) => profile.url.clone().unwrap_or_default(),
    };
    let catalogue = options.catalogue.clone();
    let signing =
        Signing { credentials: options.credentials.clone(), region: profile.region.clone() };
    let http = Http::new(&url, catalogue.clone(), signing, options.limits)?;
    let fingerprints = Fingerprints::probe(&http, catalogue.services.keys()).await;
    let mut fingerprints =
        fingerprints.map_err(|cause| TargetError::Unreachable { url: url.clone(), cause })?;
    if profile.crash_looks_unsupported {
        fingerprints = Fingerprints::default();
    }
    if matches!(host, Host::Local(_)) {
        profile.version = Some(env!("CARGO_PKG_VERSION").into());
    }
    if is_bare_url(spec, options) {
        profile.capabilities.identity_pools =
            offers_identity_pools(&http, &catalogue, &fingerprints).await;
    }
    let log = match &host {
        Host::Process(process) => Some(process.log()),
        _ => None,
    };
    let described = profile.capabilities.mailbox.as_ref();
    let mailbox = described.and_then(|mailbox| Mailbox::new(mailbox, &http, log));
    let mut capabilities = profile.capability_set();
    if mailbox.is_none() {
        capabilities.remove(&Capability::Mailbox);
    }
    if functions.is_none() {
        // Nobody has told what answers at a URL where the functions are.
        capabilities.remove(&Capability::Lambda);
    }
    let name = match spec {
        TargetSpec::Reference => "reference".to_owned(),
        TargetSpec::Url(url) => url.clone(),
        TargetSpec::Profile(name) => name.clone(),
    };
    let transport = transport(&http, &catalogue, options.plain_http);
    Ok(Opened {
        name,
        profile,
        capabilities,
        catalogue,
        http,
        transport,
        fingerprints,
        mailbox,
        host,
        functions,
        answered: Mutex::default(),
    })
}

fn is_bare_url(spec: &TargetSpec, options: &OpenOptions) -> bool {
    matches!(spec, TargetSpec::Url(_)) && options.capabilities_of.is_none()
}

/// Returns the profile that holds, what keeps the target up, and where its functions run.
async fn host(
    spec: &TargetSpec,
    options: &OpenOptions,
) -> Result<(Profile, Host, Option<FunctionHost>), TargetError> {
    let load = |name: &str| {
        let profile = Profile::load(&options.profiles, name)?;
        profile.verify(&options.profiles, &options.catalogue)?;
        Ok::<_, ProfileError>(profile)
    };
    let name = match spec {
        TargetSpec::Url(url) => {
            let profile = match &options.capabilities_of {
                Some(name) => load(name)?,
                None => Profile { name: url.clone(), ..Profile::default() },
            };
            return Ok((profile, Host::Elsewhere, None));
        }
        TargetSpec::Reference => "reference",
        TargetSpec::Profile(name) => name,
    };
    let profile = load(name)?;
    if options.capabilities_of.is_some() {
        return Err(TargetError::AsWithoutUrl(name.to_owned()));
    }
    let functions = match profile.capabilities.lambda && profile.url.is_none() {
        true => Some(FunctionHost::start(&profile.region).await.map_err(TargetError::Functions)?),
        false => None,
    };
    let functions_url = functions.as_ref().map(FunctionHost::url);
    let host = match &profile.start {
        Some(start) => {
            let functions_url = functions_url.as_deref().unwrap_or_default();
            Host::Process(Box::new(Process::start(start, functions_url).await?))
        }
        None if profile.url.is_some() => Host::Elsewhere,
        None => {
            let faults = faults::middleware(&options.faults, &options.catalogue);
            let mut around = faults.map_err(TargetError::Fault)?;
            around.0.extend(options.around.0.iter().cloned());
            let called = functions_url.as_deref().map(Functions::at).transpose();
            let called = called.map_err(|e| TargetError::Fault(e.to_string()))?;
            let server =
                local::start(options.catalogue.clone(), options.seed, around.some(), called);
            Host::Local(Mutex::new(Some(server.map_err(TargetError::Reference)?)))
        }
    };
    Ok((profile, host, functions))
}

fn local_url(server: &Mutex<Option<Server>>) -> String {
    let server = server.lock().unwrap_or_else(PoisonError::into_inner);
    server.as_ref().map(Server::url).unwrap_or_default()
}

#[cfg(feature = "aws")]
fn transport(http: &Http, catalogue: &Arc<Catalogue>, plain: bool) -> Box<dyn Transport> {
    if plain {
        return Box::new(http.clone());
    }
    Box::new(super::sdk::Sdk::new(http.clone(), catalogue.clone()))
}

#[cfg(not(feature = "aws"))]
fn transport(http: &Http, _: &Arc<Catalogue>, _: bool) -> Box<dyn Transport> {
    Box::new(http.clone())
}

async fn offers_identity_pools(
    http: &Http,
    catalogue: &Catalogue,
    fingerprints: &Fingerprints,
) -> bool {
    let (service, operation) = ("cognito-identity", "ListIdentityPools");
    let call = Call::Api {
        service: service.into(),
        operation: operation.into(),
        input: json!({"MaxResults": 1}),
        signed: true,
    };
    match http.exchange(&http.request(&call)).await {
        Ok(response) => !fingerprints.declines(catalogue, service, operation, &response),
        Err(_) => false,
    }
}

impl Opened {
    /// Returns how requests reach the target without the official clients.
    pub fn http(&self) -> &Http {
        &self.http
    }

    /// Returns the profile that holds for it.
    pub fn profile(&self) -> &Profile {
        &self.profile
    }

    /// Returns how a program that was started for it ended, if it has, with its last words.
    pub fn ended(&self) -> Option<String> {
        let Host::Process(process) = &self.host else { return None };
        let status = process.ended()?;
        Some(format!("the target ended: {status}{}", process.log().tail(SHOWN_LINES)))
    }

    /// Ends what was started for it, politely at first. Dropping the target ends it, too.
    pub async fn shutdown(&self) {
        match &self.host {
            Host::Elsewhere => {}
            Host::Process(process) => process.shutdown().await,
            Host::Local(server) => {
                let server = server.lock().unwrap_or_else(PoisonError::into_inner).take();
                // Waits for the server's thread.
                let ended = tokio::task::spawn_blocking(move || drop(server)).await;
                ended.unwrap_or_default();
            }
        }
    }
}

impl Opened {
    /// Notes the triggers of a pool that was made or changed.
    fn link_functions(&self, operation: &str, input: &Value, reply: &Reply) {
        let Some(functions) = &self.functions else { return };
        let created = || reply.reply.as_ref().ok()?.json().ok()?;
        let created = if operation == "CreateUserPool" { created() } else { None };
        let pool = match operation {
            "CreateUserPool" => created.as_ref().and_then(|made| made.pointer("/UserPool/Id")),
            "UpdateUserPool" => input.get("UserPoolId"),
            _ => None,
        };
        if let Some(pool) = pool.and_then(Value::as_str) {
            functions.link(pool, input.get("LambdaConfig").unwrap_or(&Value::Null));
        }
    }
}

/// Returns service and operation of a call; of a raw one, what its target header names.
fn called(call: &Call) -> Option<(&str, &str)> {
    match call {
        Call::Events { .. } => None,
        Call::Api { service, operation, .. } => Some((service, operation)),
        Call::Raw { service, request, .. } => {
            let (_, operation) = request.header("x-amz-target")?.split_once('.')?;
            Some((service, operation))
        }
    }
}

impl Target for Opened {
    fn name(&self) -> &str {
        &self.name
    }

    fn version(&self) -> Option<&str> {
        self.profile.version.as_deref()
    }

    fn capabilities(&self) -> &BTreeSet<Capability> {
        &self.capabilities
    }

    fn unsupported(&self) -> &BTreeSet<String> {
        &self.profile.unsupported
    }

    fn lacks(&self, service: &str, operation: &str) -> bool {
        self.profile.lacks(service, operation)
    }

    fn url(&self) -> &str {
        self.http.url()
    }

    fn jobs(&self) -> Option<usize> {
        self.profile.jobs
    }

    fn dear_pools(&self) -> bool {
        self.profile.dear_pools
    }

    fn shows_codes_of(&self, operation: &str) -> bool {
        let shown = self.profile.capabilities.codes_of.as_ref();
        shown.is_none_or(|shown| shown.contains(operation))
    }

    fn fixed_code(&self) -> Option<&str> {
        match &self.mailbox {
            Some(Mailbox::Fixed(code)) => Some(code),
            _ => None,
        }
    }

    fn settle_secs(&self) -> u64 {
        self.profile.settle_secs.unwrap_or(u64::MAX)
    }

    fn declined(&self, call: &Call, reply: &Reply) -> bool {
        let Some((service, operation)) = called(call) else { return false };
        let Ok(response) = &reply.reply else { return false };
        if !self
            .catalogue
            .services
            .get(service)
            .is_some_and(|s| s.operations.contains_key(operation))
        {
            return false; // made up by the case, to see what comes back
        }
        if self.profile.lacks(service, operation) {
            return may_decline(&self.catalogue, service, operation, response);
        }
        // What it has carried out before it does not lack: then the same page is a crash.
        let named = (service.to_owned(), operation.to_owned());
        let answered = || self.answered.lock().unwrap_or_else(PoisonError::into_inner);
        if !has_known_face(response) && answered().contains(&named) {
            return false;
        }
        self.fingerprints.declines(&self.catalogue, service, operation, response)
    }

    fn has_answered(&self, operation: &str) -> bool {
        let answered = self.answered.lock().unwrap_or_else(PoisonError::into_inner);
        answered.iter().any(|(_, name)| name == operation)
    }

    fn functions(&self) -> Option<&FunctionHost> {
        self.functions.as_ref()
    }

    fn runs_trigger(&self, trigger: &str) -> bool {
        let run = self.profile.capabilities.triggers.as_ref();
        run.is_none_or(|run| run.contains(trigger))
    }

    fn send<'a>(&'a self, call: &'a Call) -> Boxed<'a, Reply> {
        Box::pin(async move {
            let reply = self.transport.send(call).await;
            let succeeded = reply.reply.as_ref().is_ok_and(Response::is_success);
            if let (Call::Api { service, operation, input, .. }, true) = (call, succeeded) {
                self.link_functions(operation, input, &reply);
                let mut answered = self.answered.lock().unwrap_or_else(PoisonError::into_inner);
                answered.insert((service.clone(), operation.clone()));
            }
            reply
        })
    }

    fn read_mail<'a>(
        &'a self,
        pool: &'a str,
        username: &'a str,
    ) -> Boxed<'a, Result<Option<Mail>, String>> {
        Box::pin(async move {
            match &self.mailbox {
                Some(mailbox) => mailbox.read(pool, username).await,
                None => Err(format!("the target `{}` has no mailbox", self.name)),
            }
        })
    }

    fn advance_clock<'a>(&'a self, seconds: u64) -> Boxed<'a, Result<(), String>> {
        Box::pin(async move {
            let Some(clock) = &self.profile.capabilities.clock else {
                return Err(format!("the clock of the target `{}` cannot be moved", self.name));
            };
            let request = Request {
                method: "POST".into(),
                path: clock.path.clone(),
                headers: vec![("content-type".into(), "application/json".into())],
                body: json!({"advance_seconds": seconds}).to_string().into_bytes(),
            };
            let response = self.http.exchange(&request).await.map_err(|e| e.to_string())?;
            if response.is_success() {
                return Ok(());
            }
            Err(format!("moving the clock was answered with status {}", response.status))
        })
    }
}
