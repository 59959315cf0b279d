use serde::de::DeserializeOwned;

use super::*;
use crate::canonical;
use crate::keys::{KeyError, Purpose};

/// A signature for any other purpose, federation or key says nothing about the statement.
fn only_for_its_purpose<T: Statement + Clone + std::fmt::Debug + PartialEq>(body: T) {
    let author = body.author().clone();
    let issue = key(author.as_str());
    let text = canonical::encode(&body, limits::DOCUMENT_BYTES).unwrap();
    let forged = |cause| Err(ReviewError::Signature { author: author.clone(), purpose: T::PURPOSE, cause });
    for purpose in Purpose::ALL {
        let signature = issue.sign(purpose, &federation(), &text);
        let signed = Signed { body: body.clone(), signature };
        let result = signed.verify(&federation(), &issue.public()).map(|verified| (*verified).clone());
        assert_eq!(result, if purpose == T::PURPOSE { Ok(body.clone()) } else { forged(KeyError::Forged) }, "{purpose:?}");
    }
    let signed = signed(body);
    let elsewhere = Fingerprint(Hash::of(&[b"another"]));
    assert!(signed.verify(&elsewhere, &issue.public()).is_err());
    assert!(signed.verify(&federation(), &key("somebody").public()).is_err());
}

#[test]
fn a_signature_is_good_for_one_purpose() {
    only_for_its_purpose(offer());
    only_for_its_purpose(acceptance("lyon"));
    only_for_its_purpose(review("lyon", 0));
}

/// Copies of `value` in which one leaf is changed to another value of its kind.
fn altered(value: &serde_json::Value) -> Vec<(String, serde_json::Value)> {
    use serde_json::Value as Json;
    match value {
        Json::Bool(flag) => vec![(String::new(), Json::Bool(!flag))],
        Json::Number(number) => {
            let number = number.as_u64().unwrap();
            vec![(String::new(), Json::from(if number == 0 { 1 } else { number - 1 }))]
        }
        Json::String(text) => {
            let mut text = text.clone();
            let last = text.pop().unwrap();
            text.push(if last == '0' { '1' } else { '0' });
            vec![(String::new(), Json::String(text))]
        }
        Json::Object(entries) => {
            let inside = |(key, value): (&String, &Json)| {
                altered(value)
                    .into_iter()
                    .map(|(path, changed)| {
                        let mut object = entries.clone();
                        object.insert(key.clone(), changed);
                        (format!("{key}/{path}"), Json::Object(object))
                    })
                    .collect::<Vec<_>>()
            };
            entries.iter().flat_map(inside).collect()
        }
        Json::Array(items) => {
            let inside = |(at, value): (usize, &Json)| {
                altered(value)
                    .into_iter()
                    .map(|(path, changed)| {
                        let mut list = items.clone();
                        list[at] = changed;
                        (format!("{at}/{path}"), Json::Array(list))
                    })
                    .collect::<Vec<_>>()
            };
            items.iter().enumerate().flat_map(inside).collect()
        }
        Json::Null => unreachable!("canonical texts hold no null"),
    }
}

/// The alterations that still read as a `T`.
fn variants<T: serde::Serialize + DeserializeOwned>(body: &T) -> Vec<(String, T)> {
    let json = serde_json::to_value(body).unwrap();
    let read = |(path, json)| serde_json::from_value(json).ok().map(|body| (path, body));
    altered(&json).into_iter().filter_map(read).collect()
}

#[test]
fn r3_every_field_of_a_dossier_is_in_its_commitment() {
    let original = dossier("lyon");
    let (common, copy) = (original.commitment().unwrap(), original.copy_commitment().unwrap());
    let changed = variants(&original.assessment);
    assert_eq!(changed.len(), 31 + 4 + 1 + 1 + 1 + 1 + 2, "scores, eligibility, note, improvements, month, cluster, catalogue");
    for (path, assessment) in changed {
        let altered = Dossier { assessment, ..original.clone() };
        assert_ne!(altered.commitment().unwrap(), common, "{path}");
        assert_ne!(altered.copy_commitment().unwrap(), copy, "{path}");
    }
    let other = Hash::of(&[b"other"]);
    assert_ne!(Dossier { salt: other, ..original.clone() }.commitment().unwrap(), common);
}

#[test]
fn r9_copies_share_the_content_and_differ_by_recipient() {
    let (lyon, oslo) = (dossier("lyon"), dossier("oslo"));
    assert_eq!(lyon.commitment(), oslo.commitment());
    let copy = lyon.copy_commitment().unwrap();
    let other = Hash::of(&[b"other"]);
    for changed in [
        Dossier { recipient: agency("oslo"), ..lyon.clone() },
        Dossier { copy_salt: other, ..lyon.clone() },
        Dossier { offer: other, ..lyon.clone() },
    ] {
        assert_eq!(changed.commitment(), lyon.commitment());
        assert_ne!(changed.copy_commitment().unwrap(), copy);
    }
}

#[test]
fn r4_every_field_of_a_review_is_signed_and_committed_to() {
    let original = signed(review("lyon", 0));
    let commitment = original.body.commitment().unwrap();
    let changed = variants(&original.body);
    // A time ends in Z, so altering its last letter gives none.
    let later = ReviewContent { created: original.body.created.plus(1), ..original.body.clone() };
    let changed: Vec<_> = changed.into_iter().chain([("created".to_owned(), later)]).collect();
    assert_eq!(changed.len(), 31 + 9, "scores and nine other fields");
    for (path, body) in changed {
        assert_ne!(body.commitment().unwrap(), commitment, "{path}");
        let forged = Signed { body, signature: original.signature };
        assert!(forged.verify(&federation(), &key("lyon").public()).is_err(), "{path}");
    }
}

