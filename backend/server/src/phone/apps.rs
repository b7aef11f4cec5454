//! What phones ask before they let an app open our addresses: Apple's associated domains and Android's app links. Absent while no app is
//! configured, so that nobody's is.

use axum::{Json, extract::State};
use serde_json::{Value, json};

use crate::{config::Android, problem::Problem, server::Server};

/// The addresses that the app opens: the link on the same phone, the moving code, the invitation.
const OPENED: [&str; 3] = ["/t/*", "/q/*", "/inbjudan/*"];

/// `GET /.well-known/apple-app-site-association`.
pub(super) async fn apple(State(server): State<Server>) -> Result<Json<Value>, Problem> {
    let apps = &server.config.apps.apple;
    if apps.is_empty() {
        return Err(Problem::not_found());
    }
    let components: Vec<Value> = OPENED.iter().map(|path| json!({ "/": path })).collect();
    Ok(Json(json!({ "applinks": { "details": [{ "appIDs": apps, "components": components }] }, "webcredentials": { "apps": apps } })))
}

/// `GET /.well-known/assetlinks.json`.
pub(super) async fn android(State(server): State<Server>) -> Result<Json<Value>, Problem> {
    let apps = &server.config.apps.android;
    if apps.is_empty() { Err(Problem::not_found()) } else { Ok(Json(apps.iter().map(statement).collect())) }
}

fn statement(app: &Android) -> Value {
    let relations = ["delegate_permission/common.handle_all_urls", "delegate_permission/common.get_login_creds"];
    let target = json!({ "namespace": "android_app", "package_name": app.package, "sha256_cert_fingerprints": app.sha256_cert_fingerprints });
    json!({ "relation": relations, "target": target })
}
