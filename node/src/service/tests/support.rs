//! A federation in one process.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parangon_protocol::canonical;
use parangon_protocol::catalogue::Catalogue;
use parangon_protocol::charter::{
    Chain, Charter, ConflictRules, Disclosure, Founding, FoundingSignature, Level, Member, Right, demo_scheme,
};
use parangon_protocol::keys::SignedKeySet;
use parangon_protocol::limits;
use parangon_protocol::record::{Adoption, Record};
use parangon_protocol::replica::{Keys, Settings};
use parangon_protocol::time::{Month, Timestamp};
use tempfile::TempDir;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::NodeFiles;
use crate::backup;
use crate::clock::{Clock, SystemClock};
use crate::config::KeySource;
use crate::engine::{Engine, EngineConfig};
use crate::keystore::identity::IdentityFile;
use crate::keystore::{KeyFiles, Keyring, Keystore, NODE_KEYS_NEXT, Replaceable, Unlock, file, random};
use crate::network::{self, MemberAddress, NetworkConfig, NetworkHandle, peer_of};
use crate::service::assessments::{self, Edit, EligibilityView, NewAssessment, ScoreMap};
use crate::service::clusters::{self, Description};
use crate::service::inbox::{self, ReviewInput, ReviewResult};
use crate::service::invitations;
use crate::service::keys::{self, KeySetsView, NewKeySet};
use crate::service::labels::{self, Issued, LabelView, PreviewView};
use crate::service::offers::{self, NewOffer, OfferView};
use crate::service::register::Standing;
use crate::service::roles::Actor;
use crate::service::{Context, Error, Policy, anchors, charter, courier, draws, erasure, moving, pools, reactor};
use crate::store::Store;

/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// Memory addresses are names of the whole process.
static ADDRESS: AtomicU64 = AtomicU64::new(7_000_000);

