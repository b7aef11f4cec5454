//! A visitor without a browser: keeps cookies, follows redirects on this server, sends forms and files.

use std::{collections::BTreeMap, time::Duration};

use reqwest::{
    RequestBuilder, Response,
    header::{COOKIE, LOCATION, SET_COOKIE},
    multipart::{Form, Part},
};

use crate::problem::Problem;

/// Somebody at the desk.
pub struct Visitor {
    http: reqwest::Client,
    base: String,
    issuer: String,
    cookies: BTreeMap<String, String>,
}

/// What the last page of a chain of redirects said.
pub struct Answer {
    /// Where it ended.
    pub path: String,
    /// The status.
    pub status: u16,
    /// As text, with what is no text replaced.
    pub body: String,
    /// As it came.
    pub bytes: Vec<u8>,
}

/// A browser gives up here too.
const MOST_REDIRECTS: usize = 10;

impl Visitor {
    /// Somebody without cookies. `base` is where the server listens, `issuer` what it calls itself.
    pub fn new(base: &str, issuer: &str) -> Self {
        let client = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).timeout(Duration::from_secs(30)).build();
        Self { http: client.unwrap_or_default(), base: base.to_owned(), issuer: issuer.to_owned(), cookies: BTreeMap::new() }
    }

    /// Opens a page.
    pub async fn get(&mut self, path: &str) -> Result<Answer, Problem> {
        let request = self.http.get(format!("{}{path}", self.base));
        self.follow(request, path).await
    }

    /// Sends a form.
    pub async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Result<Answer, Problem> {
        let request = self.http.post(format!("{}{path}", self.base)).form(fields);
        self.follow(request, path).await
    }

    /// Sends a form with a file.
    pub async fn upload(&mut self, path: &str, fields: &[(&str, &str)], name: &str, file: &[u8]) -> Result<Answer, Problem> {
        let form = fields.iter().fold(Form::new(), |form, (name, value)| form.text((*name).to_owned(), (*value).to_owned()));
        let part = Part::bytes(file.to_vec()).file_name(name.to_owned());
        let request = self.http.post(format!("{}{path}", self.base)).multipart(form.part("file", part));
        self.follow(request, path).await
    }

    async fn follow(&mut self, mut request: RequestBuilder, path: &str) -> Result<Answer, Problem> {
        let mut path = path.to_owned();
        for _ in 0..MOST_REDIRECTS {
            let cookies = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ");
            let sent = request.header(COOKIE, cookies).header("accept", "text/html, */*").header("accept-language", "sv").send().await;
            let answer = sent.map_err(|error| Problem::internal(&error))?;
            self.keep(&answer);
            let Some(to) = answer.headers().get(LOCATION).and_then(|to| to.to_str().ok()).map(|to| to.trim_start_matches(&self.issuer).to_owned())
            else {
                return read(answer, path).await;
            };
            request = self.http.get(format!("{}{to}", self.base));
            path = to;
        }
        Err(Problem::gone())
    }

    fn keep(&mut self, answer: &Response) {
        let lines = answer.headers().get_all(SET_COOKIE).iter().filter_map(|line| line.to_str().ok());
        for line in lines {
            if let Some((name, value)) = line.split(';').next().and_then(|pair| pair.split_once('=')) {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }
}

async fn read(answer: Response, path: String) -> Result<Answer, Problem> {
    let status = answer.status().as_u16();
    let bytes = answer.bytes().await.map_err(|error| Problem::internal(&error))?.to_vec();
    Ok(Answer { path, status, body: String::from_utf8_lossy(&bytes).into_owned(), bytes })
}
