//! The Bitstring Status List of an agency's labels.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use parangon_protocol::keys::{PublicKey, Signature};
use parangon_protocol::label::bundle::Bundle;
use parangon_protocol::record::{Action, Reason};

use crate::service::labels::{self, NewStanding};
use crate::service::register::Standing;

use super::support::{Agency, THREE, federation, until};

async fn list(agency: &Agency) -> Option<serde_json::Value> {
    let text = agency.context.run(labels::status_list).await.ok()?;
    Some(serde_json::from_str(&text).expect("JSON"))
}

/// The bits of a list, as any reader of gzip gets them: ours is one stored block.
fn bits(list: &serde_json::Value) -> Vec<u8> {
    let encoded = list["credentialSubject"]["encodedList"].as_str().and_then(|text| text.strip_prefix('u')).expect("multibase");
    let gzip = URL_SAFE_NO_PAD.decode(encoded).expect("base64url");
    gzip[15..gzip.len() - 8].to_vec()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_withdrawn_label_is_set_in_the_signed_list_of_its_agency() {
    let agencies = federation(&THREE).await;
    let [berlin, lyon, stuttgart] = &agencies[..] else { panic!("three") };
    let refused = berlin.context.run(labels::status_list).await.expect_err("nothing was stated");
    assert_eq!(refused.code(), "PGN-0601");
    let stays = lyon.awards("One", "bronze", 4, &[stuttgart]).await.id;
    let goes = lyon.awards("Two", "bronze", 4, &[berlin]).await.id;
    for label in [&stays, &goes] {
        lyon.label_until(label, Standing::Valid).await;
    }
    let place = async |label: &str| {
        let id = labels::parse_id(label).expect("an id");
        let text = lyon.context.run(move |context| labels::bundle(context, &id)).await.expect("a bundle");
        let bundle = Bundle::read(&text).expect("a bundle");
        bundle.label.record["body"]["status_index"].as_u64().and_then(|at| usize::try_from(at).ok()).expect("a place")
    };
    let set = |bits: &[u8], at: usize| bits[at / 8] & (0x80 >> (at % 8)) != 0;
    let before = until("the list", || list(lyon)).await;
    assert_eq!(bits(&before), vec![0; 16 * 1024]);
    assert_eq!(list(lyon).await.as_ref(), Some(&before), "the same bytes until something changes");

    labels::set_standing(&lyon.context, &goes, NewStanding { action: Action::Withdraw, reason: Reason::Error }).await.expect("withdrawn");
    let after = until("the new list", || async { list(lyon).await.filter(|list| *list != before) }).await;
    let (one, two) = (place(&stays).await, place(&goes).await);
    assert_eq!((set(&bits(&after), one), set(&bits(&after), two)), (false, true));
    assert_eq!(bits(&after).iter().map(|byte| byte.count_ones()).sum::<u32>(), 1);
    // The credential of the label names this list.
    let federation = lyon.context.federation();
    assert_eq!(after["id"], format!("urn:parangon:{federation}:status:lyon"));
    let key = PublicKey::from_did(after["issuer"]["id"].as_str().expect("a did")).expect("a key");
    assert_eq!(key, lyon.context.issue_key().public());
    assert!(Signature::from_multibase(after["proof"]["proofValue"].as_str().expect("a proof")).is_ok());
}
