//! A file that could show one thing and mean another is refused with a sentence, and nothing of it is stored.

use std::{fmt::Write, path::Path};

use handslag_server::demo::MINUTES;
use handslag_vocab::AffiliationId;

use crate::kommun::{Kommun, logged_in};

/// A PDF of one page with something in its catalogue or trailer, its table of offsets right.
fn pdf(catalog: &str, trailer: &str) -> Vec<u8> {
    let objects = [
        format!("<</Type /Catalog /Pages 2 0 R {catalog}>>"),
        "<</Type /Pages /Kids [3 0 R] /Count 1>>".to_owned(),
        "<</Type /Page /Parent 2 0 R /MediaBox [0 0 200 200]>>".to_owned(),
        "<</Filter /Standard /V 2 /R 3 /Length 128 /P -4 /O (12345678901234567890123456789012) /U (12345678901234567890123456789012)>>".to_owned(),
    ];
    let mut file = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n".to_vec();
    let mut table = String::from("xref\n0 5\n0000000000 65535 f \n");
    for (number, object) in (1..).zip(&objects) {
        writeln!(table, "{:010} 00000 n ", file.len()).unwrap();
        file.extend(format!("{number} 0 obj\n{object}\nendobj\n").bytes());
    }
    let start = file.len();
    file.extend(format!("{table}trailer\n<</Size 5 /Root 1 0 R {trailer}>>\nstartxref\n{start}\n%%EOF\n").bytes());
    file
}

fn files(folder: &Path) -> usize {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    entries.map(Result::unwrap).map(|entry| if entry.path().is_dir() { files(&entry.path()) } else { 1 }).sum()
}

async fn stored(kommun: &Kommun) -> (usize, i64, i64) {
    let rows = kommun.count("SELECT COUNT(*) FROM signatures").await;
    (
        files(&kommun.folder.path().join("documents")),
        rows,
        kommun.count("SELECT COUNT(*) FROM journal_entries WHERE kind <> 'keys.certificate_issued'").await,
    )
}

pub(crate) async fn files_that_cannot_be_signed_leave_nothing(kommun: &Kommun) {
    let worker = kommun.worker("Amina Sahlin").await;
    let signer = worker.affiliation.as_str();
    let mut desk = logged_in(kommun, &kommun.manager().await, kommun.now()).await;
    let before = stored(kommun).await;
    let wrong = [
        Vec::new(),
        b"hej".to_vec(),
        b"%PDF-1.7\n%%EOF\n".to_vec(),
        vec![0; 4_096],
        MINUTES[..MINUTES.len() / 2].to_vec(),
        MINUTES[..MINUTES.len() - 40].to_vec(),
        MINUTES[64..].to_vec(),
        [MINUTES, b"\nmore"].concat(),
        pdf("", "/Encrypt 4 0 R"),
        pdf("/OpenAction <</S /JavaScript /JS (app.alert(1))>>", ""),
        pdf("/OpenAction <</S /Launch /F (x)>>", ""),
    ];
    for (number, file) in wrong.iter().enumerate() {
        let page = desk.upload(signer, "protokoll", file).await;
        assert_eq!((page.status, page.location()), (400, None), "{number}: {}", page.body);
        let sentence = page.between("role=\"alert\">", "</p>");
        assert!(sentence.len() > 20 && sentence.ends_with('.'), "{number}: {sentence}");
        assert_eq!(stored(kommun).await, before, "{number}: {sentence}");
    }
    let nobody = AffiliationId::random(&mut handslag_server::caller::Rng::system());
    for (signer, class) in [(nobody.as_str(), "protokoll"), ("x", "protokoll"), ("", "protokoll"), (signer, "kontrakt"), (signer, "")] {
        assert_eq!(desk.upload(signer, class, MINUTES).await.status, 400, "{signer} {class}");
        assert_eq!(stored(kommun).await, before, "{signer} {class}");
    }
    let large = vec![b'%'; 100 * 1024 * 1024 + 1];
    let page = desk.upload(signer, "protokoll", &large).await;
    assert!(page.status == 400 && page.body.contains("100 MB"), "{} {}", page.status, page.body);
    assert_eq!(kommun.browser().upload(signer, "protokoll", MINUTES).await.status, 401, "nobody is logged in");
    assert_eq!(stored(kommun).await, before);
    assert_eq!(desk.upload(signer, "protokoll", &pdf("", "")).await.status, 303, "the same file without its fault");
    let at_once = kommun.fifty(|_| {
        let (mut desk, signer) = (desk.clone(), signer.to_owned());
        async move { desk.upload(&signer, "protokoll", MINUTES).await.status }
    });
    assert!(at_once.await.iter().all(|status| *status == 303), "the same bytes stored fifty times at once");
}