#[test]
fn an_offer_keeps_its_bounds() {
    let refused = |change: fn(&mut Offer)| {
        let mut offer = offer();
        change(&mut offer);
        Signed::sign(offer, &federation(), &key("stuttgart")).unwrap_err()
    };
    let languages = |tags: &[&str]| {
        let offer = Offer { languages: tags.iter().map(|tag| (*tag).to_owned()).collect(), ..offer() };
        Signed::sign(offer, &federation(), &key("stuttgart")).map(drop)
    };
    assert_eq!(languages(&["de", "en-GB", "sr-Latn-RS"]), Ok(()));
    let long = format!("de{}", "-abcdefgh".repeat(4));
    for bad in [&[][..], &["de", "de"], &["german"], &["DE"], &["de-"], &["d"], &["de_AT"], &[&long], &["de"; 9]] {
        assert_eq!(languages(bad), Err(ReviewError::Languages), "{bad:?}");
    }
    assert!(matches!(refused(|o| o.due = Timestamp::default()), ReviewError::Dates { .. }));
    assert!(matches!(refused(|o| o.valid_until = "2026-09".parse().unwrap()), ReviewError::Dates { .. }));
    assert!(matches!(refused(|o| o.owner = agency("lyon")), ReviewError::OtherOwner { .. }));
}

#[test]
fn an_offer_stands_on_its_charter() {
    let refused = |change: fn(&mut Offer, &mut Charter)| {
        let (mut offer, mut charter) = (offer(), charter());
        change(&mut offer, &mut charter);
        offer.rule(&charter).unwrap_err()
    };
    assert_eq!(offer().rule(&charter()), Ok(&rule(Level::Gold)));
    assert_eq!(refused(|o, _| o.charter = 2), ReviewError::OtherCharter { offer: 2, given: 1 });
    assert!(matches!(refused(|o, _| o.level = Level::Bronze), ReviewError::NoRight { level: Level::Bronze, .. }));
    assert!(matches!(refused(|_, c| c.members.clear()), ReviewError::NoRight { .. }));
    assert!(matches!(refused(|_, c| c.schemes[0].rules.clear()), ReviewError::NoRule { .. }));
    assert!(matches!(refused(|o, _| o.catalogue.hash = Hash::default()), ReviewError::NoRule { .. }));
    assert!(matches!(refused(|_, c| c.catalogues[0].hash = Hash::default()), ReviewError::NoRule { .. }));
}

#[test]
fn a_dossier_is_what_was_offered() {
    assert_eq!(dossier("lyon").check(&offer(), Catalogue::ecei()), Ok(()));
    let refused = |change: fn(&mut Dossier)| {
        let mut dossier = dossier("lyon");
        change(&mut dossier);
        dossier.check(&offer(), Catalogue::ecei()).unwrap_err()
    };
    let other = |part| ReviewError::OtherDossier { part };
    assert_eq!(refused(|d| d.offer = Hash::default()), other("offer"));
    assert_eq!(refused(|d| d.assessment.cluster = ClusterId::new(&owner(), [8; 12])), other("cluster"));
    assert_eq!(refused(|d| d.assessment.catalogue.hash = Hash::default()), other("catalogue"));
    assert_eq!(refused(|d| d.assessment.month = "2025-10".parse().unwrap()), other("month of assessment"));
    let foreign = |d: &mut Dossier| d.assessment.scores = [("9.9".parse().unwrap(), Answer::NotKnown)].into_iter().collect();
    assert!(matches!(refused(foreign), ReviewError::Assessment(_)));
}

#[test]
fn a_dossier_key_is_an_age_recipient_and_fresh() {
    let sign = |key: &str| {
        let acceptance = Acceptance { dossier_key: key.to_owned(), ..acceptance("lyon") };
        Signed::sign(acceptance, &federation(), &super::key("lyon")).map(drop)
    };
    let good = acceptance("lyon").dossier_key;
    assert_eq!(sign(&good), Ok(()));
    for bad in [
        String::new(),
        good.to_uppercase(),
        good[..61].to_owned(),
        format!("{good}q"),
        good.replace("age1", "age2"),
        format!("age1{}", "b".repeat(58)),
    ] {
        assert_eq!(sign(&bad), Err(ReviewError::DossierKey), "{bad}");
    }
    let public = |name: &str| super::key(name).public();
    let mut keys = crate::keys::KeySet {
        agency: agency("lyon"),
        number: 1,
        log: public("a"),
        witness: public("b"),
        issue: public("c"),
        sealing: acceptance("oslo").dossier_key,
        transport: public("d"),
    };
    assert_eq!(acceptance("lyon").is_fresh(&keys), Ok(()));
    keys.sealing = good;
    assert_eq!(acceptance("lyon").is_fresh(&keys), Err(ReviewError::StandingKey));
}

#[test]
fn nothing_confidential_is_printed() {
    let printed = format!("{:?} {:?}", dossier("lyon"), signed(review("lyon", 0)));
    for secret in ["See the plan", "Strong team", &dossier("lyon").salt.to_string(), &review("lyon", 0).salt.to_string(), "Level", "points"]
    {
        assert!(!printed.contains(secret), "{secret}");
    }
}
