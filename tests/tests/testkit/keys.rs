//! Key sets: rotations, new epochs, new log keys, and keys and signatures of which strict verification wants nothing.

use parangon_protocol::id::Hash;
use parangon_protocol::keys::{KeySet, Signature, SignedKeySet};
use parangon_protocol::label::bundle::Bundle;
use parangon_protocol::label::credential::proof::ProofOptions;
use parangon_protocol::label::credential::{EndorsementSubject, LabelSubject};
use parangon_protocol::label::{Label, LabelId, ProofValue};
use parangon_protocol::log::checkpoint::{Checkpoint, SignedCheckpoint};
use parangon_protocol::log::cosignature::cosign;
use parangon_protocol::log::{note::Note, stated};
use parangon_protocol::record::{Epoch, Record};

use sha2::{Digest as _, Sha512};

use crate::kit::{Facet, Kit};
use crate::support::award::{gold, sign_again, sign_with};
use crate::support::federation::{Federation, key};
use crate::support::scene::{Scene, WITNESSED, another};
use crate::support::{agency, log, time};

/// Stuttgart's second key set, after a change.
fn second(federation: &Federation, change: impl FnOnce(&mut KeySet)) -> SignedKeySet {
    let mut body = federation.keyset_with("stuttgart", 2, "second issue").body;
    body.witness = key("second witness", "stuttgart").public();
    change(&mut body);
    body.sign(federation.fingerprint(), &key("identity", "stuttgart")).unwrap()
}

pub fn add(kit: &mut Kit) {
    rotations(kit);
    sets(kit);
    epochs(kit);
    crooked(kit);
}

fn rotations(kit: &mut Kit) {
    let mut family = kit.family("keys", "usual");
    let (mut scene, first) = Scene::gold();
    let at = scene.append("stuttgart", &Record::KeySet(Box::new(second(&scene.federation, |_| ()))));
    let label = Label { keyset: at, ..another().sign(&scene.federation) };
    let issued = |label: Label| {
        let mut scene = scene.clone();
        scene.issue(label);
        scene.state("stuttgart");
        scene.cosign_all(WITNESSED);
        scene
    };
    let new = sign_with("second issue", &scene.federation, label.clone());
    let second_id = another().id();
    let after = issued(new.clone());
    family.bundle("rotated-before", "By the key from before the rotation, before it.", &after.bundle(first)).valid();
    family.bundle("rotated-after", "By the new key, after it.", &after.bundle(second_id)).valid();
    let old = issued(sign_with("issue", &scene.federation, label));
    let case = family.bundle("rotated-old-key", "It names the new key set; the former key signed it.", &old.bundle(second_id));
    case.proof(Facet::Fails).altered("signature");
    let mixed = issued(Label { keyset: 0, ..new });
    let case = family.bundle("rotated-old-set", "It names the former key set; the new key signed it.", &mixed.bundle(second_id));
    case.proof(Facet::Fails).altered("signature");
    let given_up = issued(another().sign(&scene.federation));
    let about = "By a key that had been given up, and its former key set.";
    family.bundle("rotated-given-up", about, &given_up.bundle(second_id)).rule("key-set");

    let whole = after.bundle(second_id);
    let of_stuttgart = |index: u64| {
        let mut sets = whole.keysets.iter();
        sets.position(|placed| placed.index == index && placed.keyset.body.agency == agency("stuttgart")).unwrap()
    };
    let mut replayed = whole.clone();
    let mut old = replayed.keysets[of_stuttgart(0)].clone();
    old.index = at + 1;
    replayed.keysets.insert(of_stuttgart(at) + 1, old);
    family.bundle("set-repeated", "The first key set once more, behind the second.", &replayed).altered("key set");
    let mut alone = whole.clone();
    alone.keysets.remove(of_stuttgart(0));
    family.bundle("set-alone", "The label's own key set is enough.", &alone).valid();
    // A witness whose key was replaced: lines by either key count.
    let mut scene = Scene::gold().0;
    let next = {
        let mut body = scene.federation.keyset_with("porto", 2, "second issue").body;
        body.witness = key("second witness", "porto").public();
        body.sign(scene.federation.fingerprint(), &key("identity", "porto")).unwrap()
    };
    scene.append("porto", &Record::KeySet(Box::new(next)));
    scene.cosign("porto", &["lyon", "madrid", "oslo", "stuttgart"], WITNESSED);
    scene.cosign("stuttgart", &["lyon", "oslo", "porto"], WITNESSED);
    family.bundle("witness-rotated", "A witness rotated its key: its former line still counts.", &scene.bundle(first)).valid();
}

