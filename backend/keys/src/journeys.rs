//! The life of the keys, told from outside.

use std::{os::unix::fs::PermissionsExt as _, sync::Barrier, thread};

use aws_lc_rs::{
    rsa::{OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OaepPublicEncryptingKey, PublicEncryptingKey},
    signature::{ECDSA_P256_SHA256_ASN1, RsaPublicKeyComponents, UnparsedPublicKey},
};
use handslag_vocab::Seconds;

use crate::{
    KeyRefusal, Kind, Oaep, OneShotKey, PublicHalf, Purpose, RSA_EXPONENT, Scheme,
    stage::{Chance, Stage, aged, in_state, is_by, states, t},
};

#[test]
fn the_first_start_makes_every_kind_with_a_next_ready_and_only_the_owner_may_read() {
    let stage = Stage::new();
    let store = stage.open();
    for kind in Kind::ALL {
        let expected: &[&str] = if kind.is_made_when_needed() {
            &[]
        } else if kind.rotates() {
            &["active", "next"]
        } else {
            &["active"]
        };
        assert_eq!(states(&store, kind), expected, "{kind}");
    }
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&stage.0), 0o700);
    assert_eq!(mode(&stage.0.join("master.key")), 0o600);
    for kind in Kind::ALL.into_iter().filter(|kind| !kind.is_made_when_needed()) {
        assert_eq!(mode(&stage.file(kind)), 0o600, "{kind}");
    }
}

#[test]
fn keys_are_the_same_after_a_restart_and_no_two_are_alike() {
    let stage = Stage::new();
    let before = stage.open().list().unwrap();
    assert_eq!(stage.open().list().unwrap(), before);
    let mut kids: Vec<_> = before.iter().map(|key| key.kid.clone()).collect();
    kids.sort();
    kids.dedup();
    assert_eq!(kids.len(), before.len());
}

#[test]
fn every_signing_kind_signs_with_its_active_key_in_both_forms() {
    let stage = Stage::new();
    let store = stage.open();
    for kind in Kind::ALL.into_iter().filter(|kind| kind.purpose() == Purpose::Signing(Scheme::Es256)) {
        let signature = store.sign(kind, b"bytes").unwrap();
        assert!(is_by(&signature, &in_state(&store, kind, "active")[0], b"bytes"), "{kind}");
        assert!(!is_by(&signature, &in_state(&store, kind, "active")[0], b"other"), "{kind}");
        assert!(!is_by(&signature, &in_state(&store, kind, "next")[0], b"bytes"), "{kind}");
    }
}

#[test]
fn rotation_moves_each_key_one_step_and_time_ends_the_old_one() {
    let stage = Stage::new();
    let store = stage.open();
    let next = in_state(&store, Kind::TokenSigning, "next").remove(0);
    let new = store.rotate(Kind::TokenSigning, aged(0), &mut Chance(1)).unwrap();
    assert_eq!(new, next.kid);
    assert_eq!(states(&store, Kind::TokenSigning), ["retiring", "active", "next"]);
    assert_eq!(store.sign(Kind::TokenSigning, b"x").unwrap().kid, next.kid);

    let end = aged(0) + Kind::TokenSigning.retiring_life().unwrap();
    store.expire(end - Seconds(1), &mut Chance(2)).unwrap();
    assert_eq!(states(&store, Kind::TokenSigning), ["retiring", "active", "next"]);
    store.expire(end, &mut Chance(3)).unwrap();
    assert_eq!(states(&store, Kind::TokenSigning), ["retired", "active", "next"]);
    assert_eq!(stage.open().list().unwrap(), store.list().unwrap(), "what is on the disk is what was answered");
}

#[test]
fn an_authority_answers_for_its_certificates_until_it_is_retired() {
    let stage = Stage::new();
    let store = stage.open();
    for kind in [Kind::DocumentSigningCa, Kind::PkiRoot] {
        let old = in_state(&store, kind, "active").remove(0);
        let next = in_state(&store, kind, "next").remove(0);
        assert!(is_by(&store.sign_by(kind, &old.kid, b"list").unwrap(), &old, b"list"), "{kind}");
        assert!(matches!(store.sign_by(kind, &next.kid, b"list"), Err(KeyRefusal::UnknownKey(_))), "a next has issued nothing");
        store.rotate(kind, aged(0), &mut Chance(1)).unwrap();
        assert!(is_by(&store.sign_by(kind, &old.kid, b"list").unwrap(), &old, b"list"), "{kind}: retiring");
        assert_eq!(store.sign(kind, b"certificate").unwrap().kid, next.kid, "{kind}: it issues nothing any more");
        store.compromise(kind, aged(1), &mut Chance(2)).unwrap();
        assert!(matches!(store.sign_by(kind, &next.kid, b"list"), Err(KeyRefusal::UnknownKey(_))), "{kind}: a lost key says nothing more");
        store.expire(aged(0) + kind.retiring_life().unwrap(), &mut Chance(3)).unwrap();
        assert!(matches!(store.sign_by(kind, &old.kid, b"list"), Err(KeyRefusal::UnknownKey(_))), "{kind}: retired");
    }
    let token = in_state(&store, Kind::TokenSigning, "active").remove(0);
    assert!(matches!(store.sign_by(Kind::TokenSigning, &token.kid, b"list"), Err(KeyRefusal::WrongPurpose(_))));
}

