//! Working adapters in memory: every port, its whole contract, nothing kept when they are dropped.
//!
//! They serve tests, examples and a single process that may forget.

mod bus;
mod clock;
mod counter;
mod notifier;
mod presence;
mod queue;
mod search;
mod store;

pub use bus::MemoryBus;
pub use clock::FixedClock;
pub use counter::MemoryCounter;
pub use notifier::MemoryNotifier;
pub use presence::MemoryPresence;
pub use queue::MemoryQueue;
pub use search::MemorySearch;
pub use store::MemoryStore;
