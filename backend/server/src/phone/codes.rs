//! Eight digits from a screen, where no camera works (architecture §1). They can be read out over a telephone, so they live for a minute,
//! work once, give a log-in of level 2 and nothing more, and a phone tries five times in ten minutes.

use handslag_keys::Kind;
use handslag_store::{Error, Tx};
use handslag_vocab::{ApprovalId, Digest, PhoneId, Seconds, SecretHash, UnixTime};

use super::{
    approvals::{Row, select_approvals},
    attempts::Tried,
};
use crate::{problem::Problem, server::Server};

/// On the screen for so long.
pub const LIFE: Seconds = Seconds::minutes(1);

const TRIED: Tried = Tried { purpose: "typed_code", most: 5, window: Seconds::minutes(10) };

/// Shows digits at the screen of this browser from now on, in the place of those it showed before. False where it does not wait any more.
pub async fn offer(tx: &mut Tx, server: &Server, id: &ApprovalId, browser: &SecretHash, now: UnixTime) -> Result<bool, Problem> {
    let until = now + LIFE;
    let mac = mac(server, &digits(server, id, until)?)?;
    let changed = tx
        .execute(
            "UPDATE approvals SET code_mac = $3, code_until = $4 WHERE approval_id = $1 AND browser_hash = $2 AND state = 'created' \
             AND kind = 'login' AND directed_at IS NULL AND expires_at > $5 \
             AND NOT EXISTS (SELECT 1 FROM approvals other WHERE other.code_mac = $3 AND other.approval_id <> $1)",
            (id, browser, mac, until, now),
        )
        .await?;
    Ok(changed == 1)
}

/// The digits, computed and never stored: who may see the page may see them again.
pub fn digits(server: &Server, id: &ApprovalId, until: UnixTime) -> Result<String, Problem> {
    let mac = server.keys.mac(Kind::Cookie, format!("digits {id} {}", until.seconds()).as_bytes())?;
    let number = mac.iter().take(8).fold(0_u64, |number, byte| (number << 8) | u64::from(*byte));
    Ok(format!("{:08}", number % 100_000_000))
}

/// What the digits on some screen lead to, while they are on it.
pub(super) async fn typed(tx: &mut Tx, server: &Server, digits: &str, now: UnixTime) -> Result<Option<Row>, Problem> {
    let mac = mac(server, digits)?;
    Ok(tx.optional(select_approvals!("WHERE code_mac = $1 AND code_until > $2 AND state = 'created'"), (mac, now)).await?)
}

/// Counts a try of this phone, to be committed before the digits are looked at.
pub(super) async fn may_try(tx: &mut Tx, phone: &PhoneId, now: UnixTime) -> Result<bool, Error> {
    TRIED.may_try(tx, &Digest::of(phone.as_str().as_bytes()), now).await
}

fn mac(server: &Server, digits: &str) -> Result<Vec<u8>, Problem> {
    Ok(server.keys.mac(Kind::Cookie, format!("typed {digits}").as_bytes())?.to_vec())
}
