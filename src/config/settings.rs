//! What the lines read so far have set. The first value of an option wins; some lists grow.

use super::jump::Chain;
use std::collections::BTreeMap;

/// An option's values, and where the first came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Value {
    pub(super) words: Vec<String>,
    pub(super) origin: String,
}

/// What is set, by option.
#[derive(Debug, Clone, Default)]
pub(super) struct Settings {
    pub(super) values: BTreeMap<&'static str, Value>,
    /// The second half of RekeyLimit, which can be set alone.
    pub(super) rekey_seconds: Option<String>,
    /// The hosts of ProxyJump.
    pub(super) jumps: Option<Chain>,
    /// Files named by the user or by the system: the same path by both counts twice, as in OpenSSH.
    files: Vec<(&'static str, String, bool)>,
    pub(super) warnings: Vec<String>,
}

impl Settings {
    pub(super) fn words(&self, name: &str) -> &[String] {
        self.values.get(name).map_or(&[], |value| &value.words)
    }

    pub(super) fn first(&self, name: &str) -> Option<&str> {
        self.words(name).first().map(String::as_str)
    }

    pub(super) fn is(&self, name: &str, word: &str) -> bool {
        self.first(name) == Some(word)
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.values.contains_key(name)
    }

    /// Sets an option unless it is set.
    pub(super) fn set_once(&mut self, name: &'static str, words: Vec<String>, origin: &str) {
        self.values.entry(name).or_insert_with(|| Value { words, origin: origin.to_owned() });
    }

    /// Sets an option whatever it was.
    pub(super) fn replace(&mut self, name: &'static str, words: Vec<String>) {
        let origin = self.values.get(name).map(|value| value.origin.clone()).unwrap_or_default();
        self.values.insert(name, Value { words, origin });
    }

    /// Adds to a list what is not in it.
    pub(super) fn add_once(&mut self, name: &'static str, word: String, origin: &str) {
        if !self.words(name).contains(&word) {
            self.add(name, word, origin);
        }
    }

    /// Adds to a list.
    pub(super) fn add(&mut self, name: &'static str, word: String, origin: &str) {
        let empty = || Value { words: Vec::new(), origin: origin.to_owned() };
        self.values.entry(name).or_insert_with(empty).words.push(word);
    }

    /// Adds a file to a list, unless it is there from the same side.
    pub(super) fn add_file(&mut self, name: &'static str, path: &str, by_user: bool, origin: &str) {
        let file = (name, path.to_owned(), by_user);
        if !self.files.contains(&file) {
            self.files.push(file);
            self.add(name, path.to_owned(), origin);
        }
    }

    /// Takes words out of a list.
    pub(super) fn retain(&mut self, name: &'static str, keep: impl FnMut(&String) -> bool) {
        if let Some(value) = self.values.get_mut(name) {
            value.words.retain(keep);
        }
    }
}
