//! What comes after the yes is asked for before the yes is given: from the moment a phone is there, the desk's browser asks for the page that
//! follows, and the server answers when the person has answered. Told first and asking then would be one round trip more.

use std::time::Duration;

use axum::http::HeaderMap;
use handslag_vocab::{ApprovalId, StartKind};
use tokio::time::{Instant, timeout_at};

use super::desk;
use crate::{
    phone::approvals::{Request, Row, State},
    problem::Problem,
    server::Server,
};

/// Longer than this no answer is kept back: what stands in between takes a silent line for dead. The page then asks again.
const HELD: Duration = Duration::from_secs(15);

/// Where the page at the desk asks ahead, while a phone has the question and the answer goes with this browser.
pub(super) fn address(row: &Row, state: State, request: Request) -> Option<String> {
    let has_phone = matches!(state, State::Claimed | State::Shown);
    let is_elsewhere = matches!(row.start_kind, Some(StartKind::MovingQr | StartKind::TypedCode));
    let path = request.in_browser.and(request.return_to).filter(|_| has_phone && is_elsewhere)?;
    Some(format!("{path}?vanta=ja"))
}

/// Waits for the answer. False where none comes for now, or a no: the page that waits is told, and says it.
pub async fn is_given(server: &Server, headers: &HeaderMap, id: &ApprovalId) -> Result<bool, Problem> {
    let mut listener = server.wakeups.listen(id.as_str());
    let until = Instant::now() + HELD;
    loop {
        let row = desk::own(server, headers, id).await?;
        let state = row.state_at(server.clock.now());
        let waits = matches!(state, State::Created | State::Claimed | State::Shown);
        if !waits || timeout_at(until, listener.woken()).await.is_err() {
            return Ok(desk::is_yes(&row, state));
        }
    }
}
