//! What the inventory says is kept for a while is gone when the while is over, and not before.

use handslag_phone::wire::Start;
use handslag_server::{doors, start};
use handslag_vocab::Seconds;

use super::{asked, doors::opened, signed, stays};
use crate::{
    attacks::lock_logs::brings,
    kommun::{BarePhone, Kommun, bytes_of, txn_of},
};

/// What is there until so much time has gone on, each after the one before.
const RULES: [(Seconds, &[(&str, &str)]); 5] = [
    (
        Seconds::hours(2),
        &[
            ("what led to an approval", "SELECT COUNT(*) FROM approvals WHERE qr_hash IS NOT NULL OR link_hash IS NOT NULL"),
            ("the browser that began", "SELECT COUNT(*) FROM approvals WHERE LENGTH(browser_hash) > 0"),
            ("access tokens", "SELECT COUNT(*) FROM access_tokens"),
        ],
    ),
    (
        Seconds::days(14),
        &[
            ("openings", "SELECT COUNT(*) FROM openings"),
            ("passes", "SELECT COUNT(*) FROM passes"),
            ("doors of a visit", "SELECT COUNT(*) FROM visit_doors"),
            ("visits", "SELECT COUNT(*) FROM visits"),
        ],
    ),
    (
        Seconds::days(16),
        &[
            ("work that is done", "SELECT COUNT(*) FROM outbox"),
            ("what services asked", "SELECT COUNT(*) FROM authorizations"),
            ("log-ins", "SELECT COUNT(*) FROM grants WHERE grant_id NOT IN (SELECT grant_id FROM refresh_families)"),
        ],
    ),
    (
        // After fourteen days without use it ended.
        Seconds::days(14),
        &[("staying logged in", "SELECT COUNT(*) FROM refresh_families"), ("and the log-in behind it", "SELECT COUNT(*) FROM grants")],
    ),
    (Seconds::days(365 - 44), &[("why somebody said no", "SELECT COUNT(*) FROM approvals WHERE reason IS NOT NULL")]),
];

pub(crate) async fn what_the_inventory_promises_to_dispose_of(kommun: &Kommun) {
    let mut signer = kommun.worker("Amina Sahlin").await;
    let phone = BarePhone::enrolled(kommun, signer.affiliation.clone(), &kommun.invites_again(&signer.affiliation).await).await;
    let begun = BarePhone::new(kommun, kommun.invites("Bo", "Ek").await.affiliation);
    assert_eq!(begun.says_yes(&kommun.invites_again(&begun.affiliation).await).await.0, 200);
    let mut login = kommun.school().begins(kommun.browser()).await;
    signer.approves(&login).await;
    login.code().await;
    stays(&kommun.web_app(), &mut signer, kommun).await;
    let door = opened(kommun, &mut signer).await;
    let (receipt,): (Vec<u8>,) = kommun.server.db.read(async |tx| tx.one("SELECT receipt FROM openings", ()).await).await.unwrap();
    let secretary = kommun.secretary().await.affiliation; // whose employment does not end before the month does
    let carrier = BarePhone::enrolled(kommun, secretary.clone(), &kommun.invites_again(&secretary).await).await;
    for is_yes in [true, false] {
        let id = asked(kommun, &mut signer, "protokoll").await;
        let (start, now) = (Start::Assigned { signature: id.clone() }, kommun.now());
        if is_yes {
            assert_eq!(phone.approves(&start, now).await.0, 200);
        } else {
            let (_, claimed) = phone.claims(&start, now).await;
            assert_eq!(phone.declines(&txn_of(&bytes_of(&claimed)), now).await.0, 204);
        }
        signed(kommun, &id).await;
    }
    assert_eq!(kommun.count("SELECT COUNT(*) FROM signatures WHERE prepared_hash IS NOT NULL OR byte_range IS NOT NULL").await, 0, "until signed");

    for (after, rules) in RULES {
        start::dispose(&kommun.server, kommun.now()).await.unwrap();
        for (what, rows) in rules {
            assert!(kommun.count(rows).await > 0, "{what}: too early");
        }
        kommun.server.clock.advance(after.0);
        start::dispose(&kommun.server, kommun.now()).await.unwrap();
        for (what, rows) in rules {
            assert_eq!(kommun.count(rows).await, 0, "{what}: too late");
        }
    }
    brings(kommun, &carrier, &[], &[receipt]).await;
    assert_eq!(kommun.count("SELECT COUNT(*) FROM openings").await, 0, "brought again, and told already");
    assert_eq!(kommun.count("SELECT COUNT(*) FROM journal_entries WHERE kind = 'doors.opening'").await, 1);
    let log = kommun.server.db.read(async |tx| doors::log_of(tx, &door).await).await.unwrap().unwrap();
    assert_eq!((log.seq, log.missing, log.untold), (1, 0, 0), "the lock's log is as whole as it was");
    assert_eq!(kommun.count("SELECT COUNT(*) FROM registrations WHERE finished_at IS NULL").await, 0, "enrolments that nobody finished");
    assert_eq!(kommun.count("SELECT COUNT(*) FROM approvals WHERE evidence IS NOT NULL").await, 3, "evidence stays");
    assert!(kommun.count("SELECT COUNT(*) FROM pictures").await > 0);
    kommun.journal_holds().await;
}
