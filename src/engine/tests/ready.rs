//! Readiness queues.

use super::super::sys::tests::{in_child, polls_readable};
use super::super::{ready_flags as flags, Ready, ReadyQueue, Registrations};
use super::*;
use crate::error::ErrorKind;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// All handles that are ready now, in the order they are told.
fn round(queue: &ReadyQueue) -> Vec<Ready> {
    std::iter::from_fn(|| queue.next(Deadline::after_ms(0)).ok()).collect()
}

fn one(queue: &ReadyQueue) -> Ready {
    queue.next(soon()).unwrap()
}

fn told(flags: u32, user_data: usize) -> Ready {
    Ready { flags, user_data }
}

#[test]
fn a_handle_is_told_until_it_is_drained() {
    let pair = Pair::open();
    let (ours, theirs) = pair.channel();
    let queue = ReadyQueue::new().unwrap();
    let _in = ours.watch(&queue, flags::READABLE | flags::READABLE_STDERR, 7).unwrap();
    assert_eq!(round(&queue), []);
    assert!(!polls_readable(queue.fd()));
    theirs.send_all(b"abcd", soon()).unwrap();
    eventually("data raises the descriptor", || polls_readable(queue.fd()));
    for _ in 0..3 {
        assert_eq!(round(&queue), [told(flags::READABLE, 7)], "once a round, in every round");
        assert!(polls_readable(queue.fd()));
    }
    assert_eq!(one(&queue), told(flags::READABLE, 7));
    ours.recv(Stream::Data, 4, &mut |_| (), soon()).unwrap();
    assert_eq!(round(&queue), []);
    assert!(!polls_readable(queue.fd()), "what was drained leaves with the end of the round");
    theirs.send_all_stderr(b"x", soon()).unwrap();
    assert_eq!(one(&queue), told(flags::READABLE_STDERR, 7));
}

#[test]
fn a_handle_never_drained_keeps_none_waiting() {
    let pair = Pair::open();
    let queue = ReadyQueue::new().unwrap();
    let channels: Vec<_> = (0..5).map(|_| pair.channel()).collect();
    let _in: Vec<_> =
        channels.iter().zip(1..).map(|((ours, _), n)| ours.watch(&queue, flags::WRITABLE, n).unwrap()).collect();
    for _ in 0..2 {
        let seen: Vec<_> = (0..5).map(|_| one(&queue).user_data).collect();
        assert_eq!(seen, [1, 2, 3, 4, 5]);
    }
}

#[test]
fn interest_is_replaced_paused_and_cleared_by_oneshot() {
    let pair = Pair::open();
    let (ours, theirs) = pair.channel();
    let queue = ReadyQueue::new().unwrap();
    let handle = Registrations::default();
    let set = |interest, data| handle.place(&queue, || ours.watch(&queue, 0, 0)).unwrap().set(interest, data);
    set(flags::WRITABLE, 1);
    assert_eq!(round(&queue), [told(flags::WRITABLE, 1)]);
    set(flags::READABLE, 2);
    assert_eq!(round(&queue), []);
    theirs.send_all(b"x", soon()).unwrap();
    assert_eq!(one(&queue), told(flags::READABLE, 2));
    set(0, 3);
    assert_eq!(round(&queue), []);
    set(flags::READABLE | flags::ONESHOT, 4);
    assert_eq!(one(&queue), told(flags::READABLE, 4));
    assert_eq!(round(&queue), []);
    set(flags::READABLE | flags::WRITABLE, 5);
    assert_eq!(one(&queue), told(flags::READABLE | flags::WRITABLE, 5));
    handle.remove(&queue);
    handle.remove(&queue);
    assert_eq!(round(&queue), []);
    assert!(!polls_readable(queue.fd()));
}