#[test]
fn a_retired_key_leaves_its_public_half_and_no_secret() {
    let stage = Stage::new();
    let store = stage.open();
    let old = in_state(&store, Kind::PkiRoot, "active").remove(0);
    store.compromise(Kind::PkiRoot, t(1), &mut Chance(1)).unwrap();
    let kept = in_state(&store, Kind::PkiRoot, "compromised").remove(0);
    assert_eq!((kept.kid, kept.sec1, kept.spki_der), (old.kid, old.sec1, old.spki_der));
    assert!(stage.open().list().unwrap().iter().any(|key| key.state.as_str() == "compromised"));
}

#[test]
fn cookies_made_before_a_rotation_are_still_ours_and_after_a_compromise_they_are_not() {
    let stage = Stage::new();
    let store = stage.open();
    let mac = store.mac(Kind::Cookie, b"session").unwrap();
    store.rotate(Kind::Cookie, t(1), &mut Chance(1)).unwrap();
    assert!(store.is_mac(Kind::Cookie, b"session", &mac).unwrap());
    assert_ne!(store.mac(Kind::Cookie, b"session").unwrap(), mac);

    let mac = store.mac(Kind::Cookie, b"session").unwrap();
    store.compromise(Kind::Cookie, t(2), &mut Chance(2)).unwrap();
    assert!(!store.is_mac(Kind::Cookie, b"session", &mac).unwrap());
}

#[test]
fn data_sealed_before_a_rotation_or_a_compromise_opens_until_its_key_is_ended() {
    let stage = Stage::new();
    let store = stage.open();
    let sealed = store.seal(Kind::DataEncryption, b"org", b"data key", &mut Chance(1)).unwrap();
    let old = store.list().unwrap().into_iter().find(|key| key.kind == Kind::DataEncryption).unwrap().kid;
    store.compromise(Kind::DataEncryption, t(1), &mut Chance(2)).unwrap();
    store.expire(t(i64::MAX), &mut Chance(3)).unwrap();
    assert_eq!(*store.open(Kind::DataEncryption, b"org", &sealed).unwrap(), b"data key");

    store.end(Kind::DataEncryption, &old, t(2), &mut Chance(4)).unwrap();
    assert!(matches!(store.open(Kind::DataEncryption, b"org", &sealed), Err(KeyRefusal::Unopenable)));
}

#[test]
fn what_a_lock_sealed_to_the_old_key_is_still_agreed_on() {
    let stage = Stage::new();
    let (store, other) = (stage.open(), Stage::new());
    let lock = other.open();
    let (mine, peer) = (in_state(&store, Kind::LockLog, "active").remove(0), in_state(&lock, Kind::LockLog, "active").remove(0));
    store.rotate(Kind::LockLog, aged(0), &mut Chance(1)).unwrap();
    let (here, there) = (store.agree(Kind::LockLog, &mine.kid, &peer.sec1).unwrap(), lock.agree(Kind::LockLog, &peer.kid, &mine.sec1).unwrap());
    assert_eq!(*here, *there);
}

#[test]
fn a_key_for_one_signature_shows_its_public_half_first_and_signs_once() {
    let key = OneShotKey::new(&mut Chance(1)).unwrap();
    let other = OneShotKey::new(&mut Chance(2)).unwrap();
    let (spki, point) = (key.public_spki_der().unwrap(), key.public_sec1().unwrap());
    assert_ne!(spki, other.public_spki_der().unwrap());
    assert!(spki.ends_with(&point));
    let signature = key.sign(b"tbs").unwrap(); // consumes the key: a second signature does not compile
    assert!(UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, &spki).verify(b"tbs", &signature).is_ok());
    assert!(UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, &spki).verify(b"sbt", &signature).is_err());
}