fn sets(kit: &mut Kit) {
    let mut family = kit.family("keys", "usual");
    let (scene, id) = Scene::gold();
    let good = scene.bundle(id);
    for at in [0, 3, 4] {
        let who = good.keysets[at].keyset.body.agency.clone();
        let signs = ["lyon", "oslo", "stuttgart"].contains(&who.as_str());
        let mut bad = good.clone();
        bad.keysets[at].index = 1;
        let case = family.bundle(format!("set-{who}-index"), "The first key set does not begin its log.", &bad);
        // Whoever looks at signatures alone misses the key set that is named.
        if signs {
            case.proof(Facet::None).altered("key set")
        } else {
            case.altered("key set")
        }
        let mut bad = good.clone();
        bad.keysets[at].keyset.signature = good.keysets[(at + 1) % 5].keyset.signature;
        family.bundle(format!("set-{who}-signature"), "Signed by another identity key.", &bad).altered("key set");
        let mut bad = good.clone();
        bad.keysets[at].keyset.body.issue = key("issue", "nobody").public();
        let case = family.bundle(format!("set-{who}-issue"), "Another issue key than was signed.", &bad);
        if signs { case.proof(Facet::Fails).altered("key set") } else { case.altered("key set") }
    }
    let mut bad = good.clone();
    let issue = bad.keysets[0].keyset.body.issue;
    bad.keysets[0].keyset.body.witness = issue;
    family.bundle("set-shared-key", "One key in two roles.", &bad).altered("key set");
    // Points of small order, and one that is none: no such key is read.
    let text = String::from_utf8(good.to_text().unwrap()).unwrap();
    let issue = good.keysets[4].keyset.body.issue.to_string();
    for (name, weak) in [
        ("neutral", format!("01{}", "0".repeat(62))),
        ("order-2", format!("ec{}7f", "f".repeat(60))),
        ("order-4", "0".repeat(64)),
        ("order-8", "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a".to_owned()),
        ("order-8-other", "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05".to_owned()),
        ("non-canonical-1", format!("ee{}7f", "f".repeat(60))),
        ("non-canonical-0", format!("ed{}7f", "f".repeat(60))),
        ("no-point", format!("02{}", "0".repeat(62))),
    ] {
        family
            .file(format!("weak-{name}"), "A key of small order, or that is none.", text.replace(&issue, &weak))
            .proof(Facet::Fails)
            .refused();
    }
}

/// A second epoch of stuttgart's log, with another log key where `key_set` says so.
fn next_epoch(key_set: bool) -> (Scene, LabelId, Option<SignedKeySet>) {
    let mut scene = Scene::founded(Federation::default());
    let set = key_set.then(|| {
        second(&scene.federation, |set| {
            set.log = key("second log", "stuttgart").public();
            set.issue = key("issue", "stuttgart").public();
        })
    });
    let record = Epoch { keyset: set.clone().map(Box::new), number: 2 };
    let at = scene.append("stuttgart", &Record::Epoch(record));
    let award = gold("stuttgart", "first", &["lyon", "oslo"]);
    let label = award.sign(&scene.federation);
    scene.issue(if key_set { sign_again(&scene.federation, Label { keyset: at, ..label }) } else { label });
    scene.state("stuttgart");
    scene.cosign_all(WITNESSED);
    (scene, award.id(), set)
}

/// Shows stuttgart's log under a head of this epoch by the key of that role.
fn head(scene: &mut Scene, epoch: u32, role: &str, stated: Option<&SignedKeySet>) {
    let name = log("stuttgart");
    let ledger = &scene.logs[&name];
    let origin = parangon_protocol::id::LogId { epoch, ..name.clone() }.origin(scene.federation.fingerprint());
    let checkpoint = Checkpoint { origin, size: ledger.size(), root: ledger.frontier(ledger.size()).root() };
    let mut signed = SignedCheckpoint::sign(&checkpoint, &key(role, "stuttgart")).unwrap();
    signed.add(stated.and_then(stated::line)).unwrap();
    let line = |id: &str| cosign(&checkpoint, &key("witness", id), &scene.federation.witness_name(id), time(WITNESSED));
    signed.add(["lyon", "madrid", "oslo", "porto"].map(line)).unwrap();
    scene.notes.insert(name, signed.note().to_string());
}

