//! Real processes of the program beside a municipality: `handslag serve` on its database, its Redis and its folder, behind something that gives
//! each request to a random one, and to another where that one is gone.

use std::{
    fs::File,
    net::TcpListener,
    path::Path,
    process::{Child, Command, Stdio},
    sync::Arc,
    time::Duration,
};

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::Request,
    response::Response,
};
use handslag_server::{
    caller::Rng,
    config::{ApplicationType, Client, Config},
};
use rand_core::Rng as _;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use super::{Kommun, binary};

pub(crate) struct Processes {
    /// Where the balancer listens.
    pub(crate) base: String,
    /// Where each process does.
    pub(crate) bases: Vec<String>,
    children: Vec<Option<Child>>,
    balancer: JoinHandle<()>,
}

impl Drop for Processes {
    fn drop(&mut self) {
        self.balancer.abort();
        (0..self.children.len()).for_each(|number| self.kill(number));
    }
}

impl Processes {
    pub(crate) async fn start(kommun: &Kommun, number: usize) -> Self {
        let folder = kommun.folder.path();
        let (mut bases, mut children) = (Vec::new(), Vec::new());
        for number in 0..number {
            let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
            let listen = format!("127.0.0.1:{port}");
            let file = folder.join(format!("node{number}.toml"));
            std::fs::write(&file, configuration(&kommun.server.config, &listen)).unwrap();
            children.push(Some(serve(&file, &folder.join(format!("node{number}.log")))));
            bases.push(format!("http://{listen}"));
        }
        let http = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        for base in &bases {
            ready(&http, base).await;
        }
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let behind = Arc::new((http, bases.clone()));
        let app = Router::new().fallback(move |request: Request| forwarded(Arc::clone(&behind), request));
        let balancer = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { base, bases, children, balancer }
    }

    /// SIGKILL.
    pub(crate) fn kill(&mut self, number: usize) {
        if let Some(mut child) = self.children[number].take() {
            child.kill().ok();
            child.wait().ok();
        }
    }
}

fn serve(config: &Path, log: &Path) -> Child {
    let log = File::create(log).unwrap();
    let words = ["serve", "--config", config.to_str().unwrap()];
    Command::new(binary()).args(words).stdout(Stdio::null()).stderr(log).spawn().unwrap()
}

async fn ready(http: &reqwest::Client, base: &str) {
    for _ in 0..400 {
        if http.get(format!("{base}/readyz")).send().await.is_ok_and(|answer| answer.status() == 200) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{base} is not ready");
}

/// To a random process; to the next one where nobody listens.
async fn forwarded(behind: Arc<(reqwest::Client, Vec<String>)>, request: Request) -> Response {
    let (http, bases) = behind.as_ref();
    let (head, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    let first = Rng::system().next_u32() as usize;
    for number in 0..bases.len() {
        let address = format!("{}{}", bases[(first + number) % bases.len()], head.uri);
        let sent = http.request(head.method.clone(), address).headers(head.headers.clone()).body(body.clone()).send().await;
        match sent {
            Ok(answer) => {
                let mut response = Response::builder().status(answer.status());
                *response.headers_mut().unwrap() = answer.headers().clone();
                return response.body(Body::from(answer.bytes().await.unwrap())).unwrap();
            }
            Err(error) if error.is_connect() => {}
            Err(error) => panic!("{error}"),
        }
    }
    panic!("no process listens")
}

/// The configuration of a municipality as a file.
fn configuration(config: &Config, listen: &str) -> String {
    let operator = json!({ "name": config.operator.name, "number": config.operator.number, "oid_arc": config.operator.oid_arc });
    let mut file = json!({ "mode": "demo", "listen": listen, "issuer": config.issuer, "data": config.data, "operator": operator });
    if let Some(database) = &config.database {
        file["database"] = json!({ "url_file": database.url_file });
    }
    if let Some(redis) = &config.redis {
        file["redis"] = json!({ "url_file": redis.url_file });
    }
    file["client"] = config.clients.iter().filter(|client| client.secret_sha256.is_none()).map(service).collect();
    toml::to_string(&file).unwrap()
}

fn service(client: &Client) -> Value {
    let mut service = json!({
        "id": client.id, "name_sv": client.name_sv, "name_en": client.name_en, "organisation": client.organisation, "profile": client.profile,
        "redirect_uris": client.redirect_uris, "grant_types": client.grant_types, "scopes": client.scopes, "audiences": client.audiences,
        "dpop_bound_access_tokens": client.dpop_bound_access_tokens, "userinfo_signed": client.userinfo_signed,
        "application_type": if client.application_type == ApplicationType::Native { "native" } else { "web" },
    });
    if let Some(jwks) = &client.jwks {
        service["jwks"] = jwks.clone();
    }
    service
}
