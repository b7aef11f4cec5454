//! A provider in a process of its own, found by its discovery document: ours, or the peer.

use std::{
    fs, io,
    net::{Ipv4Addr, TcpListener},
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use handslag_store::{Db, Place};
use serde_json::Value;

use crate::demo::program;

/// The secret of every client, on both sides.
pub(crate) const SECRET: &str = "only-for-measuring";

/// The one resource.
pub(crate) const RESOURCE: &str = "https://journal.example";

/// Where the answers of log-ins go; nobody is there.
pub(crate) const REDIRECT: &str = "https://app.example/cb";

const PATIENCE: Duration = Duration::from_secs(30);

/// A running provider; ends with this value.
pub(crate) struct Service {
    child: Child,
    metadata: Value,
}

impl Service {
    /// `handslag serve` in a new folder, with a person who says yes by itself.
    pub(crate) async fn ours(folder: &Path) -> io::Result<Self> {
        let port = free_port()?;
        let config = folder.join("handslag.toml");
        fs::write(&config, configuration(folder, port))?;
        let mut command = Command::new(program()?);
        command.args(["serve", "--config"]).arg(&config);
        Self::started(command, &format!("http://127.0.0.1:{port}")).await
    }

    /// npm `oidc-provider` beside this source.
    pub(crate) async fn peer() -> io::Result<Self> {
        let port = free_port()?;
        if !peer_folder().join("node_modules").exists() {
            let mut install = Command::new("npm");
            install.args(["ci", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"]).current_dir(peer_folder());
            if !install.status()?.success() {
                return Err(io::Error::other("npm ci of the peer failed"));
            }
        }
        let mut command = Command::new("node");
        command.arg("server.mjs").arg(port.to_string()).current_dir(peer_folder());
        Self::started(command, &format!("http://127.0.0.1:{port}")).await
    }

    async fn started(mut command: Command, issuer: &str) -> io::Result<Self> {
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        let mut service = Self { child, metadata: Value::Null };
        let address = format!("{issuer}/.well-known/openid-configuration");
        let begun = std::time::Instant::now();
        while begun.elapsed() < PATIENCE {
            tokio::time::sleep(Duration::from_millis(20)).await;
            if let Ok(answer) = reqwest::get(&address).await
                && let Ok(metadata) = answer.json().await
            {
                service.metadata = metadata;
                return Ok(service);
            }
            if let Some(status) = service.child.try_wait()? {
                return Err(io::Error::other(format!("{command:?} ended with {status}")));
            }
        }
        Err(io::Error::other(format!("{command:?} does not answer")))
    }

    /// An address of its discovery document.
    pub(crate) fn endpoint(&self, name: &str) -> String {
        self.metadata.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
    }

    /// `VmRSS`, in MiB.
    pub(crate) fn resident(&self) -> io::Result<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
        let kilobytes: f64 = line.trim().trim_end_matches(" kB").parse().map_err(io::Error::other)?;
        Ok(kilobytes / 1_024.0)
    }

    /// Seconds that its process has computed, all its threads together (`utime` and `stime`, in hundredths on every Linux).
    pub(crate) fn cpu_seconds(&self) -> io::Result<f64> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        let after_name = stat.rsplit(')').next().unwrap_or_default();
        let ticks = after_name.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<u32>().ok());
        Ok(ticks.map(f64::from).sum::<f64>() / 100.0)
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// The same three clients as the peer's.
fn configuration(folder: &Path, port: u16) -> String {
    let digest = handslag_vocab::Secret::presented(SECRET).hash().to_hex();
    let client = |id: &str, more: &str| {
        format!(
            "[[client]]\nid = \"{id}\"\nname_sv = \"{id}\"\nname_en = \"{id}\"\norganisation = \"2120001124\"\nprofile = \"core\"\n\
             secret_sha256 = \"{digest}\"\naudiences = [\"{RESOURCE}\"]\n{more}\n"
        )
    };
    let by_person = format!("redirect_uris = [\"{REDIRECT}\"]\n");
    [
        format!(
            "mode = \"demo\"\nlisten = \"127.0.0.1:{port}\"\nissuer = \"http://127.0.0.1:{port}\"\ndata = \"{}\"\n",
            folder.join("data").display()
        ),
        "operator = { name = \"Kvarnby kommun\", number = \"2120001124\", oid_arc = \"1.3.6.1.4.1.32473\" }\n".to_owned(),
        "[test]\nauto_approve = \"anna@2120001124\"\n".to_owned(),
        "[limits]\naddress_per_minute = 1000000000\nclient_per_minute = 1000000000\n".to_owned(),
        client("machine", "redirect_uris = []\nscopes = [\"journal.read\"]\ngrant_types = [\"client_credentials\"]"),
        client("app", &format!("{by_person}scopes = []\ngrant_types = [\"authorization_code\", \"refresh_token\"]")),
        client("bound", &format!("{by_person}scopes = []\ndpop_bound_access_tokens = true")),
    ]
    .join("\n")
}

/// Adds refresh families of other phones until there are so many, beside the running process.
pub(crate) async fn fill(folder: &Path, families: u32) -> io::Result<()> {
    const STEP: u32 = 20_000;
    let db = Db::open(&Place::Sqlite(folder.join("data/handslag.sqlite"))).await.map_err(io::Error::other)?;
    let alive = "SELECT COUNT(*) FROM refresh_families";
    let (mut now,): (i64,) = db.read(async |tx| tx.one(alive, ()).await).await.map_err(|error: handslag_store::Error| io::Error::other(error))?;
    while now < i64::from(families) {
        let some = i64::from(STEP).min(i64::from(families) - now);
        db.write(async |tx| {
            tx.execute(GRANTS, (some,)).await?;
            tx.execute(FAMILIES, ()).await
        })
        .await
        .map_err(|error: handslag_store::Error| io::Error::other(error))?;
        now += some;
    }
    Ok(())
}

/// Copies of one log-in with names and codes of their own.
const GRANTS: &str = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $1) \
    INSERT INTO grants (grant_id, code_hash, client_id, affiliation_id, phone_id, approval_id, request, assurance, hardware_key, authenticated_at, \
    code_expires_at, redeemed_at) \
    SELECT 'filled_' || lower(hex(randomblob(16))), randomblob(32), g.client_id, g.affiliation_id, g.phone_id, g.approval_id, g.request, g.assurance, \
    g.hardware_key, g.authenticated_at, g.code_expires_at, g.redeemed_at FROM n, (SELECT * FROM grants WHERE redeemed_at IS NOT NULL LIMIT 1) g";

/// A family for each of them.
const FAMILIES: &str = "INSERT INTO refresh_families (family_hash, grant_id, current_hash, rotates, uses, created_at, used_at, idle_until, ends_at) \
    SELECT randomblob(32), g.grant_id, randomblob(32), 1, 0, f.created_at, f.used_at, f.idle_until, f.ends_at \
    FROM grants g, (SELECT * FROM refresh_families LIMIT 1) f \
    WHERE g.grant_id LIKE 'filled_%' AND NOT EXISTS (SELECT 1 FROM refresh_families r WHERE r.grant_id = g.grant_id)";

/// The version that is installed.
pub(crate) fn peer_version() -> io::Result<String> {
    let package = fs::read_to_string(peer_folder().join("node_modules/oidc-provider/package.json"))?;
    let package: Value = serde_json::from_str(&package).map_err(io::Error::other)?;
    Ok(package.get("version").and_then(Value::as_str).unwrap_or_default().to_owned())
}

/// The runtime of the peer.
pub(crate) fn node_version() -> io::Result<String> {
    let output = Command::new("node").arg("--version").output()?;
    Ok(String::from_utf8_lossy(&output.stdout).trim().trim_start_matches('v').to_owned())
}

fn peer_folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("bench/peer")
}

fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}
