//! The journal verifies after a working day, and one changed row is found wherever it stands.

use handslag_server::audit::Finding;

use crate::kommun::Kommun;

pub(crate) async fn every_tampering_is_found(kommun: &Kommun) {
    let school = kommun.school();
    let mut worker = kommun.worker("Amina Sahlin").await;
    for _ in 0..2 {
        let mut login = school.begins(kommun.browser()).await;
        worker.approves(&login).await;
        let code = login.code().await;
        assert_eq!(school.exchanges(&login.browser, &code, &login.verifier).await.0, 200);
    }
    kommun.journal_holds().await;
    let mut found = 0;
    for (tamper, undo) in TAMPERINGS {
        assert_eq!(kommun.tampers(tamper).await, 1, "{tamper}");
        let findings = kommun.journal().await.findings;
        assert!(!findings.is_empty(), "not found: {tamper}");
        found += usize::from(findings.iter().any(|finding| matches!(finding, Finding::Entry(_, 2) | Finding::Payload(_, 2))));
        assert_eq!(kommun.tampers(undo).await, 1, "{undo}");
        kommun.journal_holds().await;
    }
    assert_eq!(found, TAMPERINGS.len() - 2, "each is found where it is; the end of a chain at its end");
    cut_off(kommun).await;
}

/// A change and what takes it back.
const TAMPERINGS: [(&str, &str); 6] = [
    (
        "UPDATE journal_payloads SET payload = payload || ' ' WHERE seq = 2 AND chain LIKE '%/login'",
        "UPDATE journal_payloads SET payload = RTRIM(payload) WHERE seq = 2 AND chain LIKE '%/login'",
    ),
    (
        "UPDATE journal_entries SET kind = kind || 'x' WHERE seq = 2 AND chain LIKE '%/login'",
        "UPDATE journal_entries SET kind = RTRIM(kind, 'x') WHERE seq = 2 AND chain LIKE '%/login'",
    ),
    (
        "UPDATE journal_entries SET actor = actor || 'x' WHERE seq = 2 AND chain LIKE '%/login'",
        "UPDATE journal_entries SET actor = RTRIM(actor, 'x') WHERE seq = 2 AND chain LIKE '%/login'",
    ),
    (
        "UPDATE journal_entries SET at = at + 1 WHERE seq = 2 AND chain LIKE '%/login'",
        "UPDATE journal_entries SET at = at - 1 WHERE seq = 2 AND chain LIKE '%/login'",
    ),
    (
        "UPDATE journal_chains SET length = length - 1 WHERE chain LIKE '%/login'",
        "UPDATE journal_chains SET length = length + 1 WHERE chain LIKE '%/login'",
    ),
    (
        "UPDATE journal_chains SET length = length + 1 WHERE chain LIKE '%/login'",
        "UPDATE journal_chains SET length = length - 1 WHERE chain LIKE '%/login'",
    ),
];

/// The last entry goes, with everything that hangs on it.
async fn cut_off(kommun: &Kommun) {
    let last = kommun.count("SELECT length FROM journal_chains WHERE chain LIKE '%/login'").await;
    assert!(last >= 4);
    for table in [
        "DELETE FROM journal_objects WHERE chain LIKE '%/login' AND seq = (SELECT length FROM journal_chains WHERE chain LIKE '%/login')",
        "DELETE FROM journal_payloads WHERE chain LIKE '%/login' AND seq = (SELECT length FROM journal_chains WHERE chain LIKE '%/login')",
        "DELETE FROM journal_entries WHERE chain LIKE '%/login' AND seq = (SELECT length FROM journal_chains WHERE chain LIKE '%/login')",
    ] {
        kommun.tampers(table).await;
    }
    assert!(matches!(kommun.journal().await.findings.as_slice(), [Finding::End(_)]));
}
