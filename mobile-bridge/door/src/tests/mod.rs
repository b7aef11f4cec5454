//! Stories with a municipality, a worker's phone and a lock. The keys are those of `vectors/make.py`.

mod batches;
mod bytes;
mod decision;
mod history;
mod never;
mod times;

use std::{vec, vec::Vec};

use p256::ecdsa::{Signature, SigningKey, signature::Signer};
use sha2::{Digest, Sha256};

use crate::{
    Challenge, Claims, Class, Decision, Deny, DoorKey, IssuerKey, Kid, LockClock, LockId, LockState, Nonce, Op, OpenRequest, Ops, PassId,
    RevocationIndex, Scope, Ticks, Uses, Window, claims::IssuerName, decide,
};

/// The first second of the usual pass; its last is 90 minutes later.
pub(super) const NBF: u64 = 1_800_000_000;
pub(super) const EXP: u64 = NBF + 5400;
pub(super) const LOCK: LockId = LockId([0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88]);
pub(super) const NONCE: Nonce = Nonce(*b"sixteen bytes !!");
/// When the lock gave the nonce, in its ticks.
pub(super) const ASKED: Ticks = Ticks(5_000_000);
/// When it has the answer.
pub(super) const NOW: Ticks = Ticks(5_000_400);

pub(super) fn issuer() -> SigningKey {
    // RFC 6979 A.2.5
    SigningKey::from_slice(&unhex("c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721")).unwrap()
}

pub(super) fn phone() -> SigningKey {
    SigningKey::from_slice(&Sha256::digest(b"a phone")).unwrap()
}

pub(super) fn colleagues_phone() -> SigningKey {
    SigningKey::from_slice(&Sha256::digest(b"another phone")).unwrap()
}

pub(super) fn unhex(hex: &str) -> Vec<u8> {
    hex.trim().as_bytes().chunks(2).map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

pub(super) fn sign(key: &SigningKey, message: &[u8]) -> [u8; 64] {
    let signature: Signature = key.sign(message);
    signature.to_bytes().into()
}

/// One meeting of a phone and a lock, all in order until a test spoils something.
#[derive(Clone)]
pub(super) struct Meeting {
    pub(super) claims: Claims,
    pub(super) issuer: SigningKey,
    pub(super) phone: SigningKey,
    pub(super) request: OpenRequest,
    pub(super) state: LockState,
    pub(super) outstanding: Vec<Challenge>,
    pub(super) now: Ticks,
}

impl Meeting {
    /// A planned visit, half a minute into its time.
    pub(super) fn planned() -> Self {
        let issuer = issuer();
        let key = IssuerKey {
            kid: Kid::of(issuer.verifying_key()),
            iss: "se:malmo".try_into().unwrap(),
            key: *issuer.verifying_key(),
            nbf: NBF - 86_400,
            exp: NBF + 86_400,
            revoked_at: None,
        };
        let state = LockState {
            lock: LOCK,
            groups: heapless::Vec::new(),
            issuers: heapless::Vec::from([key]),
            min_iat: 0,
            revoked: None,
            clock: LockClock::set(NBF + 30, 0, NOW),
            uses: Uses::default(),
        };
        let request = OpenRequest::new(LOCK, NONCE, &[], Op::Unlock, 12).numbered(1);
        let outstanding = vec![Challenge { nonce: NONCE, issued: ASKED }];
        Self { claims: claims(), issuer, phone: phone(), request, state, outstanding, now: NOW }
    }

    /// An emergency pass for the lock's district.
    pub(super) fn emergency() -> Self {
        let mut meeting = Self::planned();
        meeting.claims.class = Class::BreakGlass;
        meeting.claims.iat = NBF;
        meeting
    }

    pub(super) fn pass(&self) -> Vec<u8> {
        let signature = sign(&self.issuer, &self.claims.to_be_signed().unwrap());
        self.claims.assemble(Kid::of(self.issuer.verifying_key()), &signature).unwrap().to_vec()
    }

    /// The phone's request for this pass.
    pub(super) fn signed_request(&self) -> Vec<u8> {
        let request = OpenRequest { pass: crate::pass::digest(&self.pass()), ..self.request.clone() };
        request.assemble(&sign(&self.phone, &request.to_be_signed().unwrap())).unwrap().to_vec()
    }

    pub(super) fn decide(&self) -> Decision {
        decide(&self.state, &self.outstanding, &self.pass(), &self.signed_request(), self.now)
    }

    #[track_caller]
    pub(super) fn opens(&self) -> crate::Allow {
        match self.decide() {
            Decision::Allow(allow) => allow,
            Decision::Deny { code, .. } => panic!("refused: {code:?}"),
        }
    }

    #[track_caller]
    pub(super) fn denied(&self) -> Deny {
        match self.decide() {
            Decision::Deny { code, .. } => code,
            Decision::Allow(allow) => panic!("opened: {allow:?}"),
        }
    }

    /// Sets the lock's clock to this second ± error, without a signed time behind it.
    pub(super) fn at(mut self, t: u64, error: u64) -> Self {
        self.state.clock = LockClock::set(t, error, self.now);
        self
    }
}

pub(super) fn claims() -> Claims {
    Claims {
        iss: IssuerName::try_from("se:malmo").unwrap(),
        sub: *b"worker01",
        exp: EXP,
        nbf: NBF,
        iat: NBF - 600,
        cti: PassId(*b"pass0001"),
        cnf: DoorKey::from(phone().verifying_key()),
        scope: Scope::Lock(LOCK),
        ops: Ops::of(&[Op::Unlock, Op::Lock, Op::ReadStatus]),
        windows: Window::whole(NBF, EXP),
        visit: Some(*b"visit001"),
        revocation: RevocationIndex { list: 7, index: 4711 },
        class: Class::Planned,
        max_uses: None,
        uv_max_age_s: Some(300),
    }
}
