//! What must not work, and what a crash, a thief or another process leaves behind.

use std::{fs, os::unix::fs::PermissionsExt as _, sync::Mutex, thread};

use crate::{
    KeyRefusal, Kind, Oaep, Purpose, Scheme, WrongState,
    stage::{Chance, Stage, aged, in_state, is_by, states, t, verifies},
};

const TOKENS: [Kind; 4] = [Kind::TokenSigning, Kind::TokenSigningEdDsa, Kind::TokenSigningPs256, Kind::TokenSigningRs256];

/// The process died between the write and the rename, or between any two files of the first start.
#[test]
fn what_a_crash_leaves_beside_the_place_is_never_read() {
    let stage = Stage::new();
    let before = stage.open().list().unwrap();
    for kind in Kind::ALL {
        fs::write(stage.file(kind).with_extension("writing"), b"half a f").unwrap();
    }
    fs::write(stage.0.join("master.writing"), b"hs_master_AAAA").unwrap();
    let store = stage.open();
    assert_eq!(store.list().unwrap(), before);
    store.rotate(Kind::Cookie, t(1), &mut Chance(1)).unwrap();
    assert_eq!(states(&stage.open(), Kind::Cookie), ["retiring", "active", "next"]);
}

/// A link laid where the next write goes must not send the keys elsewhere.
#[test]
fn a_planted_link_beside_the_place_is_not_followed() {
    let (stage, elsewhere) = (Stage::new(), Stage::new());
    let store = stage.open();
    fs::write(&elsewhere.0, b"untouched").unwrap();
    std::os::unix::fs::symlink(&elsewhere.0, stage.file(Kind::Cookie).with_extension("writing")).unwrap();
    store.rotate(Kind::Cookie, t(1), &mut Chance(1)).unwrap();
    assert_eq!(fs::read(&elsewhere.0).unwrap(), b"untouched");
    fs::remove_file(&elsewhere.0).unwrap();
}

#[test]
fn a_first_start_that_died_halfway_goes_on() {
    let stage = Stage::new();
    let before = stage.open().list().unwrap();
    fs::remove_file(stage.0.join("made.txt")).unwrap();
    fs::remove_file(stage.file(Kind::PersonLookup)).unwrap();
    let after = stage.open().list().unwrap();
    let but_the_lost = |list: &[crate::Listed]| list.iter().filter(|key| key.kind != Kind::PersonLookup).cloned().collect::<Vec<_>>();
    assert_eq!(but_the_lost(&after), but_the_lost(&before));
    assert_eq!(after.len(), before.len());
}

#[test]
fn a_lost_key_file_is_a_loss_and_not_a_first_start() {
    let stage = Stage::new();
    drop(stage.open());
    fs::remove_file(stage.file(Kind::PairwiseSubject)).unwrap();
    assert!(matches!(stage.try_open(), Err(KeyRefusal::KeysMissing(_))));
}

#[test]
fn a_sealed_file_with_any_byte_changed_cut_or_added_is_refused() {
    let stage = Stage::new();
    drop(stage.open());
    let path = stage.file(Kind::DoorRoot);
    let whole = fs::read(&path).unwrap();
    for place in 0..whole.len() {
        let mut changed = whole.clone();
        changed[place] ^= 1;
        fs::write(&path, changed).unwrap();
        let refusal = stage.try_open().err().unwrap();
        let expected = match place {
            6 => "unknown_form",
            7..15 => "master_key_wrong",
            _ => "damaged",
        };
        assert_eq!(refusal.code(), expected, "byte {place}");
    }
    for changed in [&whole[..0], &whole[..20], &whole[..whole.len() - 1], &[whole.as_slice(), &[0]].concat()] {
        fs::write(&path, changed).unwrap();
        assert_eq!(stage.try_open().err().unwrap().code(), "damaged", "{} bytes", changed.len());
    }
}

#[test]
fn one_kinds_file_cannot_stand_in_for_anothers() {
    let stage = Stage::new();
    drop(stage.open());
    fs::copy(stage.file(Kind::DoorIssuer), stage.file(Kind::TokenSigning)).unwrap();
    assert!(matches!(stage.try_open(), Err(KeyRefusal::Damaged(_))));
}