/// Who is in a federation: id, country, parent.
pub(crate) type Who = (&'static str, &'static str, Option<&'static str>);

/// Agencies of one: what is not about two people needs one.
pub(crate) const ONE_PERSON: Policy = Policy { two_people: false, audit_days: 730, public_url: None };

/// Three agencies in two countries.
pub(crate) const THREE: [Who; 3] = [("stuttgart", "DE", None), ("lyon", "FR", None), ("berlin", "DE", None)];

pub(crate) struct Agency {
    pub(crate) context: Context,
    pub(crate) network: NetworkHandle,
    pub(crate) identity: IdentityFile,
    stop: CancellationToken,
    pub(crate) dir: TempDir,
}

impl Drop for Agency {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

struct Seat {
    who: Who,
    identity: IdentityFile,
    keystore: Keystore,
    address: String,
}

pub(crate) fn charter_of(members: Vec<Member>) -> Charter {
    Charter {
        version: 1,
        previous: None,
        name: "Test federation".parse().expect("name"),
        created: Timestamp::default(),
        review_by: Month::new(9000, 1).expect("month"),
        demonstration: true,
        members,
        schemes: vec![demo_scheme()],
        catalogues: vec![Catalogue::ecei().reference()],
        conflicts: ConflictRules { swap_months: 12, swap_floor: 4, tie_months: 24, drawn: false },
        disclosure: Disclosure::new(3, 1),
        retention: None,
        status_max_age_days: 35,
        refounds: None,
        rekeyings: vec![],
        resumptions: vec![],
        ties: vec![],
    }
}

fn member(seat: &Seat) -> Member {
    let (id, country, parent) = seat.who;
    Member {
        id: id.parse().expect("slug"),
        name: format!("Agency {id}").parse().expect("name"),
        country: country.parse().expect("country"),
        parent: parent.map(|parent| parent.parse().expect("name")),
        rights: vec![Right { scheme: demo_scheme().id, levels: vec![Level::Bronze, Level::Silver, Level::Gold] }],
        identity: seat.identity.public(),
        successor: seat.identity.successor_hash(),
        contacts: vec![format!("{}/p2p/{}", seat.address, peer_of(&seat.keystore.key_set(id.parse().expect("slug"), 1).transport))],
    }
}

/// Founds a federation and starts a node for each agency. Everybody knows everybody's keys when this returns.
pub(crate) async fn federation(who: &[Who]) -> Vec<Agency> {
    federation_at(who, || Arc::new(SystemClock::new(Timestamp::default()))).await
}

/// The same with other clocks.
pub(crate) async fn federation_at(who: &[Who], clock: impl Fn() -> Arc<dyn Clock>) -> Vec<Agency> {
    federation_of(who, clock, ONE_PERSON).await
}

/// The same with another policy.
pub(crate) async fn federation_of(who: &[Who], clock: impl Fn() -> Arc<dyn Clock>, policy: Policy) -> Vec<Agency> {
    found(who, clock, policy, |_| ()).await
}

/// The same on another charter.
pub(crate) async fn federation_on(who: &[Who], clock: impl Fn() -> Arc<dyn Clock>, change: impl Fn(&mut Charter)) -> Vec<Agency> {
    found(who, clock, ONE_PERSON, change).await
}

async fn found(who: &[Who], clock: impl Fn() -> Arc<dyn Clock>, policy: Policy, change: impl Fn(&mut Charter)) -> Vec<Agency> {
    let mut seats: Vec<Seat> = who
        .iter()
        .map(|who| Seat {
            who: *who,
            identity: IdentityFile::generate(random::system).expect("random"),
            keystore: Keystore::generate(random::system).expect("random"),
            address: format!("/memory/{}", ADDRESS.fetch_add(1, Ordering::Relaxed)),
        })
        .collect();
    seats.sort_by_key(|seat| seat.who.0);
    let mut charter = charter_of(seats.iter().map(member).collect());
    change(&mut charter);
    let charter = charter;
    let sign = |seat: &Seat| FoundingSignature {
        agency: seat.who.0.parse().expect("slug"),
        signature: charter.sign(&seat.identity.identity_key()).expect("text"),
    };
    let signatures = seats.iter().map(sign).collect();
    let chain = Arc::new(Chain::verify(Founding { charter, signatures }).expect("signed by all"));
    let addresses: Vec<MemberAddress> = seats
        .iter()
        .map(|seat| {
            let keys = seat.keystore.key_set(seat.who.0.parse().expect("slug"), 1);
            let agency = keys.agency.clone();
            MemberAddress { agency, peer: Some(peer_of(&keys.transport)), addresses: vec![seat.address.parse().expect("address")] }
        })
        .collect();
    let mut agencies = Vec::new();
    for seat in seats {
        agencies.push(start(seat, chain.clone(), addresses.clone(), clock(), policy.clone()).await);
    }
    for agency in &agencies {
        let everybody = who.len();
        until("everybody's keys and connections", || async {
            let book = agency.context.engine().book();
            let known = book.chain().newest().members.iter().filter(|member| book.current(&member.id).is_some()).count();
            let connected = agency.context.carrier().links().iter().filter(|link| link.is_connected()).count();
            (known == everybody && connected + 1 == everybody).then_some(())
        })
        .await;
    }
    agencies
}

async fn start(seat: Seat, chain: Arc<Chain>, members: Vec<MemberAddress>, clock: Arc<dyn Clock>, policy: Policy) -> Agency {
    let Seat { who, identity, keystore, address } = seat;
    let me: parangon_protocol::id::AgencyId = who.0.parse().expect("slug");
    let dir = TempDir::new().expect("a directory");
    // The file that opens a next keystore; the present one is handed over.
    let key = dir.path().join("node.key");
    file::write_new(&key, "07".repeat(32).as_bytes()).expect("written");
    let files = KeyFiles::new(dir.path(), KeySource::KeyFile(key));
    let agency = me.clone();
    let (store, _) = Store::open(dir.path(), &keystore.master_key()).expect("a new store");
    let stop = CancellationToken::new();
    let (guests, visits) = mpsc::channel(network::limits::VISITS);
    let (network, incoming) = network::start(NetworkConfig {
        federation: *chain.fingerprint(),
        me: me.clone(),
        transport_seed: keystore.transport_seed(),
        listen: vec![address.parse().expect("address")],
        gossip: true,
        members,
        guests: Some(guests),
        memory: true,
    })
    .expect("a free address");
    let (private, inbox) = mpsc::channel(8);
    let (engine, _core) = Engine::start(EngineConfig {
        me: me.clone(),
        chain: chain.clone(),
        keys: Keys { log: keystore.log_key(), witness: keystore.witness_key() },
        settings: Settings { poll_seconds: 1, ..Settings::default() },
        store: Arc::new(store),
        clock: clock.clone(),
        network: network.clone(),
        incoming,
        private,
        stop: stop.clone(),
    })
    .await
    .expect("an engine");
    let keyset = keystore.key_set(me, 1).sign(chain.fingerprint(), &identity.identity_key()).expect("a key set");
    let named = NodeFiles { founding: chain.founding().clone(), amendments: vec![], keyset: keyset.clone(), epoch_keyset: None };
    let text = canonical::encode(&named, limits::DOCUMENT_BYTES).expect("text");
    std::fs::write(dir.path().join(NodeFiles::NAME), text).expect("written");
    backup::write_recipient(dir.path(), &identity.backup_recipient()).expect("written");
    let adoption = Adoption { version: 1, hash: chain.newest().hash().expect("text") };
    engine.append(vec![Record::KeySet(Box::new(keyset)), Record::Charter(adoption)]).await.expect("the log begins");
    let keyring = Keyring::new(&agency, keystore, Some(files));
    let context = Context::new(engine, keyring, clock, Arc::new(network.clone()), policy);
    tokio::spawn(courier::run(context.clone(), inbox, stop.clone()));
    tokio::spawn(reactor::run(context.clone(), stop.clone()));
    tokio::spawn(anchors::run(context.clone(), stop.clone()));
    tokio::spawn(draws::run(context.clone(), stop.clone()));
    tokio::spawn(pools::run(context.clone(), stop.clone()));
    tokio::spawn(erasure::run(context.clone(), stop.clone()));
    tokio::spawn(moving::run(context.clone(), stop.clone()));
    tokio::spawn(invitations::run(context.clone(), network.clone(), visits, stop.clone()));
    tokio::spawn(charter::run(context.clone(), |_| Ok(()), stop.clone()));
    Agency { context, network, identity, stop, dir }
}

/// Asks until there is an answer.
pub(crate) async fn until<T, F: Future<Output = Option<T>>>(what: &str, mut ask: impl FnMut() -> F) -> T {
    let asking = async {
        loop {
            if let Some(answer) = ask().await {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, asking).await.unwrap_or_else(|_| panic!("never: {what}"))
}

/// The same answer on every indicator.
pub(crate) fn level(level: u8) -> ScoreMap {
    Catalogue::ecei().indicators.iter().map(|indicator| (indicator.code.to_string(), level.into())).collect()
}

fn assess(context: &Context, cluster: String, own: u8) -> Result<String, Error> {
    let eligibility = EligibilityView { eccp_listed: true, management_fte_hundredths: 100, members: 30, member_types: 3 };
    let new = NewAssessment { cluster, catalogue: None, level: None, scheme: None, month: None, eligibility, improvements: 3 };
    let assessment = assessments::create(context, new)?;
    assessments::set(context, &assessment.id, &Edit::Map(level(own)), Some(&assessment.etag), false)?;
    Ok(assessment.id)
}

impl Agency {
    /// Draws new keys, leaves them in `node.keys.next`, and has the key set signed, as the command line does.
    pub(crate) fn next(&self, roles: &[Replaceable]) -> SignedKeySet {
        let book = self.context.engine().book();
        let (_, current) = book.current(self.context.me()).expect("our key set");
        let keys = self.context.keys().rotated(roles, random::system).expect("random");
        let unlock = Unlock::KeyFile(zeroize::Zeroizing::new([7; 32]));
        let path = self.dir.path().join(NODE_KEYS_NEXT);
        file::replace(&path, &keys.seal(&unlock, random::system).expect("sealed")).expect("written");
        let set = keys.key_set(self.context.me().clone(), current.number + 1);
        set.sign(self.context.federation(), &self.identity.identity_key()).expect("a key set")
    }

    /// Rotates these keys, and waits until `others` know.
    pub(crate) async fn rotates(&self, roles: &[Replaceable], others: &[&Self]) -> KeySetsView {
        let keyset = Box::new(self.next(roles));
        let number = keyset.body.number;
        let view = keys::replace(&self.context, NewKeySet { keyset }).await.expect("taken");
        for other in others {
            let knows = || other.context.engine().book().current(self.context.me()).is_some_and(|(_, set)| set.number == number);
            until("the new key set", || async { knows().then_some(()) }).await;
        }
        view
    }

    /// Cuts the connection between two, or lets them connect again.
    pub(crate) async fn part(&self, other: &Self) {
        self.network.block(other.context.me()).await.expect("running");
        other.network.block(self.context.me()).await.expect("running");
    }

    pub(crate) async fn rejoin(&self, other: &Self) {
        self.network.unblock(other.context.me()).await.expect("running");
        other.network.unblock(self.context.me()).await.expect("running");
    }

    pub(crate) fn name(&self) -> String {
        self.context.me().to_string()
    }

    /// A cluster with an assessment, every indicator at `own`.
    pub(crate) async fn assessed(&self, name: &str, own: u8) -> String {
        self.assessed_in("Biotechnology", name, own).await
    }

    /// The same in another technology field.
    pub(crate) async fn assessed_in(&self, field: &str, name: &str, own: u8) -> String {
        let (name, field) = (name.to_owned(), Some(field.to_owned()));
        let prepare = move |context: &Context| {
            let new = Description { name, country: "DE".into(), region: None, nuts: None, field, legal_form: None, registers: vec![] };
            let cluster = clusters::add(context, &new)?.cluster.id;
            assess(context, cluster, own)
        };
        self.context.run(prepare).await.expect("an assessment")
    }

    /// Another assessment of a cluster of ours.
    pub(crate) async fn assessed_again(&self, cluster: &str, own: u8) -> String {
        let cluster = cluster.to_owned();
        self.context.run(move |context| assess(context, cluster, own)).await.expect("an assessment")
    }

    /// What would become public.
    pub(crate) async fn preview(&self, offer: &str) -> PreviewView {
        let offer = offer.to_owned();
        self.context.run(move |context| labels::preview(context, &offer)).await.expect("a preview")
    }

    pub(crate) async fn offer(&self, assessment: &str, level: &str, reviewers: &[&Agency]) -> Result<OfferView, Error> {
        let new = NewOffer {
            assessment: assessment.to_owned(),
            scheme: None,
            level: level.to_owned(),
            reviewers: reviewers.iter().map(|agency| agency.name()).collect(),
            due: None,
            languages: vec!["de".into()],
            comments: Some(false),
        };
        self.context.run(move |context| offers::create(context, new)).await
    }

    /// Waits for the offer, accepts it, waits for the dossier, and reviews with these scores.
    pub(crate) async fn reviews(&self, offer: &str, scores: ScoreMap) -> ReviewResult {
        self.accepts(offer).await;
        let input = ReviewInput {
            scores,
            improvements: Some(3),
            eligible: Some(true),
            findings: Some("Line one\nline two".into()),
            ..ReviewInput::default()
        };
        let offer = offer.to_owned();
        self.context.run(move |context| inbox::submit(context, &offer, &input)).await.expect("a review")
    }

    pub(crate) async fn accepts(&self, offer: &str) {
        let show = || {
            self.context.run({
                let offer = offer.to_owned();
                move |context| inbox::show(context, &offer)
            })
        };
        until("the offer in the inbox", || async { show().await.ok() }).await;
        let accepted = offer.to_owned();
        let none = parangon_protocol::label::Conflicts::None;
        self.context.run(move |context| inbox::accept(context, &accepted, none)).await.expect("accepted");
        until("the dossier", || async { show().await.ok().filter(|view| view.next_step == "review the dossier") }).await;
    }

    pub(crate) async fn offer_until(&self, offer: &str, what: &str, fits: impl Fn(&OfferView) -> bool) -> OfferView {
        let show = || {
            self.context.run({
                let offer = offer.to_owned();
                move |context| offers::show(context, &offer)
            })
        };
        until(what, || async { show().await.ok().filter(|view| fits(view)) }).await
    }

    pub(crate) async fn label_until(&self, label: &str, standing: Standing) -> LabelView {
        let show = || {
            self.context.run({
                let label = label.to_owned();
                move |context| labels::show(context, &label)
            })
        };
        until(standing.as_str(), || async { show().await.ok().filter(|view| view.state == standing) }).await
    }

    /// Issues, as the agency's only person.
    pub(crate) async fn issues(&self, offer: &str) -> Result<LabelView, Error> {
        match labels::issue(&self.context, offer, &Actor::User { uid: 1 }, None).await? {
            Issued::Label(label) => Ok(*label),
            Issued::Decided(decision) => panic!("waits for another person: {decision:?}"),
        }
    }

    /// Everything from the assessment to the label, with every indicator at `scores`.
    pub(crate) async fn awards(&self, name: &str, level_name: &str, scores: u8, reviewers: &[&Agency]) -> LabelView {
        let assessment = self.assessed(name, scores).await;
        self.awards_for(&assessment, level_name, scores, reviewers).await
    }

    /// A label for an assessment of ours.
    pub(crate) async fn awards_for(&self, assessment: &str, level_name: &str, scores: u8, reviewers: &[&Agency]) -> LabelView {
        let offer = self.offer(assessment, level_name, reviewers).await.expect("an offer");
        for reviewer in reviewers {
            assert!(reviewer.reviews(&offer.id, level(scores)).await.recommended, "{assessment}");
        }
        self.offer_until(&offer.id, "enough reviews", |offer| offer.ready).await;
        self.issues(&offer.id).await.expect("a label")
    }
}
