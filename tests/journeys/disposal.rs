//! What the inventory says is kept for a while is gone when the while is over, and not before.

use handslag_phone::wire::Start;
use handslag_server::start;
use handslag_vocab::Seconds;

use super::{asked, signed};
use crate::kommun::{BarePhone, Kommun, bytes_of, txn_of};

pub(crate) async fn what_the_inventory_promises_to_dispose_of(kommun: &Kommun) {
    let mut signer = kommun.worker("Amina Sahlin").await;
    let phone = BarePhone::enrolled(kommun, signer.affiliation.clone(), &kommun.invites_again(&signer.affiliation).await).await;
    let begun = BarePhone::new(kommun, kommun.invites("Bo", "Ek").await.affiliation);
    assert_eq!(begun.says_yes(&kommun.invites_again(&begun.affiliation).await).await.0, 200);
    let login = kommun.school().begins(kommun.browser()).await;
    signer.approves(&login).await;
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

    let rules: [(&str, &str, Seconds); 4] = [
        ("what led to an approval", "SELECT COUNT(*) FROM approvals WHERE qr_hash IS NOT NULL OR link_hash IS NOT NULL", Seconds::hours(2)),
        ("the browser that began", "SELECT COUNT(*) FROM approvals WHERE LENGTH(browser_hash) > 0", Seconds(0)),
        ("work that is done", "SELECT COUNT(*) FROM outbox", Seconds::days(30)),
        ("why somebody said no", "SELECT COUNT(*) FROM approvals WHERE reason IS NOT NULL", Seconds::days(365)),
    ];
    for (what, rows, after) in rules {
        if after.0 > 0 {
            start::dispose(&kommun.server, kommun.now()).await.unwrap();
            assert!(kommun.count(rows).await > 0, "{what}: too early");
        }
        kommun.server.clock.advance(after.0);
        start::dispose(&kommun.server, kommun.now()).await.unwrap();
        assert_eq!(kommun.count(rows).await, 0, "{what}: too late");
    }
    assert_eq!(kommun.count("SELECT COUNT(*) FROM registrations WHERE finished_at IS NULL").await, 0, "enrolments that nobody finished");
    assert_eq!(kommun.count("SELECT COUNT(*) FROM approvals WHERE evidence IS NOT NULL").await, 2, "evidence stays");
    assert!(kommun.count("SELECT COUNT(*) FROM pictures").await > 0);
    kommun.journal_holds().await;
}
