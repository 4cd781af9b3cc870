//! The process's log callback. Texts are not built while the level is off.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::RwLock;
use std::sync::{Arc, PoisonError};

/// Receives level, channel name and text, on any thread and with no lock of the library held.
pub type LogCallback = Box<dyn Fn(u8, &str, &str) + Send + Sync>;

/// Zero while there is no callback, so that one relaxed load answers "is it on?".
static LEVEL: AtomicU8 = AtomicU8::new(0);
/// Protects the callback's place only; the callback runs on a clone, with the lock released.
static CALLBACK: RwLock<Option<Arc<LogCallback>>> = RwLock::new(None);

/// Replaces the callback; None turns logging off. `level`: 0 nothing, 1 errors, 2 warnings, 3 info, 4 debug. The old
/// callback is dropped when its last call is over.
pub fn set_log_callback(level: u8, callback: Option<LogCallback>) {
    let level = if callback.is_some() { level } else { 0 };
    let old = {
        let mut place = CALLBACK.write().unwrap_or_else(PoisonError::into_inner);
        LEVEL.store(level, Ordering::Relaxed);
        std::mem::replace(&mut *place, callback.map(Arc::new))
    };
    // Dropped here, outside of the lock: its destructor is the application's code.
    drop(old);
}

/// The level in force.
#[must_use]
pub(super) fn level() -> u8 {
    LEVEL.load(Ordering::Relaxed)
}

/// Logs; call it with no lock held.
pub(super) fn write(level: u8, channel: &str, text: &str) {
    if level > self::level() {
        return;
    }
    let callback = CALLBACK.read().unwrap_or_else(PoisonError::into_inner).clone();
    if let Some(callback) = callback {
        callback(level, channel, text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::lock::Mutex;

    #[test]
    fn levels_filter_and_removal_ends_calls() {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&seen);
        set_log_callback(
            2,
            Some(Box::new(move |level, channel, text| {
                if channel == "log test" {
                    sink.lock().push((level, text.to_owned()));
                }
            })),
        );
        write(1, "log test", "a");
        write(3, "log test", "b");
        set_log_callback(4, None);
        write(1, "log test", "c");
        assert_eq!(*seen.lock(), [(1, "a".to_owned())]);
        assert_eq!(Arc::strong_count(&seen), 1, "the callback is dropped");
    }
}
