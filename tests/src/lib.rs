//! What the workspace's tests share. The simulation lives here, so that its command and its tests run the same code.

pub mod sim;