#[test]
fn sixteen_threads_sign_while_the_keys_rotate_and_none_goes_back_to_an_old_key() {
    let stage = Stage::new();
    let store = stage.open();
    let started = Barrier::new(17);
    let made: Vec<Vec<_>> = thread::scope(|scope| {
        let signer = |thread: u8| {
            let (store, started) = (&store, &started);
            scope.spawn(move || {
                started.wait();
                (0..60).map(|_| store.sign(Kind::TokenSigning, &[thread]).unwrap()).collect::<Vec<_>>()
            })
        };
        let signers: Vec<_> = (0..16).map(signer).collect();
        started.wait();
        for step in 1..=8 {
            store.rotate(Kind::TokenSigning, aged(step * 100_000), &mut Chance(1 << step)).unwrap();
        }
        signers.into_iter().map(|signer| signer.join().unwrap()).collect()
    });
    let keys = store.public_keys(Kind::TokenSigning).unwrap();
    for (thread, signatures) in (0_u8..).zip(&made) {
        let places: Vec<_> = signatures.iter().map(|made| keys.iter().position(|key| is_by(made, key, &[thread])).unwrap()).collect();
        assert!(places.is_sorted(), "keys are listed oldest first: {places:?}");
    }
}

#[test]
fn a_kind_that_is_slow_to_make_is_made_once_and_by_one() {
    let stage = Stage::new();
    let (store, other) = (stage.open(), stage.open());
    assert!(matches!(store.sign_as(Kind::TokenSigningRs256, |_| b"x"), Err(KeyRefusal::UnknownKey(_))));
    assert!(matches!(store.rotate(Kind::TokenSigningRs256, aged(0), &mut Chance(1)), Err(KeyRefusal::UnknownKey(_))));
    thread::scope(|scope| {
        scope.spawn(|| store.make(Kind::TokenSigningRs256, t(0), &mut Chance(1)).unwrap());
        scope.spawn(|| other.make(Kind::TokenSigningRs256, t(0), &mut Chance(2)).unwrap());
    });
    assert_eq!(states(&store, Kind::TokenSigningRs256), ["active", "next"]);
    assert_eq!(store.list().unwrap(), other.list().unwrap());
    assert_eq!(store.list().unwrap(), stage.open().list().unwrap());
    std::fs::remove_file(stage.file(Kind::TokenSigningRs256)).unwrap();
    assert!(matches!(stage.try_open(), Err(KeyRefusal::KeysMissing(_))), "made once, then lost");
}

#[test]
fn what_is_encrypted_to_a_published_key_is_opened_by_it_alone() {
    let stage = Stage::new();
    let store = stage.open();
    let kind = Kind::RequestDecryptionRsa;
    store.make(kind, t(0), &mut Chance(1)).unwrap();
    let (_, keys) = store.published(&[kind]).unwrap();
    let [(_, active), (_, next)] = keys.as_slice() else { panic!("{keys:?}") };
    for oaep in [Oaep::Sha1, Oaep::Sha256] {
        let PublicHalf::Rsa { modulus } = &active.half else { panic!("{active:?}") };
        let public: PublicEncryptingKey = RsaPublicKeyComponents { n: modulus.as_slice(), e: RSA_EXPONENT.as_slice() }.try_into().unwrap();
        let public = OaepPublicEncryptingKey::new(public).unwrap();
        let mut buffer = vec![0; public.ciphertext_size()];
        let algorithm = if oaep == Oaep::Sha1 { &OAEP_SHA1_MGF1SHA1 } else { &OAEP_SHA256_MGF1SHA256 };
        let ciphertext = public.encrypt(algorithm, b"content key", &mut buffer, None).unwrap();
        assert_eq!(*store.decrypt(kind, &active.kid, oaep, ciphertext).unwrap(), b"content key");
        assert!(matches!(store.decrypt(kind, &next.kid, oaep, ciphertext), Err(KeyRefusal::Unopenable)));
        let other = if oaep == Oaep::Sha1 { Oaep::Sha256 } else { Oaep::Sha1 };
        assert!(matches!(store.decrypt(kind, &active.kid, other, ciphertext), Err(KeyRefusal::Unopenable)));
        assert!(matches!(store.decrypt(kind, &active.kid, oaep, b"short"), Err(KeyRefusal::Unopenable)));
    }
    store.compromise(kind, t(1), &mut Chance(2)).unwrap();
    assert!(matches!(store.decrypt(kind, &active.kid, Oaep::Sha1, &[0; 384]), Err(KeyRefusal::UnknownKey(_))));
}