#[test]
fn a_wrong_a_lost_and_a_malformed_master_key_are_refused_each_by_its_name() {
    let (stage, other) = (Stage::new(), Stage::new());
    drop((stage.open(), other.open()));
    let master = stage.0.join("master.key");
    fs::copy(other.0.join("master.key"), &master).unwrap();
    assert!(matches!(stage.try_open(), Err(KeyRefusal::MasterKeyWrong(_))));
    for text in ["", "hs_master_", "hs_master_AAAA", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"] {
        fs::write(&master, text).unwrap();
        assert!(matches!(stage.try_open(), Err(KeyRefusal::MasterKeyMalformed(_))), "{text}");
    }
    fs::remove_file(&master).unwrap();
    assert!(matches!(stage.try_open(), Err(KeyRefusal::MasterKeyMissing(_))));
    assert!(!master.exists(), "a new master key would hide the loss");
}

#[test]
fn a_master_key_that_others_may_touch_is_refused() {
    let stage = Stage::new();
    drop(stage.open());
    let master = stage.0.join("master.key");
    for mode in [0o640, 0o604, 0o660, 0o601, 0o620, 0o644, 0o777] {
        fs::set_permissions(&master, fs::Permissions::from_mode(mode)).unwrap();
        assert!(matches!(stage.try_open(), Err(KeyRefusal::MasterKeyExposed(_))), "{mode:o}");
    }
    fs::set_permissions(&master, fs::Permissions::from_mode(0o400)).unwrap();
    assert!(stage.try_open().is_ok());
}

#[test]
fn nothing_on_the_disk_shows_a_secret() {
    let stage = Stage::new();
    let store = stage.open();
    let point = in_state(&store, Kind::TokenSigning, "active")[0].sec1;
    let file = fs::read(stage.file(Kind::TokenSigning)).unwrap();
    assert!(!file.windows(16).any(|window| point.windows(16).any(|part| part == window)));
    let plain = [0_u8; 16];
    assert!(!file.windows(16).any(|window| window == plain), "the filling of the places is sealed too");
}

#[test]
fn normal_rotation_never_uses_a_key_younger_than_the_cache_life() {
    let stage = Stage::new();
    let store = stage.open();
    let before = store.list().unwrap();
    for now in [t(-5), t(0), aged(-1)] {
        let refusal = store.rotate(Kind::TokenSigning, now, &mut Chance(1)).unwrap_err();
        assert!(matches!(refusal, KeyRefusal::State(WrongState::TooYoung { usable_from }) if usable_from == aged(0)));
    }
    assert_eq!(store.list().unwrap(), before, "a refused rotation changes nothing");
    store.rotate(Kind::TokenSigning, aged(0), &mut Chance(1)).unwrap();
    assert!(store.rotate(Kind::TokenSigning, aged(0), &mut Chance(2)).is_err(), "the new next is young");
}

#[test]
fn the_secrets_that_strangers_depend_on_never_rotate() {
    let stage = Stage::new();
    let store = stage.open();
    let subject = store.mac(Kind::PairwiseSubject, b"sector person").unwrap();
    for kind in [Kind::PairwiseSubject, Kind::PersonLookup] {
        assert!(matches!(store.rotate(kind, t(i64::MAX), &mut Chance(1)), Err(KeyRefusal::NeverRotates(_))));
        assert!(matches!(store.compromise(kind, t(1), &mut Chance(1)), Err(KeyRefusal::NeverRotates(_))));
    }
    assert_eq!(stage.open().mac(Kind::PairwiseSubject, b"sector person").unwrap(), subject);
}

/// Signatures in flight while the key is found to be lost: when `compromise` has returned, none by the old key is made any more.
#[test]
fn a_compromised_key_is_dead_when_the_answer_comes() {
    let stage = Stage::new();
    let store = stage.open();
    let old = in_state(&store, Kind::TokenSigning, "active").remove(0);
    let next = in_state(&store, Kind::TokenSigning, "next").remove(0);
    let is_dead = Mutex::new(false);
    thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| {
                for _ in 0..60 {
                    let was_dead = *is_dead.lock().unwrap();
                    let made = store.sign(Kind::TokenSigning, b"x").unwrap();
                    assert!(!was_dead || made.kid == next.kid);
                }
            });
        }
        // Far too young for normal rotation: a compromise cannot wait.
        store.compromise(Kind::TokenSigning, t(1), &mut Chance(1)).unwrap();
        *is_dead.lock().unwrap() = true;
    });
    assert_eq!(states(&store, Kind::TokenSigning), ["compromised", "active", "next"]);
    for _ in 0..20 {
        let made = store.sign(Kind::TokenSigning, b"x").unwrap();
        assert!(is_by(&made, &next, b"x") && !is_by(&made, &old, b"x"));
    }
    assert_eq!(stage.open().sign(Kind::TokenSigning, b"x").unwrap().kid, next.kid, "also after a restart");
}

