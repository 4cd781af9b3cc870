//! A byte queue whose memory follows what it holds, however small the packets it came in.

use std::collections::VecDeque;

/// Small packets are gathered in chunks of this size, so that a flood of one-byte packets costs one byte each. The
/// last chunk is kept for the next packet when the queue runs empty.
const CHUNK: usize = 4096;

/// Bytes received and not read yet.
#[derive(Debug, Default)]
pub(super) struct Queue {
    /// No chunk is empty but perhaps the only one.
    chunks: VecDeque<Vec<u8>>,
    /// Bytes of the first chunk that were read.
    head: usize,
    len: usize,
}

impl Queue {
    /// Bytes held.
    pub(super) const fn len(&self) -> usize {
        self.len
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Puts `data` behind what is there: into the room left in the last chunk, the rest into a new one.
    pub(super) fn push(&mut self, data: &[u8]) {
        self.len += data.len();
        let mut rest = data;
        if let Some(last) = self.chunks.back_mut() {
            let room = last.capacity() - last.len();
            let (fits, over) = rest.split_at_checked(room).unwrap_or((rest, &[]));
            last.extend_from_slice(fits);
            rest = over;
        }
        if !rest.is_empty() {
            let mut chunk = Vec::with_capacity(rest.len().max(CHUNK));
            chunk.extend_from_slice(rest);
            self.chunks.push_back(chunk);
        }
    }

    /// Gives up to `max` bytes to `sink`, oldest first, in as many slices as it takes; returns how many.
    pub(super) fn read(&mut self, max: usize, sink: &mut dyn FnMut(&[u8])) -> usize {
        let mut done = 0;
        while done < max {
            let Some(unread) = self.chunks.front().and_then(|c| c.get(self.head..)).filter(|c| !c.is_empty()) else {
                break;
            };
            let take = unread.get(..max - done).unwrap_or(unread);
            sink(take);
            let (n, all) = (take.len(), take.len() == unread.len());
            done += n;
            self.len -= n;
            self.head += n;
            if all {
                self.drop_front();
            }
        }
        done
    }

    /// A copy of the oldest bytes, up to `max`; they stay.
    pub(super) fn front(&self, max: usize) -> Vec<u8> {
        let unread = self.chunks.iter().flatten().skip(self.head);
        unread.take(max).copied().collect()
    }

    /// Puts `new` in place of the `old` oldest bytes.
    pub(super) fn replace_front(&mut self, old: usize, new: &[u8]) {
        let mut rest = std::mem::take(self);
        rest.read(old, &mut |_| ());
        self.push(new);
        self.append(&mut rest);
    }

    fn drop_front(&mut self) {
        self.head = 0;
        match self.chunks.front_mut() {
            Some(only) if self.len == 0 && only.capacity() <= CHUNK => only.clear(),
            _ => drop(self.chunks.pop_front()),
        }
    }

    /// Moves everything of `other` behind what is here.
    pub(super) fn append(&mut self, other: &mut Self) {
        let other = std::mem::take(other);
        let mut chunks = other.chunks.into_iter();
        if let Some(first) = chunks.next() {
            self.push(first.get(other.head..).unwrap_or_default());
        }
        if chunks.len() > 0 && self.is_empty() {
            self.chunks.clear();
        }
        for chunk in chunks {
            self.len += chunk.len();
            self.chunks.push_back(chunk);
        }
    }

    /// Memory held, for tests.
    #[cfg(test)]
    fn memory(&self) -> usize {
        self.chunks.iter().map(|c| c.capacity() + std::mem::size_of::<Vec<u8>>()).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(q: &mut Queue, max: usize) -> Vec<u8> {
        let mut out = Vec::new();
        q.read(max, &mut |s| out.extend_from_slice(s));
        out
    }

    #[test]
    fn one_byte_packets_cost_little_more_than_a_byte() {
        let mut q = Queue::default();
        for i in 0..1_000_000_u32 {
            q.push(&[i.to_be_bytes()[3]]);
        }
        assert_eq!(q.len(), 1_000_000);
        assert!(q.memory() < 1_020_000, "{}", q.memory());
        assert_eq!(all(&mut q, 300)[299], 43);
        assert_eq!(all(&mut q, usize::MAX).len(), 999_700);
        assert!(q.is_empty() && q.memory() <= CHUNK + 100);
    }

    #[test]
    fn the_front_is_looked_at_and_replaced() {
        let mut q = Queue::default();
        assert!(q.front(5).is_empty());
        q.push(b"xone");
        q.push(&[b'.'; 5000]);
        assert_eq!(all(&mut q, 1), b"x");
        assert_eq!(q.front(4), b"one.");
        assert_eq!((q.front(9000).len(), q.len()), (5003, 5003));
        q.replace_front(3, b"three");
        assert_eq!((q.front(6), q.len()), (b"three.".to_vec(), 5005));
        q.replace_front(5, b"");
        assert_eq!(all(&mut q, usize::MAX), [b'.'; 5000]);
        q.replace_front(0, b"new");
        q.replace_front(3, b"newer");
        assert_eq!(all(&mut q, usize::MAX), b"newer");
        assert!(q.is_empty());
    }

    #[test]
    fn sizes_that_miss_the_chunk_waste_nothing() {
        let mut q = Queue::default();
        for _ in 0..1000 {
            q.push(&[7; 2049]);
        }
        assert!(q.memory() < 2_049_000 + 20_000);
    }

    #[test]
    fn bytes_come_out_in_order_across_appends() {
        let (mut a, mut b) = (Queue::default(), Queue::default());
        a.push(b"one ");
        b.push(b"xxtwo ");
        b.push(&[b'.'; 5000]);
        assert_eq!(all(&mut b, 2), b"xx");
        a.append(&mut b);
        assert!(b.is_empty() && all(&mut b, 9).is_empty());
        a.push(b" end");
        let mut want = b"one two ".to_vec();
        want.extend([b'.'; 5000]);
        want.extend(b" end");
        assert_eq!(all(&mut a, usize::MAX), want);
        // An emptied queue keeps a chunk; appending to it must not leave an empty one in the way.
        b.push(&[1; 9000]);
        b.push(&[2; 9000]);
        assert_eq!(all(&mut b, 9000).len(), 9000);
        a.append(&mut b);
        assert_eq!(all(&mut a, usize::MAX), [2; 9000]);
    }
}
