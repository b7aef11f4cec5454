//! A browser that follows nothing by itself, so that a test sees every redirect, header and cookie.

use std::{collections::BTreeMap, time::Duration};

use reqwest::{Client, RequestBuilder, header::HeaderMap};
use serde_json::Value;

/// Cookies and nothing else.
#[derive(Clone)]
pub(crate) struct Browser {
    pub(crate) http: Client,
    pub(crate) base: String,
    pub(crate) cookies: BTreeMap<String, String>,
    issuer: String,
}

/// One answer.
#[derive(Debug, Clone)]
pub(crate) struct Page {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
    pub(crate) bytes: Vec<u8>,
}

impl Page {
    /// Where it sends the browser.
    pub(crate) fn location(&self) -> Option<&str> {
        self.headers.get("location").map(|value| value.to_str().unwrap())
    }

    /// One value in the query of where it sends the browser.
    pub(crate) fn answer(&self, name: &str) -> Option<String> {
        let location = self.location()?;
        let (_, query) = location.split_once('?')?;
        let value = query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))?;
        Some(value.replace("%3A", ":").replace("%2F", "/"))
    }

    /// What stands between two texts of the page.
    pub(crate) fn between(&self, before: &str, after: &str) -> &str {
        let found = self.body.split_once(before).and_then(|(_, rest)| rest.split_once(after));
        found.map_or_else(|| panic!("no {before}…{after} in {}: {}", self.status, self.body), |(found, _)| found)
    }
}

impl Browser {
    pub(crate) fn new(base: &str, issuer: &str) -> Self {
        let http = Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).timeout(Duration::from_secs(30)).build().unwrap();
        Self { http, base: base.to_owned(), issuer: issuer.to_owned(), cookies: BTreeMap::new() }
    }

    /// Opens an address of this server: a path, or all of it.
    pub(crate) async fn get(&mut self, address: &str) -> Page {
        let request = self.http.get(self.address(address));
        self.send(request).await
    }

    /// Sends a form from a page of ours.
    pub(crate) async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Page {
        let request = self.http.post(self.address(path)).form(fields);
        self.send(request).await
    }

    /// Sends a form with a file.
    pub(crate) async fn upload(&mut self, signer: &str, class: &str, file: &[u8]) -> Page {
        let part = reqwest::multipart::Part::bytes(file.to_vec()).file_name("protokoll.pdf");
        let form = reqwest::multipart::Form::new().text("signer", signer.to_owned()).text("class", class.to_owned()).part("file", part);
        let request = self.http.post(self.address("/underskrift")).multipart(form);
        self.send(request).await
    }

    /// Sends JSON as a script of our pages does; gives status and JSON (null where there is none).
    pub(crate) async fn asks(&mut self, path: &str, body: &Value) -> (u16, Value) {
        let request = self.http.post(self.address(path)).json(body).header("accept", "application/json");
        let page = self.with_cookies(request).await;
        (page.status, serde_json::from_slice(&page.bytes).unwrap_or(Value::Null))
    }

    /// Sends anything with this browser's cookies and keeps those that come back.
    pub(crate) async fn send(&mut self, request: RequestBuilder) -> Page {
        self.with_cookies(request.header("accept", "text/html, */*")).await
    }

    async fn with_cookies(&mut self, request: RequestBuilder) -> Page {
        let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = if cookies.is_empty() { request } else { request.header("cookie", cookies.join("; ")) };
        let answer = request.header("accept-language", "sv").send().await.unwrap();
        for line in answer.headers().get_all("set-cookie") {
            let (name, value) = line.to_str().unwrap().split(';').next().unwrap().split_once('=').unwrap();
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let bytes = answer.bytes().await.unwrap().to_vec();
        Page { status, headers, body: String::from_utf8_lossy(&bytes).into_owned(), bytes }
    }

    /// The full address on this server, whatever name it was called by.
    pub(crate) fn address(&self, address: &str) -> String {
        let path = address.strip_prefix(&self.issuer).unwrap_or(address);
        assert!(path.starts_with('/'), "{address} is no address of this server");
        format!("{}{path}", self.base)
    }
}
