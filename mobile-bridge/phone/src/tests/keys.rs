//! The key store and the demo's evidence.

use p256::{ecdsa::SigningKey, elliptic_curve::Generate as _};
use proptest::prelude::*;

use super::{
    Chance,
    kommun::{Kommun, at, login, offer},
    telefon::Telefon,
};
use crate::{
    KeyStore as _, KeyStoreRefusal, Proof, SoftwareKeyStore, Structure, Verification, demo_attestation, es256,
    wire::{Attestation, EnrolmentStatement, Fixed, KeyUse, Octets},
};
use handslag_door::{LockId, Nonce, Op, OpenRequest};
use handslag_vocab::StartKind;

fn structures(telefon: &Telefon) -> Vec<(KeyUse, Vec<u8>)> {
    let keys = &telefon.core.identity().unwrap().keys;
    let statement = |key_use| (key_use, EnrolmentStatement::new(Fixed([1; 32]), key_use, *keys.of(key_use)).to_bytes());
    let proof = Proof::new("GET", "https://kvarnby.example/phone/inbox", &keys.device, at(0), &mut Chance(5));
    let opening = OpenRequest::new(LockId(*b"lock-one"), Nonce([9; 16]), b"pass", Op::Unlock, 30).to_be_signed().unwrap();
    let mut all: Vec<_> = KeyUse::ALL.map(statement).into();
    all.push((KeyUse::Approval, login(StartKind::MovingQr).to_bytes()));
    all.push((KeyUse::Device, proof.signing_input().to_vec()));
    all.push((KeyUse::Door, opening.to_vec()));
    all
}

#[test]
fn each_key_signs_only_its_own_structures_and_only_with_its_verification() {
    let mut kommun = Kommun::new();
    let mut telefon = Telefon::enrolled(&mut kommun);
    let mut signed = 0;
    for (owner, bytes) in structures(&telefon) {
        for key in KeyUse::ALL {
            let result = telefon.store.sign(key, &bytes, Verification::Fresh);
            assert_eq!(result.is_ok(), key == owner, "{key:?} over what {owner:?} signs");
            signed += usize::from(result.is_ok());
        }
    }
    assert_eq!(signed, 6);
    let (_, approval) = structures(&telefon).swap_remove(3);
    for too_little in [Verification::None, Verification::Grace] {
        assert_eq!(telefon.store.sign(KeyUse::Approval, &approval, too_little), Err(KeyStoreRefusal::NotVerified));
    }
    let (_, opening) = structures(&telefon).swap_remove(5);
    assert_eq!(telefon.store.sign(KeyUse::Door, &opening, Verification::None), Err(KeyStoreRefusal::NotVerified));
    assert!(telefon.store.sign(KeyUse::Door, &opening, Verification::Grace).is_ok());
}

#[test]
fn bytes_that_are_nothing_are_signed_by_nobody() {
    let mut kommun = Kommun::new();
    let mut telefon = Telefon::enrolled(&mut kommun);
    for bytes in [&b""[..], b"{}", b"hello", &[0; 32], &[0xff; 200], &[0x82; 300]] {
        for key in KeyUse::ALL {
            assert_eq!(telefon.store.sign(key, bytes, Verification::Fresh), Err(KeyStoreRefusal::WrongStructure));
        }
    }
    telefon.store.forget();
    assert_eq!(telefon.store.sign(KeyUse::Device, b"", Verification::Fresh), Err(KeyStoreRefusal::NoKeys));
    assert!(telefon.store.attest(&offer().challenge).is_err());
}

proptest! {
    /// One flipped bit makes it another structure or none, never one of another key.
    #[test]
    fn a_flipped_bit_never_moves_a_structure_to_another_key(which in 0_usize..6, place in any::<prop::sample::Index>(), bit in 0_u8..8) {
        let mut kommun = Kommun::new();
        let telefon = Telefon::enrolled(&mut kommun);
        let (owner, mut bytes) = structures(&telefon).swap_remove(which);
        let place = place.index(bytes.len());
        bytes[place] ^= 1 << bit;
        let key = Structure::of(&bytes).map(Structure::key);
        prop_assert!(key.is_none_or(|key| key == owner));
    }
}

#[test]
fn the_demo_vendor_vouches_for_these_keys_and_this_challenge_only() {
    let mut kommun = Kommun::new();
    let telefon = Telefon::enrolled(&mut kommun);
    let (vendor, keys, challenge) = (es256::public(&kommun.vendor), kommun.keys.clone().unwrap(), offer().challenge);
    let attestation = telefon.store.attest(&challenge).unwrap();
    assert!(demo_attestation::verify(&vendor, &challenge, &keys, &attestation).is_ok());
    let stranger = es256::public(&SigningKey::generate_from_rng(&mut Chance(99)));
    let replaced = [
        crate::PublicKeys { approval: stranger, ..keys.clone() },
        crate::PublicKeys { device: stranger, ..keys.clone() },
        crate::PublicKeys { door: stranger, ..keys.clone() },
    ];
    for keys in replaced {
        assert!(demo_attestation::verify(&vendor, &challenge, &keys, &attestation).is_err(), "every key is vouched for");
    }
    let swapped = crate::PublicKeys { approval: keys.door, door: keys.approval, ..keys.clone() };
    let wrongs = [
        demo_attestation::verify(&stranger, &challenge, &keys, &attestation),
        demo_attestation::verify(&vendor, &Fixed([4; 32]), &keys, &attestation),
        demo_attestation::verify(&vendor, &challenge, &swapped, &attestation),
        demo_attestation::verify(&vendor, &challenge, &keys, &Attestation { evidence: Octets(vec![]), ..attestation.clone() }),
    ];
    for wrong in wrongs {
        assert_eq!(wrong.unwrap_err().code(), "attestation_signature");
    }
    let other_format = Attestation { format: "none".to_owned(), ..attestation };
    assert_eq!(demo_attestation::verify(&vendor, &challenge, &keys, &other_format).unwrap_err().code(), "attestation_format");
}

#[test]
fn a_software_store_outlives_its_process() {
    let mut kommun = Kommun::new();
    let telefon = Telefon::enrolled(&mut kommun);
    let exported = telefon.store.export();
    let back = SoftwareKeyStore::import(kommun.vendor.clone(), &exported).unwrap();
    assert_eq!(back.public_keys(), telefon.store.public_keys());
    assert!(SoftwareKeyStore::import(kommun.vendor.clone(), &[]).unwrap().public_keys().is_none());
    for wrong in [&exported[..95], &exported[..64], &[0; 96], &[exported.as_slice(), &[1; 32]].concat()] {
        assert!(SoftwareKeyStore::import(kommun.vendor.clone(), wrong).is_err());
    }
}
