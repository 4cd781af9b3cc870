//! Replies that must leave in the order of their requests, whatever the order they are answered in. RFC 4254
//! sections 4 and 5.4 put no number into replies: their order is all that ties them to requests.

use std::collections::VecDeque;

/// Questions not replied to yet, oldest first, each with its answer where there is one.
#[derive(Debug)]
pub(super) struct InOrder<T> {
    waiting: VecDeque<(u64, Option<T>)>,
}

impl<T> InOrder<T> {
    pub(super) const fn new() -> Self {
        Self { waiting: VecDeque::new() }
    }

    /// Replies owed.
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// A question came in; `answer` where it needs nobody's opinion.
    pub(super) fn push(&mut self, ticket: u64, answer: Option<T>) {
        self.waiting.push_back((ticket, answer));
    }

    /// Records an answer; false if the ticket waits for none.
    pub(super) fn answer(&mut self, ticket: u64, answer: T) -> bool {
        let open = self.waiting.iter_mut().find(|(t, a)| *t == ticket && a.is_none());
        open.map(|slot| slot.1 = Some(answer)).is_some()
    }

    /// The oldest reply, once it is known; call until it gives none.
    pub(super) fn next_reply(&mut self) -> Option<T> {
        let known = self.waiting.front()?.1.is_some();
        known.then(|| self.waiting.pop_front()).flatten()?.1
    }

    /// Forgets all questions; gives their tickets.
    pub(super) fn forget(&mut self) -> Vec<u64> {
        self.waiting.drain(..).map(|(ticket, _)| ticket).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_leave_in_the_order_of_questions() {
        let mut q = InOrder::new();
        q.push(1, None);
        q.push(2, None);
        q.push(3, Some('c'));
        assert!(q.answer(2, 'b'));
        assert!(!q.answer(2, 'x'), "answered once");
        assert!(!q.answer(9, 'x'), "never asked");
        assert_eq!(q.next_reply(), None);
        assert!(q.answer(1, 'a'));
        assert_eq!(
            [q.next_reply(), q.next_reply(), q.next_reply(), q.next_reply()],
            [Some('a'), Some('b'), Some('c'), None]
        );
    }
}