#[test]
fn the_close_is_told_after_the_end_of_file_was_read() {
    let pair = Pair::open();
    let (ours, theirs) = pair.channel();
    let queue = ReadyQueue::new().unwrap();
    let handle = Registrations::default();
    let all = flags::READABLE | flags::CLOSED | flags::EXIT_STATUS;
    let place = handle.place(&queue, || ours.watch(&queue, 0, 0)).unwrap();
    place.set(all, 1);
    theirs.shutdown_write().unwrap();
    assert_eq!(one(&queue), told(flags::READABLE, 1));
    assert_eq!(ours.recv(Stream::Data, 1, &mut |_| (), soon()).unwrap(), Recv::Eof);
    let rest = flags::CLOSED | flags::EXIT_STATUS;
    place.set(rest, 1);
    assert_eq!(round(&queue), []);
    theirs.send_exit_status(3).unwrap();
    assert_eq!(one(&queue), told(flags::EXIT_STATUS, 1));
    handle.place(&queue, || unreachable!()).unwrap().set(flags::CLOSED, 1);
    assert_eq!(round(&queue), []);
    theirs.close();
    assert_eq!(one(&queue), told(flags::CLOSED, 1));
}

#[test]
fn window_makes_a_channel_writable_again() {
    let small = || {
        let mut options = options();
        options.config.window = (32 * 1024).into();
        options
    };
    let pair = Pair::with(App::default(), small(), small()).login();
    let (ours, theirs) = pair.channel();
    let queue = ReadyQueue::new().unwrap();
    let _in = ours.watch(&queue, flags::WRITABLE, 1).unwrap();
    assert_eq!(round(&queue).len(), 1);
    while ours.send(&[0; 4096], Deadline::after_ms(0)).is_ok() {}
    assert_eq!(round(&queue), []);
    assert!(!polls_readable(queue.fd()));
    while theirs.recv(Stream::Data, 4096, &mut |_| (), Deadline::after_ms(100)).is_ok() {}
    assert_eq!(one(&queue), told(flags::WRITABLE, 1));
    ours.shutdown_write().unwrap();
    assert_eq!(one(&queue), told(flags::WRITABLE, 1), "a send would fail at once");
}

#[test]
fn transports_and_events_are_told_too() {
    let pair = Pair::open();
    let queue = ReadyQueue::new().unwrap();
    let event = Event::new();
    let _in =
        (pair.server.watch(&queue, flags::ACCEPTABLE | flags::CLOSED, 1).unwrap(), event.watch(&queue, flags::DONE, 2));
    assert_eq!(round(&queue), []);
    event.set();
    assert_eq!(round(&queue), [told(flags::DONE, 2)]);
    event.clear();
    assert_eq!(round(&queue), []);
    let _ours = pair.client.open_channel("session", b"", None, None, soon()).unwrap();
    assert_eq!(one(&queue), told(flags::ACCEPTABLE, 1));
    let _theirs = pair.server.accept(soon()).unwrap();
    assert_eq!(round(&queue), []);
    pair.client.close();
    assert_eq!(one(&queue), told(flags::ACCEPTABLE | flags::CLOSED, 1));
    assert_eq!(pair.server.accept(soon()).err().unwrap().kind(), ErrorKind::PeerDisconnected);
}

#[test]
fn the_end_of_a_transport_is_told_to_all_its_channels() {
    let pair = Pair::open();
    let queue = ReadyQueue::new().unwrap();
    let channels: Vec<_> = (0..4).map(|_| pair.channel()).collect();
    let _in: Vec<_> =
        channels.iter().zip(0..).map(|((ours, _), n)| ours.watch(&queue, flags::CLOSED, n).unwrap()).collect();
    assert_eq!(round(&queue), []);
    let unstarted = Transport::from_fd(fds().0, options()).unwrap();
    let _also = unstarted.watch(&queue, flags::CLOSED, 4).unwrap();
    assert_eq!(round(&queue), []);
    pair.client.close();
    unstarted.close();
    let mut seen: Vec<_> = round(&queue).iter().map(|r| r.user_data).collect();
    seen.sort_unstable();
    assert_eq!(seen, [0, 1, 2, 3, 4]);
}

