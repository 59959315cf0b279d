//! Labels whose reviewers were drawn: with evidence that holds, that does not, that is for something else, and with none.

use parangon_protocol::charter::{Charter, Level};
use parangon_protocol::id::{AgencyId, ClusterId, Hash};
use parangon_protocol::keys::Signature;
use parangon_protocol::label::bundle::Bundle;
use parangon_protocol::review::draw::{Call, Dealing, Disclosed, Draw, Opening, Parties, Release, Selection, Value};
use parangon_protocol::review::{Signed, Statement};

use crate::kit::Kit;
use crate::support::award::{Award, gold};
use crate::support::federation::{Federation, key, place_under};
use crate::support::scene::{Scene, WITNESSED};
use crate::support::{agency, time};

fn usual() -> Award {
    gold("stuttgart", "first", &["lyon", "oslo"])
}

fn call(change: impl FnOnce(&mut Call)) -> Call {
    let common = usual().common;
    let mut call = Call {
        after: None,
        assessed: common.assessed,
        charter: 1,
        cluster: common.cluster.id,
        created: time("2026-11-03T05:00:00Z"),
        heads: vec![],
        level: common.level,
        owner: common.owner,
        salt: Hash::of(&[b"salt"]),
        scheme: common.scheme,
        until: time("2026-11-05T05:00:00Z"),
    };
    change(&mut call);
    call
}

/// A draw whose first value is opened by its contributor and whose second one by the holders, where `withheld` says so.
fn draw(federation: &Federation, call: Call, withheld: bool) -> Draw {
    let parties = Parties::of(federation.charter(), &call).unwrap();
    let contributors: Vec<AgencyId> = parties.order().iter().take(parties.needed()).cloned().collect();
    let value = |who: &AgencyId| Value::new(Hash::of(&[b"value", who.as_str().as_bytes()]).0);
    let dealing = |who: &AgencyId| Dealing::new(&parties, who, value(who)).unwrap();
    let commitments: Vec<_> =
        contributors.iter().map(|who| sign(federation, dealing(who).commitment(time("2026-11-04T05:00:00Z")))).collect();
    let selection = Selection {
        call: *parties.call(),
        commitments: commitments.iter().map(|commitment| commitment.body.hash().unwrap()).collect(),
        created: time("2026-11-05T06:00:00Z"),
        owner: call.owner.clone(),
    };
    let hash = selection.hash().unwrap();
    let open = |who: &AgencyId| {
        let opening = Opening { call: *parties.call(), contributor: who.clone(), selection: hash, value: value(who) };
        Disclosed::Contributor { opening: Box::new(sign(federation, opening)) }
    };
    let recover = |who: &AgencyId| {
        let dealing = dealing(who);
        let holders = parties.holders(who).unwrap();
        let release = |(place, agencies): (&std::num::NonZeroU8, &std::collections::BTreeSet<&AgencyId>)| {
            let holder = (*agencies.first().unwrap()).clone();
            sign(
                federation,
                Release { call: *parties.call(), contributor: who.clone(), holder, selection: hash, share: dealing.share(*place) },
            )
        };
        Disclosed::Holders { releases: holders.iter().take(parties.threshold()).map(release).collect(), shares: dealing.list() }
    };
    let disclosed = contributors.iter().enumerate().map(|(at, who)| if withheld && at == 1 { recover(who) } else { open(who) }).collect();
    Draw { call: sign(federation, call), commitments, disclosed, selection: sign(federation, selection) }
}

fn sign<T: Statement>(federation: &Federation, body: T) -> Signed<T> {
    let issue = key("issue", body.author().as_str());
    Signed::sign(body, federation.fingerprint(), &issue).unwrap()
}

fn label(federation: &Federation, draw: Option<Draw>) -> Bundle {
    let award = usual();
    let mut label = award.sign(federation);
    label.draw = draw.map(Box::new);
    let mut scene = Scene::founded(federation.clone());
    scene.issue(label);
    scene.state("stuttgart");
    scene.cosign_all(WITNESSED);
    scene.bundle(award.id())
}

pub fn add(kit: &mut Kit) {
    let drawn = |charter: &mut Charter| charter.conflicts.drawn = true;
    let federation = Federation::found(drawn);
    kit.trust("drawn", &federation);
    let good = draw(&federation, call(|_| ()), false);
    let mut family = kit.family("draws", "drawn");
    family.bundle("opened", "Reviewers were drawn; both values were opened.", &label(&federation, Some(good.clone()))).valid();
    let withheld = draw(&federation, call(|_| ()), true);
    family.bundle("recovered", "One value was opened by those who hold shares of it.", &label(&federation, Some(withheld))).valid();
    family.bundle("none", "The charter asks for a draw, and there is none.", &label(&federation, None)).rule("draw");
    let shown = "Evidence that does not hold: the verdict shows that among its checks, and is no other for it.";
    let mut bad = good.clone();
    bad.call.signature = Signature([1; 64]);
    family.bundle("call-forged", shown, &label(&federation, Some(bad))).valid();
    let mut bad = good.clone();
    bad.disclosed.pop();
    family.bundle("unfinished", shown, &label(&federation, Some(bad))).valid();
    let mut bad = good.clone();
    bad.commitments.reverse();
    family.bundle("order", shown, &label(&federation, Some(bad))).valid();
    let about = "A draw for something else.";
    type Change = fn(&mut Call);
    let changes: [(&str, Change); 3] = [
        ("other-level", |call| call.level = Level::Silver),
        ("other-cluster", |call| call.cluster = ClusterId::new(&agency("stuttgart"), [8; 12])),
        ("newer-than-assessment", |call| call.assessed = "2026-11".parse().unwrap()),
    ];
    for (name, change) in changes {
        family.bundle(name, about, &label(&federation, Some(draw(&federation, call(change), false)))).rule("draw");
    }
    let older = draw(&federation, call(|call| call.assessed = "2026-08".parse().unwrap()), false);
    family.bundle("older-than-assessment", "The cluster was assessed again since.", &label(&federation, Some(older))).valid();

    let usual = Federation::default();
    let unasked = draw(&usual, call(|_| ()), false);
    family.bundle("unasked", "A draw where the charter asks for none.", &label(&usual, Some(unasked))).by("usual").valid();
    let house = Federation::found(|charter| {
        drawn(charter);
        ["madrid", "porto"].iter().for_each(|id| place_under(charter, id, "One house"));
    });
    kit.trust("drawn-house", &house);
    let grouped = draw(&house, call(|_| ()), false);
    let mut family = kit.family("draws", "drawn-house");
    family.bundle("grouped", "Agencies under one parent have one contributor.", &label(&house, Some(grouped))).valid();
}
