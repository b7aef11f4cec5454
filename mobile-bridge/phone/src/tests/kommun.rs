//! The municipality's side: what the real server does on these routes, small and strict.

use std::collections::{BTreeMap, BTreeSet};

use data_encoding::BASE64URL_NOPAD;
use handslag_door::{Claims, Class, DoorKey, Kid, LockId as DoorLock, Op, Ops, PassId, RevocationIndex, Scope, claims::Window};
use handslag_vocab::{Approval, ApprovalKind, Assurance, Digest, Document, OrgAffiliation, Requester, Shared, StartKind, UnixTime};
use p256::{ecdsa::SigningKey, elliptic_curve::Generate as _};
use serde_json::{Value, json};

use super::Chance;
use crate::{
    Got, Method, PublicKeys, Request, demo_attestation, es256,
    wire::{
        ApprovalSignature, Approve, ApprovedAnswer, AskedLogIn, Claim, Claimed, Decline, DeclineReason, EnrolChallenge, EnrolFinish, EnrolStart,
        Enrolled, Fixed, Inbox, InboxItem, Octets, Outbox, OutboxAnswer, PhoneFacts, Problem, RawSignature, Shown, Tier, Transparency, Use, Wallet,
        WalletDoor,
    },
};

pub(crate) const NOW: i64 = 1_790_000_000;
pub(crate) const ADDRESS: &str = "https://kvarnby.example";
pub(crate) const PNG: &[u8] = b"\x89PNG\r\n\x1a\npage";
pub(crate) const TXN: &str = "txn_0123456789abcdefghjkmnpqrs";
pub(crate) const SIG: &str = "sig_0123456789abcdefghjkmnpqrs";
pub(crate) const DOOR: &str = "dor_0123456789abcdefghjkmnpqrs";
pub(crate) const LOCK: [u8; 8] = *b"lock-one";

pub(crate) fn at(offset: i64) -> UnixTime {
    UnixTime::from_seconds(NOW + offset)
}

/// The worker's `orgAffiliation`.
pub(crate) fn who() -> OrgAffiliation {
    serde_json::from_value(json!("k7x4m2p9@2120009999")).unwrap()
}

pub(crate) struct Kommun {
    pub(crate) vendor: SigningKey,
    pub(crate) issuer: SigningKey,
    pub(crate) keys: Option<PublicKeys>,
    /// The claim answer, when something waits.
    pub(crate) waiting: Option<Claimed>,
    pub(crate) approved: Option<RawSignature>,
    /// The number that came with it.
    pub(crate) number: Option<u8>,
    pub(crate) declined: Option<DeclineReason>,
    pub(crate) shown: Vec<Shown>,
    pub(crate) wallet: Option<Wallet>,
    pub(crate) receipts: BTreeSet<Octets>,
    pub(crate) logs: BTreeSet<Octets>,
    pub(crate) removed: bool,
    /// Path (without transaction) → an answer in place of the right one.
    pub(crate) instead: BTreeMap<&'static str, Got>,
    pub(crate) paths: Vec<String>,
    seen_jti: BTreeSet<String>,
}

impl Kommun {
    pub(crate) fn new() -> Self {
        let mut chance = Chance(7);
        Self {
            vendor: SigningKey::generate_from_rng(&mut chance),
            issuer: SigningKey::generate_from_rng(&mut chance),
            keys: None,
            waiting: None,
            approved: None,
            number: None,
            declined: None,
            shown: Vec::new(),
            wallet: None,
            receipts: BTreeSet::new(),
            logs: BTreeSet::new(),
            removed: false,
            instead: BTreeMap::new(),
            paths: Vec::new(),
            seen_jti: BTreeSet::new(),
        }
    }

    pub(crate) fn answer(&mut self, request: &Request) -> Got {
        let path = request.path.replace(&format!("/{TXN}"), "");
        self.paths.push(format!("{} {path}", request.method.as_str()));
        if let Some(got) = self.instead.get(&*path) {
            return got.clone();
        }
        if path.starts_with("/phone/enrol/") {
            assert!(request.headers.iter().all(|(name, _)| *name != "dpop"), "no key is known yet");
        } else if self.removed && path != "/phone" {
            return problem(403, "phone_ended");
        } else {
            self.check_proof(request);
        }
        self.route(request.method, &path, &request.body)
    }