#[test]
fn what_left_the_queue_is_not_told() {
    let pair = Pair::open();
    let queue = ReadyQueue::new().unwrap();
    let channels: Vec<_> = (0..10).map(|_| pair.channel()).collect();
    let mut inside: Vec<_> =
        channels.iter().zip(0..).map(|((ours, _), n)| ours.watch(&queue, flags::WRITABLE, n).unwrap()).collect();
    assert_eq!(one(&queue).user_data, 0);
    // 0 was told in this round, 1 to 9 were not.
    inside.drain(..5);
    let mut seen: Vec<_> = round(&queue).iter().map(|r| r.user_data).collect();
    assert_eq!(seen, [5, 6, 7, 8, 9]);
    inside.truncate(1);
    seen = round(&queue).iter().map(|r| r.user_data).collect();
    assert_eq!(seen, [5]);
    assert!(polls_readable(queue.fd()));
    inside.clear();
    assert!(!polls_readable(queue.fd()), "nothing is left to ask for");
    // Whatever goes first.
    let last = channels[0].0.watch(&queue, flags::WRITABLE, 9).unwrap();
    drop(queue);
    drop(last);
    channels[0].0.shutdown_write().unwrap();
}

/// One thread frees channels while they are ready, another asks: nothing freed before a call is told by it.
#[test]
fn a_freed_handle_is_never_told_while_others_ask() {
    let pair = Pair::open();
    let queue = ReadyQueue::new().unwrap();
    let gone: Vec<AtomicBool> = (0..64).map(|_| AtomicBool::new(false)).collect();
    let over = AtomicBool::new(false);
    let asked = AtomicUsize::new(0);
    let mut channels: Vec<_> = (0..gone.len())
        .map(|n| {
            let (ours, theirs) = pair.channel();
            (ours.watch(&queue, flags::WRITABLE, n).unwrap(), ours, theirs)
        })
        .collect();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !over.load(Ordering::SeqCst) {
                    let gone_before: Vec<bool> = gone.iter().map(|g| g.load(Ordering::SeqCst)).collect();
                    if let Ok(ready) = queue.next(Deadline::after_ms(1)) {
                        assert!(!gone_before[ready.user_data]);
                        asked.fetch_add(1, Ordering::SeqCst);
                    }
                }
            });
        }
        while let Some((inside, ours, theirs)) = channels.pop() {
            let n = asked.load(Ordering::SeqCst);
            eventually("the others go on", || asked.load(Ordering::SeqCst) > n);
            drop(inside);
            gone[channels.len()].store(true, Ordering::SeqCst);
            drop((ours, theirs));
        }
        over.store(true, Ordering::SeqCst);
    });
    assert_eq!(round(&queue), []);
}

/// Threads that wait share the work: every byte is found by one of them, and no wake-up is lost.
#[test]
fn threads_that_wait_on_one_queue_find_everything() {
    let pair = Pair::open();
    let queue = ReadyQueue::new().unwrap();
    let channels: Vec<_> = (0..8).map(|_| pair.channel()).collect();
    let handles: Vec<_> = channels.iter().map(|_| Registrations::default()).collect();
    let arm = |n: usize| {
        let interest = flags::READABLE | flags::ONESHOT;
        handles[n].place(&queue, || channels[n].0.watch(&queue, 0, 0)).unwrap().set(interest, n);
    };
    (0..channels.len()).for_each(arm);
    let (total, want) = (AtomicUsize::new(0), 8 * 500);
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while total.load(Ordering::SeqCst) < want {
                    let Ok(ready) = queue.next(Deadline::after_ms(50)) else { continue };
                    let ours = &channels[ready.user_data].0;
                    while let Ok(Recv::Data(n)) = ours.recv(Stream::Data, 100, &mut |_| (), Deadline::after_ms(0)) {
                        total.fetch_add(n, Ordering::SeqCst);
                    }
                    arm(ready.user_data);
                }
            });
        }
        for _ in 0..500 {
            for (_, theirs) in &channels {
                theirs.send_all(b"x", soon()).unwrap();
            }
        }
        eventually("all of it is found", || total.load(Ordering::SeqCst) == want);
    });
}

