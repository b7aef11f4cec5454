//! `POST /authorize/{txn}/annan-telefon`: the browser keeps the key of one phone, and the person wants to answer with another. The same request
//! is begun anew, for the same browser, on the page that waits for any phone; what stood is over.

use axum::{
    extract::{Path, State},
    http::HeaderMap,
    response::Redirect,
};
use handslag_vocab::ApprovalId;

use super::grants;
use crate::{
    caller::{Now, Rng},
    login,
    phone::approvals::{self, InBrowser, Request},
    problem::Problem,
    server::Server,
};

/// For the browser that began, while nobody has answered.
pub(super) async fn begin_anew(
    State(server): State<Server>,
    Now(now): Now,
    mut rng: Rng,
    headers: HeaderMap,
    Path(old): Path<ApprovalId>,
) -> Result<Redirect, Problem> {
    let new = ApprovalId::at(now, &mut rng);
    let (browser, _) = login::browser_of(&server, &headers, &mut rng);
    server
        .db
        .write(async |tx| {
            let row = approvals::begun_by(tx, &old, &browser.hash()).await?;
            if !approvals::replace(tx, &old, now).await? {
                return Err(Problem::gone());
            }
            let waiting = grants::handed_on(tx, &old, now).await?.ok_or_else(Problem::gone)?;
            let request = waiting.request().map_err(|error| Problem::internal(&error))?;
            let asked = row.request().map_err(|error| Problem::internal(&error))?;
            login::begin(tx, &server, &new, &by_another(asked, &new), &browser, now).await?;
            Ok(grants::wait(tx, &new, &request, waiting.pushed_hash.as_ref(), now)?)
        })
        .await?;
    server.wakeups.wake(old.as_str());
    Ok(Redirect::to(&format!("/login/{new}")))
}

fn by_another(asked: Request, id: &ApprovalId) -> Request {
    let in_browser = asked.in_browser.map(|browser| InBrowser { by_another: true, ..browser });
    Request { return_to: Some(format!("/authorize/{id}")), in_browser, ..asked }
}