    fn route(&mut self, method: Method, path: &str, body: &[u8]) -> Got {
        match (method, path) {
            (Method::Post, "/phone/enrol/start") => Self::enrol_start(&read(body)),
            (Method::Post, "/phone/enrol/finish") => self.enrol_finish(&read(body)),
            (Method::Get, "/phone/inbox") => ok(&inbox()),
            (Method::Post, "/phone/approvals") => {
                let _: Claim = read(body);
                self.waiting.as_ref().map_or_else(|| problem(404, "start_unknown"), ok)
            }
            (Method::Get, "/phone/approvals") => empty(),
            (Method::Post, "/phone/approvals/shown") => {
                self.shown.push(read(body));
                empty()
            }
            (Method::Get, path) if path.starts_with("/phone/approvals/documents/") => Got::Answer { status: 200, body: PNG.to_vec() },
            (Method::Post, "/phone/approvals/approve") => self.approve(&read(body)),
            (Method::Post, "/phone/approvals/decline") => {
                self.declined = Some(read::<Decline>(body).reason);
                empty()
            }
            (Method::Get, "/phone/wallet") => ok(self.wallet.as_ref().unwrap()),
            (Method::Post, "/phone/outbox") => self.outbox(read(body)),
            (Method::Get, "/phone/transparency") => ok(&transparency()),
            (Method::Delete, "/phone") => {
                self.removed = true;
                empty()
            }
            other => panic!("no such route: {other:?}"),
        }
    }

    fn enrol_start(start: &EnrolStart) -> Got {
        if start.invitation.reveal() != "hs_invite_right" {
            return problem(410, "invitation_spent");
        }
        ok(&offer())
    }

    /// The same finish again has the same answer; another one after it has none.
    fn enrol_finish(&mut self, finish: &EnrolFinish) -> Got {
        let keys = PublicKeys::from_enrolled(&finish.keys).expect("three keys");
        let challenge = offer().challenge;
        finish.keys.iter().for_each(|key| key.check(challenge).expect("each key proves itself"));
        demo_attestation::verify(&es256::public(&self.vendor), &challenge, &keys, &finish.attestation).expect("the vendor vouches");
        if self.keys.as_ref().is_some_and(|known| *known != keys) {
            return problem(410, "invitation_spent");
        }
        self.keys = Some(keys);
        let phone = "pho_0123456789abcdefghjkmnpqrs".parse().unwrap();
        ok(&Enrolled { organisation: "Kvarnby kommun".to_owned(), phone, server_time: at(90), tier: Tier::T2, who: who() })
    }

    fn approve(&mut self, approve: &Approve) -> Got {
        let ApprovalSignature::App { signature } = approve.signature else { panic!("the core signs with the app's key") };
        let bytes = &self.waiting.as_ref().unwrap().approval.0;
        assert!(es256::verifies(&self.keys.as_ref().unwrap().approval, bytes, &signature), "exactly the claimed bytes");
        assert!(!self.shown.is_empty(), "shown before approved");
        if self.approved.is_some_and(|known| known != signature) {
            return problem(409, "approval_spent");
        }
        self.approved = Some(signature);
        self.number = approve.number;
        ok(&ApprovedAnswer { return_to: Some("https://skola.example/tillbaka".to_owned()) })
    }

    fn outbox(&mut self, outbox: Outbox) -> Got {
        let answer = OutboxAnswer { logs: u32::try_from(outbox.logs.len()).unwrap(), receipts: u32::try_from(outbox.receipts.len()).unwrap() };
        self.receipts.extend(outbox.receipts);
        self.logs.extend(outbox.logs);
        ok(&answer)
    }

    /// RFC 9449 §4.3, the checks that concern a request without access token.
    fn check_proof(&mut self, request: &Request) {
        let proof = &request.headers.iter().find(|(name, _)| *name == "dpop").expect("a proof").1;
        let (input, signature) = proof.rsplit_once('.').unwrap();
        let signature = RawSignature::from_slice(&BASE64URL_NOPAD.decode(signature.as_bytes()).unwrap()).unwrap();
        assert!(es256::verifies(&self.keys.as_ref().expect("enrolled").device, input.as_bytes(), &signature), "by the device key");
        let (_, claims) = input.split_once('.').unwrap();
        let claims: Value = serde_json::from_slice(&BASE64URL_NOPAD.decode(claims.as_bytes()).unwrap()).unwrap();
        assert_eq!(claims["htm"], request.method.as_str());
        assert_eq!(claims["htu"], format!("{ADDRESS}{}", request.path));
        assert!((claims["iat"].as_i64().unwrap() - NOW).abs() <= 60);
        assert!(self.seen_jti.insert(claims["jti"].as_str().unwrap().to_owned()), "a proof is used once");
    }

    /// A pass for the worker's phone and one lock, open an hour from `from`.
    pub(crate) fn pass(&self, lock: [u8; 8], from: i64, edit: impl FnOnce(&mut Claims)) -> Octets {
        let (nbf, exp) = (u64::try_from(NOW + from).unwrap(), u64::try_from(NOW + from + 3_600).unwrap());
        let mut claims = Claims {
            iss: "se:kvarnby".try_into().unwrap(),
            sub: *b"worker-1",
            exp,
            nbf,
            iat: u64::try_from(NOW - 7_200).unwrap(),
            cti: PassId(nbf.to_be_bytes()),
            cnf: DoorKey::from_sec1(&self.keys.as_ref().unwrap().door.0).unwrap(),
            scope: Scope::Lock(DoorLock(lock)),
            ops: Ops::of(&[Op::Unlock, Op::Lock]),
            windows: Window::whole(nbf, exp),
            visit: None,
            revocation: RevocationIndex { list: 1, index: 4 },
            class: Class::Planned,
            max_uses: None,
            uv_max_age_s: Some(600),
        };
        edit(&mut claims);
        let signature = es256::sign(&self.issuer, &claims.to_be_signed().unwrap());
        Octets(claims.assemble(Kid::of(self.issuer.verifying_key()), &signature.0).unwrap().to_vec())
    }