/// `keys compromise` runs beside the server.
#[test]
fn a_compromise_in_another_process_switches_this_one_at_once() {
    let stage = Stage::new();
    let (server, command) = (stage.open(), stage.open());
    let next = in_state(&server, Kind::DoorIssuer, "next").remove(0);
    server.sign(Kind::DoorIssuer, b"x").unwrap();
    command.compromise(Kind::DoorIssuer, t(1), &mut Chance(1)).unwrap();
    assert!(is_by(&server.sign(Kind::DoorIssuer, b"x").unwrap(), &next, b"x"));
    server.compromise(Kind::DoorIssuer, t(2), &mut Chance(2)).unwrap();
    assert_eq!(states(&command, Kind::DoorIssuer), ["compromised", "compromised", "active", "next"]);
}

#[test]
fn a_file_that_is_damaged_while_running_stops_its_kind_and_no_other() {
    let stage = Stage::new();
    let store = stage.open();
    fs::write(stage.file(Kind::TokenSigning), b"rubbish").unwrap();
    assert!(matches!(store.sign(Kind::TokenSigning, b"x"), Err(KeyRefusal::Damaged(_))));
    assert!(matches!(store.rotate(Kind::TokenSigning, aged(0), &mut Chance(1)), Err(KeyRefusal::Damaged(_))));
    assert!(store.sign(Kind::DoorIssuer, b"x").is_ok());
    fs::remove_file(stage.file(Kind::DoorIssuer)).unwrap();
    assert!(matches!(store.sign(Kind::DoorIssuer, b"x"), Err(KeyRefusal::KeysMissing(_))));
}

#[test]
fn no_kind_does_another_kinds_work() {
    let stage = Stage::new();
    let store = stage.open();
    for kind in Kind::ALL {
        store.make(kind, t(0), &mut Chance(9)).unwrap();
        let kid = store.list().unwrap().into_iter().find(|key| key.kind == kind).unwrap().kid;
        let refused = |wrong: bool, what: &str| assert!(wrong, "{kind} {what}");
        let is_refusal = |refusal: Option<KeyRefusal>| matches!(refusal, Some(KeyRefusal::WrongPurpose(_)));
        if kind.purpose() != Purpose::Signing(Scheme::Es256) {
            refused(is_refusal(store.sign(kind, b"x").err()), "signed");
        }
        if !matches!(kind.purpose(), Purpose::Signing(_)) {
            refused(is_refusal(store.sign_as(kind, |_| b"x").err()), "signed");
        }
        if kind.purpose() != Purpose::Decryption {
            refused(is_refusal(store.decrypt(kind, &kid, Oaep::Sha256, b"x").err()), "decrypted");
        }
        if kind.purpose() != Purpose::Agreement {
            refused(is_refusal(store.agree(kind, &kid, b"x").err()), "agreed");
        }
        if kind.purpose() != Purpose::Symmetric {
            refused(is_refusal(store.mac(kind, b"x").err()), "authenticated");
            refused(is_refusal(store.is_mac(kind, b"x", b"x").err()), "checked");
            refused(is_refusal(store.seal(kind, b"", b"x", &mut Chance(1)).err()), "sealed");
            refused(is_refusal(store.open(kind, b"", b"x").err()), "opened");
        }
    }
}

#[test]
fn a_sealed_text_opens_only_whole_for_its_kind_and_its_owner() {
    let stage = Stage::new();
    let store = stage.open();
    let sealed = store.seal(Kind::DataEncryption, b"kommun a", b"secret", &mut Chance(1)).unwrap();
    assert_eq!(*store.open(Kind::DataEncryption, b"kommun a", &sealed).unwrap(), b"secret");
    assert!(matches!(store.open(Kind::DataEncryption, b"kommun b", &sealed), Err(KeyRefusal::Unopenable)));
    assert!(matches!(store.open(Kind::Cookie, b"kommun a", &sealed), Err(KeyRefusal::Unopenable)));
    for place in 0..sealed.len() {
        let mut changed = sealed.clone();
        changed[place] ^= 0x80;
        assert!(store.open(Kind::DataEncryption, b"kommun a", &changed).is_err(), "byte {place}");
        assert!(store.open(Kind::DataEncryption, b"kommun a", &sealed[..place]).is_err(), "{place} bytes");
    }
}

