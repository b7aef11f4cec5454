//! Who asks too often stands in the journal too, once a minute for each kind of allowance and network: which kind it was, never who.

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use serde_json::json;

use super::{
    journal::{Actor, Chain, Event},
    seldom::{Whose, record_seldom},
};
use crate::{caller::Now, patience, problem::Problem, sender::Sender, server::Server};

/// Writes down that somebody was held back.
pub async fn slowed(State(server): State<Server>, Now(now): Now, sender: Sender, request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    let counted = response.extensions().get::<Problem>().and_then(|problem| problem.counted);
    if let Some(counted) = counted {
        let event = Event {
            chain: Chain::Operator,
            kind: "limits.slowed",
            actor: Actor::System,
            objects: Vec::new(),
            payload: json!({ "counted": counted }),
        };
        record_seldom(&server, Whose::Anybodys, &format!("slowed {counted} {}", patience::network(sender.address)), event, now).await;
    }
    response
}
