//! Gossipsub, set for a small federation at a low rate. Gossip is only a hint: what it loses, pulling finds.
//!
//! Messages are anonymous on this layer: what they carry is signed, and the origin is nobody's business. Each is
//! forwarded only after the application's verdict.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use libp2p::gossipsub::{
    self, ConfigBuilder, IdentTopic, IdentityTransform, MessageAuthenticity, MessageId, MetricsConfig, PeerScoreParams,
    PeerScoreThresholds, TopicScoreParams, ValidationMode, WhitelistSubscriptionFilter,
};
use parangon_protocol::id::{Fingerprint, Hash};
use prometheus_client::registry::Registry;

use super::error::NetworkError;
use super::limits;

/// Subscriptions to topics of others are dropped unread.
pub(super) type Gossipsub = gossipsub::Behaviour<IdentityTransform, WhitelistSubscriptionFilter>;

/// The one topic: grown logs and fork evidence.
pub(super) fn topic(federation: &Fingerprint) -> IdentTopic {
    IdentTopic::new(format!("parangon/{federation}/heads"))
}

pub(super) fn behaviour(federation: &Fingerprint, registry: &mut Registry) -> Result<Gossipsub, NetworkError> {
    let config = ConfigBuilder::default()
        .heartbeat_interval(limits::HEARTBEAT)
        .heartbeat_initial_delay(limits::HEARTBEAT)
        .history_length(limits::HISTORY)
        .history_gossip(limits::HISTORY / 2)
        .mesh_n(8)
        .mesh_n_low(6)
        .mesh_n_high(12)
        .mesh_outbound_min(3)
        .gossip_lazy(8)
        .gossip_factor(0.25)
        .flood_publish(true)
        .validation_mode(ValidationMode::Anonymous)
        .validate_messages()
        .message_id_fn(|message| MessageId::new(&Hash::of(&[message.topic.as_str().as_bytes(), &message.data]).0))
        .duplicate_cache_time(limits::DUPLICATES)
        .max_transmit_size(limits::GOSSIP_BYTES)
        .connection_handler_queue_len(limits::GOSSIP_QUEUE)
        .build()
        .map_err(|_| NetworkError::Setting("gossipsub"))?;
    let topic = topic(federation);
    let filter = WhitelistSubscriptionFilter(HashSet::from([topic.hash()]));
    let mut behaviour = Gossipsub::new_with_subscription_filter(MessageAuthenticity::Anonymous, config, filter)
        .map_err(NetworkError::Setting)?
        .with_metrics(registry.sub_registry_with_prefix("gossipsub"), MetricsConfig::default());
    behaviour.with_peer_score(scores(&topic), thresholds()).map_err(|_| NetworkError::Setting("peer scores"))?;
    behaviour.subscribe(&topic).map_err(|_| NetworkError::Setting("topic"))?;
    Ok(behaviour)
}

/// One invalid message makes any peer's score negative (best possible 26, penalty 30): out of the mesh. The second
/// one (4 x 30) greylists it; both are forgotten after 6 to 10 minutes. Silence costs nothing: logs grow seldom.
fn scores(topic: &IdentTopic) -> PeerScoreParams {
    let topic_score = TopicScoreParams {
        topic_weight: 1.0,
        time_in_mesh_weight: 0.02,
        time_in_mesh_quantum: Duration::from_secs(1),
        time_in_mesh_cap: 300.0,
        first_message_deliveries_weight: 0.5,
        first_message_deliveries_cap: 40.0,
        first_message_deliveries_decay: 0.99,
        mesh_message_deliveries_weight: 0.0,
        mesh_failure_penalty_weight: 0.0,
        invalid_message_deliveries_weight: -30.0,
        invalid_message_deliveries_decay: 0.9924,
        ..TopicScoreParams::default()
    };
    PeerScoreParams {
        topics: HashMap::from([(topic.hash(), topic_score)]),
        topic_score_cap: 50.0,
        app_specific_weight: 1.0,
        // Only members connect, and several may sit behind one address.
        ip_colocation_factor_weight: 0.0,
        behaviour_penalty_weight: -10.0,
        behaviour_penalty_threshold: 6.0,
        behaviour_penalty_decay: 0.9,
        decay_interval: Duration::from_secs(1),
        retain_score: Duration::from_secs(3600),
        ..PeerScoreParams::default()
    }
}

fn thresholds() -> PeerScoreThresholds {
    PeerScoreThresholds {
        gossip_threshold: -10.0,
        publish_threshold: -50.0,
        graylist_threshold: -80.0,
        accept_px_threshold: 1e9,
        opportunistic_graft_threshold: 2.0,
    }
}
