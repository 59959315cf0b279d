//! What the network counts. Labels are fixed words: no peer can make a new series.

use std::sync::atomic::AtomicU64;

use libp2p::metrics::{Metrics as Libp2p, Recorder};
use libp2p::swarm::SwarmEvent;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::behaviour::BehaviourEvent;
use super::error::FrameError;

type By = Family<[(&'static str, &'static str); 1], Counter<u64, AtomicU64>>;

/// Handles to the counters; cheap to clone.
#[derive(Clone, Default)]
pub(super) struct Metrics {
    connected: Gauge,
    turned_away: By,
    frames: By,
    requests: By,
    dropped: By,
    verdicts: By,
    late: Counter,
    dials: By,
}

impl Metrics {
    pub(super) fn register(&self, registry: &mut Registry) {
        let registry = registry.sub_registry_with_prefix("network");
        registry.register("connected_members", "Members with at least one connection", self.connected.clone());
        registry.register("turned_away", "Connections refused after the handshake, by code", self.turned_away.clone());
        registry.register("bad_frames", "Frames of members that were refused, by code", self.frames.clone());
        registry.register("requests", "Requests to members, by outcome", self.requests.clone());
        registry.register("dropped", "Arrivals given up because this node was busy, by kind", self.dropped.clone());
        registry.register("gossip_verdicts", "Verdicts on gossiped messages", self.verdicts.clone());
        registry.register("gossip_late_verdicts", "Verdicts that came too late to forward", self.late.clone());
        registry.register("dials", "Dials, by outcome", self.dials.clone());
    }

    pub(super) fn connected(&self, members: usize) {
        self.connected.set(i64::try_from(members).unwrap_or(i64::MAX));
    }

    pub(super) fn turned_away(&self, code: &'static str) {
        self.turned_away.get_or_create(&[("code", code)]).inc();
    }

    pub(super) fn bad_frame(&self, error: FrameError) {
        let code = match error {
            FrameError::Encoding(_) | FrameError::Field(_) | FrameError::Cut => "E-W01",
            FrameError::TooLarge { .. } => "E-W03",
            FrameError::Busy => "E-W05",
            FrameError::Version { .. } => "E-W09",
        };
        self.frames.get_or_create(&[("code", code)]).inc();
    }

    pub(super) fn request(&self, outcome: &'static str) {
        self.requests.get_or_create(&[("outcome", outcome)]).inc();
    }

    pub(super) fn dropped(&self, kind: &'static str) {
        self.dropped.get_or_create(&[("kind", kind)]).inc();
    }

    pub(super) fn verdict(&self, verdict: &'static str, in_time: bool) {
        self.verdicts.get_or_create(&[("verdict", verdict)]).inc();
        if !in_time {
            self.late.inc();
        }
    }

    pub(super) fn dial(&self, outcome: &'static str) {
        self.dials.get_or_create(&[("outcome", outcome)]).inc();
    }
}

/// libp2p's own metrics, kept up by what the swarm reports.
pub(super) struct SwarmMetrics(Libp2p);

impl SwarmMetrics {
    pub(super) fn register(registry: &mut Registry) -> Self {
        Self(Libp2p::new(registry))
    }

    pub(super) fn record(&self, event: &SwarmEvent<BehaviourEvent>) {
        self.0.record(event);
        match event {
            SwarmEvent::Behaviour(BehaviourEvent::Gossip(event)) => self.0.record(event),
            SwarmEvent::Behaviour(BehaviourEvent::Identify(event)) => self.0.record(event),
            SwarmEvent::Behaviour(BehaviourEvent::Ping(event)) => self.0.record(event),
            _ => {}
        }
    }
}