    pub(crate) fn wallet_door(&self, lock: [u8; 8], from: i64) -> WalletDoor {
        WalletDoor {
            closes_at: at(from + 3_600),
            door: DOOR.parse().unwrap(),
            lock_id: Fixed(lock),
            name: "Kvarngatan 3, Anna".to_owned(),
            opens_at: at(from),
            pass: self.pass(lock, from, |_| {}),
            visit: None,
        }
    }
}

pub(crate) fn offer() -> EnrolChallenge {
    let text = str::to_owned;
    EnrolChallenge {
        challenge: Fixed([3; 32]),
        enrolment: text("enrolment-1"),
        name: text("Åsa Öberg"),
        organisation: text("Kvarnby kommun"),
        role: text("undersköterska"),
        unit: text("Hemtjänst Norr"),
    }
}

pub(crate) fn login(start: StartKind) -> Approval {
    let text = str::to_owned;
    Approval::new(
        ApprovalKind::Login,
        TXN.parse().unwrap(),
        who().to_string(),
        Requester { id: text("skolportalen"), name: text("Skolportalen"), organisation: text("Kvarnby kommun") },
        text("Vill du logga in?"),
        text("sv"),
        vec![Shared { claim: text("name"), label: text("Namn"), value: text("Åsa Öberg") }],
        Vec::new(),
        Assurance::Loa2,
        start,
        at(-5),
        at(300),
    )
}

/// The same approval but for this.
pub(crate) fn but(mut approval: Approval, edit: impl FnOnce(&mut Approval)) -> Approval {
    edit(&mut approval);
    approval
}

/// Two documents, of two pages and one.
pub(crate) fn signature() -> Approval {
    let document = |title: &str, pages| Document {
        file: Digest::of(title.as_bytes()),
        pages,
        signed_bytes: Digest::of(b"bytes"),
        title: title.to_owned(),
        words: ["björk", "hammare", "tåg", "vante"].map(str::to_owned),
    };
    let documents = vec![document("Protokoll", 2), document("Bilaga", 1)];
    but(login(StartKind::Assigned), |approval| {
        approval.kind = ApprovalKind::Signature;
        approval.documents = documents;
    })
}

pub(crate) fn claimed(approval: &Approval) -> Claimed {
    Claimed { approval: Octets(approval.to_bytes()), documents: approval.documents.iter().map(|document| document.pages).collect() }
}

fn inbox() -> Inbox {
    let item = |expires_at, title: &str| InboxItem {
        expires_at,
        pages: 3,
        requester: "Nämnden".to_owned(),
        signature: SIG.parse().unwrap(),
        title: title.to_owned(),
    };
    let asked = |expires_at| AskedLogIn {
        approval: TXN.parse().unwrap(),
        expires_at,
        organisation: "Kvarnby kommun".to_owned(),
        requester: "Skolportalen".to_owned(),
    };
    Inbox { items: vec![item(at(-1), "Gammalt"), item(at(600), "Protokoll")], log_ins: vec![asked(at(-1)), asked(at(60))] }
}

pub(crate) fn transparency() -> Transparency {
    let phone = PhoneFacts { enrolled_at: at(0), last_used_at: None, terms_version: "1".to_owned(), tier: Tier::T2 };
    let uses = vec![Use { at: at(-60), what: "Inloggning".to_owned(), place: "Skolportalen".to_owned() }];
    Transparency {
        employer_does_not_see: vec!["Var du är.".to_owned()],
        employer_sees: vec!["När du loggar in.".to_owned()],
        looked: vec![],
        phone,
        uses,
    }
}

pub(crate) fn ok(body: &impl serde::Serialize) -> Got {
    Got::Answer { status: 200, body: serde_json::to_vec(body).unwrap() }
}

pub(crate) fn empty() -> Got {
    Got::Answer { status: 204, body: Vec::new() }
}

pub(crate) fn problem(status: u16, code: &str) -> Got {
    let problem = Problem { code: code.to_owned(), en: "It did not work.".to_owned(), sv: "Det gick inte.".to_owned() };
    Got::Answer { status, body: serde_json::to_vec(&problem).unwrap() }
}

fn read<T: serde::de::DeserializeOwned>(body: &[u8]) -> T {
    serde_json::from_slice(body).expect("a body of the contract")
}