fn epochs(kit: &mut Kit) {
    let mut family = kit.family("keys", "usual");
    let (mut scene, id, _) = next_epoch(false);
    head(&mut scene, 2, "log", None);
    family.bundle("epoch", "A label in the second epoch of its log.", &scene.bundle(id)).valid();
    let (mut scene, id, set) = next_epoch(true);
    head(&mut scene, 2, "second log", set.as_ref());
    let good = scene.bundle(id);
    family.bundle("epoch-log-key", "The second epoch has another log key, and its heads state it.", &good).valid();
    head(&mut scene, 2, "second log", None);
    family.bundle("epoch-log-key-known", "Whoever has the key set needs no such line.", &scene.bundle(id)).valid();
    head(&mut scene, 2, "log", set.as_ref());
    let case = family.bundle("epoch-former-key", "The former log key signs nothing in it.", &scene.bundle(id));
    case.inclusion(Facet::Fails).altered("label");
    head(&mut scene, 1, "log", None);
    let about = "A head of the first epoch, by the former log key, over records of the second: it leads to nothing.";
    family.bundle("epoch-over", about, &scene.bundle(id)).altered("label");
    let mut within = good.clone();
    let at = within.keysets.iter().position(|placed| placed.epoch.is_some()).unwrap();
    within.keysets[at].epoch = None;
    let about = "The key set with another log key, shown as one within an epoch.";
    family.bundle("epoch-hidden", about, &within).inclusion(Facet::Fails).altered("key set");
}

/// A label with this proof, logged, stated and witnessed all the same.
pub fn logged(label: Label) -> Bundle {
    let mut scene = Scene::founded(Federation::default());
    let id = label.common.id().unwrap();
    scene.issue(label);
    scene.state("stuttgart");
    scene.cosign_all(WITNESSED);
    scene.bundle(id)
}

/// Numbers below 2^255, little-endian, modulo the group order.
mod scalar {
    type Number = [u64; 4];

    /// The group order.
    pub const ORDER: Number = [0x5812_631a_5cf5_d3ed, 0x14de_f9de_a2f7_9cd6, 0, 0x1000_0000_0000_0000];

    pub fn of(bytes: &[u8]) -> Number {
        let bits = bytes.iter().rev().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1));
        bits.fold([0; 4], |number, bit| plus(plus(number, number), [u64::from(bit), 0, 0, 0]))
    }

    pub fn bytes(number: Number) -> [u8; 32] {
        let bytes: Vec<u8> = number.iter().flat_map(|limb| limb.to_le_bytes()).collect();
        bytes.try_into().unwrap()
    }

    pub fn times(a: Number, b: Number) -> Number {
        let bits = (0..256).rev().map(|at| a[at / 64] >> (at % 64) & 1);
        bits.fold([0; 4], |product, bit| {
            let double = plus(product, product);
            if bit == 1 { plus(double, b) } else { double }
        })
    }

    /// Of two numbers below the order.
    fn plus(a: Number, b: Number) -> Number {
        let mut carry = 0;
        let sum = std::array::from_fn(|at| {
            let limb = u128::from(a[at]) + u128::from(b[at]) + carry;
            carry = limb >> 64;
            u64::try_from(limb & u128::from(u64::MAX)).unwrap()
        });
        let mut borrow = false;
        let less = std::array::from_fn(|at| {
            let (limb, first) = sum[at].overflowing_sub(ORDER[at]);
            let (limb, second) = limb.overflowing_sub(u64::from(borrow));
            borrow = first || second;
            limb
        });
        if borrow { sum } else { less }
    }
}

/// A signature with the neutral element as R, for which the equation of Ed25519 holds: S is H(R || A || M) times the secret scalar.
fn small_r(role: &str, agency: &str, message: &[u8]) -> ProofValue {
    let seed = Hash::of(&[role.as_bytes(), b" ", agency.as_bytes()]).0;
    let mut secret: [u8; 32] = Sha512::digest(seed)[..32].try_into().unwrap();
    (secret[0], secret[31]) = (secret[0] & 248, secret[31] & 63 | 64);
    let mut bytes = [0; 64];
    bytes[0] = 1;
    let hash =
        Sha512::new().chain_update(&bytes[..32]).chain_update(key(role, agency).public().as_bytes()).chain_update(message).finalize();
    bytes[32..].copy_from_slice(&scalar::bytes(scalar::times(scalar::of(&hash), scalar::of(&secret))));
    ProofValue(Signature(bytes))
}