#[test]
fn adding_a_handle_that_is_not_ready_wakes_nobody() {
    let queue = ReadyQueue::new().unwrap();
    let event = Event::new();
    let inside = event.watch(&queue, flags::DONE, 1);
    inside.set(flags::DONE, 2);
    assert!(!polls_readable(queue.fd()));
    event.set();
    assert!(polls_readable(queue.fd()));
    inside.set(flags::DONE, 3);
    assert_eq!(round(&queue), [told(flags::DONE, 3)]);
}

#[test]
fn a_wait_ends_with_the_deadline_or_with_news() {
    let queue = ReadyQueue::new().unwrap();
    assert_eq!(queue.next(Deadline::after_ms(20)).unwrap_err().kind(), ErrorKind::Timeout);
    let event = Event::new();
    let _in = event.watch(&queue, flags::DONE, 5);
    let other = queue.clone();
    let waiter = std::thread::spawn(move || other.next(Deadline::never()).unwrap());
    std::thread::sleep(std::time::Duration::from_millis(20));
    event.set();
    assert_eq!(waiter.join().unwrap(), told(flags::DONE, 5));
}

#[test]
fn an_entry_keeps_nothing_alive() {
    let queue = ReadyQueue::new().unwrap();
    let event = Event::new();
    event.set();
    let inside = event.watch(&queue, flags::DONE, 1);
    drop(event);
    assert_eq!(round(&queue), []);
    drop(inside);
    let pair = Pair::open();
    let (ours, theirs) = pair.channel();
    let _inside = ours.watch(&queue, flags::CLOSED, 1).unwrap();
    drop(ours);
    assert_eq!(theirs.recv(Stream::Data, 1, &mut |_| (), soon()).unwrap(), Recv::Eof);
    assert_eq!(round(&queue), []);
}

#[test]
fn a_forked_child_frees_a_queue_whose_lock_was_held() {
    let pair = Pair::open();
    let (ours, _theirs) = pair.channel();
    let queue = ReadyQueue::new().unwrap();
    // Dropped in the child; in the parent after the lock.
    let inside = std::cell::RefCell::new(Some(ours.watch(&queue, flags::WRITABLE, 1).unwrap()));
    let freed = queue.while_locked(|| {
        in_child(|| {
            pair.client.atfork();
            drop(inside.take());
            drop(queue.clone());
            true
        })
    });
    assert!(freed);
}

#[test]
fn queues_that_are_gone_leave_nothing_with_what_they_watched() {
    let event = Event::new();
    let handle = Registrations::default();
    for _ in 0..50 {
        let queue = ReadyQueue::new().unwrap();
        handle.place(&queue, || Ok(event.watch(&queue, 0, 0))).unwrap().set(flags::DONE, 1);
        assert_eq!(round(&queue), []);
    }
    event.watchers(|watchers| assert_eq!(watchers.len(), 1));
}

#[test]
fn a_handle_may_be_used_while_it_is_added() {
    let (queue, event) = (ReadyQueue::new().unwrap(), Event::new());
    let handle = Registrations::default();
    // As a log callback may, or another thread.
    let inside = || handle.place(&queue, || Ok(event.watch(&queue, 0, 0))).unwrap().set(flags::DONE, 1);
    let make = || {
        handle.remove(&queue);
        inside();
        Ok(event.watch(&queue, 0, 0))
    };
    handle.place(&queue, make).unwrap().set(flags::DONE, 2);
    event.set();
    assert_eq!(round(&queue), [told(flags::DONE, 2)]);
}
