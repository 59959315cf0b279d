//! A member without a store: its network is real, its logs are in memory. What a node under test spends on a pull is then
//! its own work, and this side's is only framing and encryption.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use parangon_node::network::{self, Incoming, MemberAddress, Multiaddr, NetworkHandle};
use parangon_protocol::id::{AgencyId, LogId};
use parangon_protocol::message::{Head, Request, Response};
use parangon_protocol::replica::serve;
use tokio::sync::mpsc;

use super::federation::Federation;
use super::labels;
use super::logs::LogText;
use super::node::{Node, meets, network_config};

/// How much of each log is shown, with the note of that head.
type Shown = BTreeMap<LogId, (u64, String)>;

pub(crate) struct Feeder {
    pub(crate) id: AgencyId,
    pub(crate) network: NetworkHandle,
    pub(crate) address: Multiaddr,
    shown: Arc<Mutex<Shown>>,
}

impl Feeder {
    /// Speaks for the member `me`, from `logs`. Shows nothing yet.
    pub(crate) async fn start(federation: &Federation, me: usize, logs: Vec<LogText>) -> Self {
        let (network, incoming) = network::start(network_config(federation, me, false, &[])).expect("a free port");
        let address = network.listen_addrs().await.expect("running").pop().expect("one address");
        let shown = Arc::new(Mutex::new(Shown::new()));
        let logs = logs.into_iter().map(|log| (log.id.clone(), log)).collect();
        tokio::spawn(serve(incoming, Arc::new(logs), Arc::clone(&shown)));
        Self { id: federation.members[me].id.clone(), network, address, shown }
    }

    /// Shows this head, and tells `to` of it, who then pulls.
    pub(crate) async fn show(&self, to: Option<&AgencyId>, log: &LogId, size: u64, note: String) {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner).insert(log.clone(), (size, note.clone()));
        if let Some(to) = to {
            meets(&self.network, std::slice::from_ref(to)).await;
            self.network.request(to, Request::Tell(Head { log: log.clone(), note })).await.expect("connected");
        }
    }

    /// Shows what every log begins with, and starts the member `me` in `dir`: it then knows all keys, and no label has to
    /// wait for one.
    pub(crate) async fn acquaint(&self, federation: &Federation, me: usize, dir: &Path, logs: &[LogText]) -> Node {
        for log in logs {
            self.show(None, &log.id, 2, log.note(federation, 2, labels::issued())).await;
        }
        let node = Node::start(federation, me, dir, false, &[self.as_member()]).await;
        node.begin(federation, me).await;
        for log in logs {
            node.holds(&log.id, 2).await;
        }
        node
    }

    /// As a node finds it.
    pub(crate) fn as_member(&self) -> MemberAddress {
        MemberAddress { agency: self.id.clone(), peer: Some(self.network.local_peer()), addresses: vec![self.address.clone()] }
    }
}

async fn serve(mut incoming: mpsc::Receiver<Incoming>, logs: Arc<BTreeMap<LogId, LogText>>, shown: Arc<Mutex<Shown>>) {
    while let Some(arrival) = incoming.recv().await {
        let Incoming::Request { request, reply, .. } = arrival else { continue };
        let shown = shown.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let logs = Arc::clone(&logs);
        tokio::spawn(async move {
            let _asker_gone = reply.send(answer(request, &logs, &shown));
        });
    }
}

fn answer(request: Request, logs: &BTreeMap<LogId, LogText>, shown: &Shown) -> Response {
    match request {
        Request::Heads { known } => {
            let held = |log: &LogId| known.iter().find(|(known, ..)| known == log).map_or(0, |(_, size, _)| *size);
            let more = shown.iter().filter(|(log, (size, _))| *size > held(log));
            Response::Heads(more.map(|(log, (_, note))| Head { log: log.clone(), note: note.clone() }).collect())
        }
        Request::Range { log, start, count } => {
            let (Some(text), Some((size, note))) = (logs.get(&log), shown.get(&log)) else { return Response::Missing };
            let range = serve::range(text, &log, note.clone(), *size, start, count).unwrap_or_else(|never| match never {});
            range.map_or(Response::Missing, Response::Range)
        }
        Request::Proposal { .. } | Request::Charter { .. } | Request::LastSeen { .. } => Response::Missing,
        Request::Tell(_) | Request::Cosigned { .. } | Request::Fork { .. } => Response::Done,
    }
}