/// What a lax verification would take: S above the group order, and R of small order.
fn crooked(kit: &mut Kit) {
    let mut family = kit.family("keys", "usual");
    let good = gold("stuttgart", "first", &["lyon", "oslo"]).sign(&Federation::default());
    let lifted = |proof: ProofValue| {
        let order = scalar::bytes(scalar::ORDER);
        let (mut bytes, mut carry) = (proof.0.0, 0);
        for (at, digit) in order.iter().enumerate() {
            let sum = u16::from(bytes[32 + at]) + u16::from(*digit) + carry;
            (bytes[32 + at], carry) = (u8::try_from(sum & 0xff).unwrap(), sum >> 8);
        }
        ProofValue(Signature(bytes))
    };
    let turned = |proof: ProofValue, r: [u8; 32]| {
        let mut bytes = proof.0.0;
        bytes[..32].copy_from_slice(&r);
        ProofValue(Signature(bytes))
    };
    let mut neutral = [0; 32];
    neutral[0] = 1;
    type Change<'a> = &'a dyn Fn(ProofValue) -> ProofValue;
    let changes: [(&str, Change<'_>, &str); 3] = [
        ("s-above-order", &lifted, "The same signature with S plus the group order."),
        ("r-neutral", &|proof| turned(proof, neutral), "R is the neutral element."),
        ("zero", &|_| ProofValue(Signature([0; 64])), "A signature of zeros."),
    ];
    for (name, change, about) in changes {
        let bad = Label { proof: change(good.proof), ..good.clone() };
        family.bundle(format!("signature-{name}"), about, &logged(bad)).proof(Facet::Fails).altered("signature");
        let mut bad = good.clone();
        bad.endorsements[0].proof = change(bad.endorsements[0].proof);
        let bad = sign_again(&Federation::default(), bad);
        family.bundle(format!("endorsement-{name}"), about, &logged(bad)).proof(Facet::Fails).altered("signature");
    }
    let federation = Federation::default();
    let (stuttgart, charter) = (key("issue", "stuttgart").public(), federation.charter());
    let subject = LabelSubject { federation: federation.fingerprint(), charter, label: &good, issuer_key: &stuttgart };
    let proof = small_r("issue", "stuttgart", &ProofOptions::new(good.issued, &stuttgart).hash_to_sign(&subject.quads().unwrap()));
    let about = "R is the neutral element and S is chosen to it: the plain equation holds, a strict verification refuses it.";
    let bad = Label { proof, ..good.clone() };
    family.bundle("signature-r-small-order", about, &logged(bad)).proof(Facet::Fails).altered("signature");
    let (common, lyon) = (&good.common, key("issue", "lyon").public());
    let (id, endorsement) = (common.id().unwrap(), &good.endorsements[0]);
    let subject =
        EndorsementSubject { federation: federation.fingerprint(), charter, label_common: common, label_id: id, endorsement, key: &lyon };
    let proof = small_r("issue", "lyon", &ProofOptions::new(endorsement.created, &lyon).hash_to_sign(&subject.quads().unwrap()));
    let mut bad = good.clone();
    bad.endorsements[0].proof = proof;
    let bad = sign_again(&federation, bad);
    family.bundle("endorsement-r-small-order", about, &logged(bad)).proof(Facet::Fails).altered("signature");
    // The log's signature over its head.
    let (scene, id) = Scene::gold();
    let good = scene.bundle(id);
    let bad = crate::proofs::label_note(&good, |note: &mut Note| {
        let line = &mut note.signatures[0];
        let proof = ProofValue(Signature(line.bytes.clone().try_into().unwrap()));
        line.bytes = lifted(proof).0.0.to_vec();
    });
    family.bundle("head-s-above-order", "A head signed with S plus the group order.", &bad).inclusion(Facet::Fails).altered("label");
    let bad = crate::proofs::label_note(&good, |note: &mut Note| {
        let line = &mut note.signatures[1];
        let proof = ProofValue(Signature(line.bytes[8..].to_vec().try_into().unwrap()));
        line.bytes[8..].copy_from_slice(&lifted(proof).0.0);
    });
    family.bundle("cosignature-s-above-order", "A witness's line with S plus the group order.", &bad).altered("label");
}
