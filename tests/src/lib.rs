//! What the workspace's tests share. The simulation lives here, so that its command and its tests run the same code.

#[cfg(feature = "node")]
pub mod federation;
pub mod sim;
pub mod split;
pub mod worlds;