/// A MAC by the next key can only be a forgery: it has made nothing.
#[test]
fn a_next_key_has_made_nothing() {
    let stage = Stage::new();
    let store = stage.open();
    let twin = Stage::new();
    fs::create_dir_all(&twin.0).unwrap();
    for file in fs::read_dir(&stage.0).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), twin.0.join(file.file_name())).unwrap();
    }
    let thief = twin.open();
    thief.rotate(Kind::Cookie, t(1), &mut Chance(1)).unwrap();
    let (mac, sealed) = (thief.mac(Kind::Cookie, b"x").unwrap(), thief.seal(Kind::Cookie, b"", b"x", &mut Chance(2)).unwrap());
    assert!(!store.is_mac(Kind::Cookie, b"x", &mac).unwrap());
    assert!(store.open(Kind::Cookie, b"", &sealed).is_err());
}

#[test]
fn ending_a_key_that_is_in_use_or_unknown_is_refused() {
    let stage = Stage::new();
    let store = stage.open();
    for state in ["active", "next"] {
        let kid = in_state(&store, Kind::Timestamping, state).remove(0).kid;
        let refusal = store.end(Kind::Timestamping, &kid, t(1), &mut Chance(1)).unwrap_err();
        assert!(matches!(refusal, KeyRefusal::State(WrongState::StillNeeded)));
    }
    let foreign = in_state(&store, Kind::DoorRoot, "active").remove(0).kid;
    assert!(matches!(store.end(Kind::Timestamping, &foreign, t(1), &mut Chance(1)), Err(KeyRefusal::UnknownKey(_))));
}

/// Attack 38, OP-22: the next key is published, and nothing is signed with it until it steps in; then the old one verifies on, and a lost
/// one does not.
#[test]
fn a_next_key_never_signs_and_a_retiring_one_still_verifies() {
    let stage = Stage::new();
    let store = stage.open();
    for kind in TOKENS {
        store.make(kind, t(0), &mut Chance(1)).unwrap();
        let published = |state: &str| {
            let (_, keys) = store.published(&[kind]).unwrap();
            keys.into_iter().filter(|(_, key)| key.state.as_str() == state).map(|(_, key)| key).collect::<Vec<_>>()
        };
        let (active, next) = (published("active").remove(0), published("next").remove(0));
        let (named, signature) = store.sign_as(kind, str::to_owned).unwrap();
        assert_eq!(named, active.kid.to_string(), "{kind}");
        assert!(verifies(kind, &active.half, named.as_bytes(), &signature) && !verifies(kind, &next.half, named.as_bytes(), &signature), "{kind}");
        assert!(matches!(store.rotate(kind, t(1), &mut Chance(2)), Err(KeyRefusal::State(WrongState::TooYoung { .. }))), "{kind}");
        store.rotate(kind, aged(0), &mut Chance(3)).unwrap();
        assert_eq!(store.sign_as(kind, str::to_owned).unwrap().0, next.kid.to_string(), "{kind}");
        assert_eq!(published("retiring"), [crate::Published { state: published("retiring")[0].state, ..active }], "{kind}");
        store.compromise(kind, aged(1), &mut Chance(4)).unwrap();
        assert!(published("active")[0].kid != next.kid && published("retiring").len() == 1, "{kind}: a lost key is published no more");
    }
}

/// What another process changes is seen at the next look, and a view made before is known to be old.
#[test]
fn a_view_of_the_keys_is_old_when_another_process_changes_them() {
    let stage = Stage::new();
    let (server, command) = (stage.open(), stage.open());
    let (before, keys) = server.published(&TOKENS).unwrap();
    assert_eq!((server.revision(&TOKENS).unwrap(), keys.len()), (before, 4), "the RSA keys are not made");
    command.compromise(Kind::TokenSigning, t(1), &mut Chance(1)).unwrap();
    let (after, keys) = server.published(&TOKENS).unwrap();
    assert!(after > before && keys.len() == 4);
    command.make(Kind::TokenSigningRs256, t(1), &mut Chance(2)).unwrap();
    let (made, keys) = server.published(&TOKENS).unwrap();
    assert!(made > after && keys.len() == 6 && server.is_made(Kind::TokenSigningRs256).unwrap());
    assert!(!server.is_made(Kind::TokenSigningPs256).unwrap());
}
