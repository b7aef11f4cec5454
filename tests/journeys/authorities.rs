//! What the lists of ended certificates say, as OpenSSL reads them; and what is left standing when keys are lost or changed.

use std::{
    path::PathBuf,
    process::{Command, Output},
};

use data_encoding::HEXUPPER;
use handslag_keys::Kind;
use handslag_pades::{
    certificate::{Certificate, path},
    cms,
    sign::inspect,
};
use handslag_phone::wire::Start;
use handslag_server::{caller::Rng, signing};
use handslag_vocab::Seconds;

use super::{asked, signed};
use crate::kommun::{Kommun, Pick, Worker, binary};

/// OpenSSL in the municipality's folder; the tests install it.
struct Desk(PathBuf);

impl Desk {
    fn of(kommun: &Kommun) -> Self {
        let folder = kommun.folder.path().join("openssl");
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn put(&self, name: &str, certificate: &Certificate) {
        std::fs::write(self.0.join(name), certificate.pem().unwrap()).unwrap();
    }

    /// Stores a list and gives its text, if `issuer` signed it.
    fn list(&self, name: &str, der: &[u8], issuer: &Certificate) -> String {
        std::fs::write(self.0.join("list.der"), der).unwrap();
        self.put("issuer.pem", issuer);
        let (is_good, said) = self.openssl("crl -inform DER -in list.der -CAfile issuer.pem -noout -text");
        assert!(is_good && said.contains("verify OK"), "{said}");
        let (is_good, _) = self.openssl(&format!("crl -inform DER -in list.der -out {name}"));
        assert!(is_good);
        said
    }

    fn openssl(&self, words: &str) -> (bool, String) {
        let output: Output = Command::new("openssl").args(words.split_whitespace()).current_dir(&self.0).output().unwrap();
        (output.status.success(), String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
    }

    /// Whether the signer of a file leads to the root, with both lists looked at.
    fn verifies(&self, kommun: &Kommun, signer: &Certificate, authority: &Certificate, root: &Certificate) -> (bool, String) {
        self.put("signer.pem", signer);
        self.put("authority.pem", authority);
        self.put("root.pem", root);
        let at = kommun.now().seconds();
        self.openssl(&format!(
            "verify -crl_check_all -x509_strict -attime {at} -CAfile root.pem -untrusted authority.pem -CRLfile root.crl -CRLfile authority.crl signer.pem"
        ))
    }
}

/// Signs the minutes anew; gives who signed, the authority and the root that stand in the file.
async fn signature(kommun: &Kommun, worker: &mut Worker) -> [Certificate; 3] {
    let id = asked(kommun, worker, "protokoll").await;
    worker.answers(Start::Assigned { signature: id.clone() }, Pick::Approve).await;
    assert_eq!(signed(kommun, &id).await.state, signing::State::Signed);
    let file = worker.at_a_desk(kommun).await.get(&format!("/underskrift/{id}/fil.pdf")).await.bytes;
    let found = inspect(&file).unwrap();
    let verified = cms::verify(&found[0].contents, &found[0].digest).unwrap();
    let issuer = |of: &Certificate| verified.others.iter().find(|other| *other != of && of.check_issued_by(other).is_ok()).unwrap().clone();
    let authority = issuer(&verified.signer);
    let root = issuer(&authority);
    path(&verified.signer, &verified.others, &root, kommun.now()).unwrap();
    [verified.signer, authority, root]
}

/// The list that a certificate says its issuer keeps.
async fn list_named_in(kommun: &Kommun, certificate: &Certificate) -> Vec<u8> {
    let der = String::from_utf8_lossy(certificate.der()).into_owned();
    let (before, _) = der.split_once(".crl").expect("it names a list");
    let address = format!("{}.crl", &before[before.rfind("http").unwrap()..]);
    let page = kommun.browser().get(&address).await;
    assert_eq!((page.status, page.headers["content-type"].to_str().unwrap()), (200, "application/pkix-crl"), "{address}");
    page.bytes
}

fn number(text: &str) -> u64 {
    let (_, rest) = text.split_once("CRL Number:").unwrap();
    rest.split_whitespace().next().unwrap().parse().unwrap()
}

/// `handslag keys …` in a process of its own, as an operator runs it.
fn operator(kommun: &Kommun, words: &[&str]) -> (bool, String) {
    let folder = kommun.folder.path();
    let url = folder.join("postgres.url");
    let database = if url.exists() { format!("[database]\nurl_file = \"{}\"\n", url.display()) } else { String::new() };
    let config = format!(
        "mode = \"demo\"\nissuer = \"{}\"\ndata = \"{}\"\noperator = {{ name = \"Kvarnby kommun\", number = \"2120001124\", oid_arc = \"1.3.6.1.4.1.32473.1\" }}\n{database}",
        kommun.issuer,
        folder.display()
    );
    let file = folder.join("operator.toml");
    std::fs::write(&file, config).unwrap();
    let output = Command::new(binary()).arg("keys").args(words).arg("--config").arg(&file).output().unwrap();
    (output.status.success(), String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
}

async fn events(kommun: &Kommun) -> [i64; 3] {
    [
        kommun.count("SELECT COUNT(*) FROM journal_entries WHERE chain = 'operator/keys' AND kind = 'keys.certificate_issued'").await,
        kommun.count("SELECT COUNT(*) FROM journal_entries WHERE chain = 'operator/keys' AND kind = 'keys.compromised' AND actor = 'operator'").await,
        kommun.count("SELECT COUNT(*) FROM journal_entries WHERE chain = 'operator/keys' AND kind = 'keys.rotated'").await,
    ]
}

pub(crate) async fn a_lost_authority_is_on_the_roots_list_and_the_next_one_signs(kommun: &Kommun) {
    let (desk, mut worker) = (Desk::of(kommun), kommun.worker("Amina Sahlin").await);
    let [signer, lost, root] = signature(kommun, &mut worker).await;
    let first = number(&desk.list("root.crl", &list_named_in(kommun, &lost).await, &root));
    let last_words = list_named_in(kommun, &signer).await;
    desk.list("authority.crl", &last_words, &lost);
    let (is_good, said) = desk.verifies(kommun, &signer, &lost, &root);
    assert!(is_good, "{said}");
    assert_eq!(events(kommun).await, [3, 0, 0], "root, authority and timestamps");

    let (is_done, said) = operator(kommun, &["compromise", "document_signing_ca"]);
    assert!(is_done, "{said}");
    let lists = kommun.fifty(|_| {
        let (mut browser, address) = (kommun.browser(), format!("/pki/{}", "root.crl"));
        async move { browser.get(&address).await.bytes }
    });
    let lists = lists.await;
    assert!(lists.iter().all(|list| *list == lists[0]), "one list under one number");
    let text = desk.list("root.crl", &list_named_in(kommun, &lost).await, &root);
    assert!(text.contains("Key Compromise") && number(&text) > first, "{text}");
    let serial = HEXUPPER.encode(lost.serial());
    assert!(text.contains(&format!("Serial Number: {serial}")), "{serial} in {text}");
    let (is_good, said) = desk.verifies(kommun, &signer, &lost, &root);
    assert!(!is_good && said.contains("certificate revoked"), "{said}");
    assert_eq!(list_named_in(kommun, &signer).await, last_words, "what the lost key last said stays, and nothing is signed with it");

    let [signer, next, same_root] = signature(kommun, &mut worker).await;
    assert!(next != lost && same_root == root, "another key under the same root");
    desk.list("root.crl", &list_named_in(kommun, &next).await, &root);
    assert!(desk.list("authority.crl", &list_named_in(kommun, &signer).await, &next).contains("No Revoked Certificates"));
    let (is_good, said) = desk.verifies(kommun, &signer, &next, &root);
    assert!(is_good, "{said}");
    assert_eq!(events(kommun).await, [4, 1, 0]);
    let (is_done, said) = operator(kommun, &["rotate", "document_signing_ca"]);
    assert!(!is_done, "the next key is too young: {said}");
    assert_eq!(events(kommun).await, [4, 1, 0], "what was refused did not happen");
    kommun.journal_holds().await;
}

pub(crate) async fn an_authority_keeps_its_list_until_its_key_is_gone(kommun: &Kommun) {
    let (desk, mut worker) = (Desk::of(kommun), kommun.worker("Amina Sahlin").await);
    let [old_signer, old, old_root] = signature(kommun, &mut worker).await;
    let before = number(&desk.list("authority.crl", &list_named_in(kommun, &old_signer).await, &old));
    let rotate = |kind| kommun.server.keys.rotate(kind, kommun.now(), &mut Rng::system()).unwrap();
    kommun.server.clock.advance(Seconds::days(2).0);
    rotate(Kind::PkiRoot);
    let [.., authority, root] = signature(kommun, &mut worker).await;
    assert_eq!((&authority, &root), (&old, &old_root), "the authority stays under the root that issued it");
    rotate(Kind::DocumentSigningCa);
    let [signer, authority, root] = signature(kommun, &mut worker).await;
    assert!(authority != old && root != old_root, "the next authority is issued by the next root");
    desk.list("root.crl", &list_named_in(kommun, &authority).await, &root);
    desk.list("authority.crl", &list_named_in(kommun, &signer).await, &authority);
    let (is_good, said) = desk.verifies(kommun, &signer, &authority, &root);
    assert!(is_good, "{said}");

    let text = desk.list("old.crl", &list_named_in(kommun, &old_signer).await, &old);
    assert!(number(&text) > before, "renewed by a key that issues nothing any more");
    desk.list("old.crl", &list_named_in(kommun, &old).await, &old_root);
    let same = list_named_in(kommun, &old_signer).await;
    kommun.server.clock.advance(Seconds::hours(23).0);
    assert_eq!(list_named_in(kommun, &old_signer).await, same, "not anew for everybody who asks");

    kommun.server.clock.advance(Seconds::days(397).0);
    signing::publish(&kommun.server, kommun.now()).await.unwrap();
    kommun.server.clock.advance(Seconds::days(30).0);
    kommun.server.keys.expire(kommun.now(), &mut Rng::system()).unwrap();
    let text = desk.list("old.crl", &list_named_in(kommun, &old_signer).await, &old);
    assert!(text.contains("Next Update: Dec 31 23:59:59 9999 GMT"), "the last list never runs out: {text}");
    kommun.journal_holds().await;
}
