//! Work shared by libtorch's own threads. A second pool of threads would fight with them for the
//! cores.

use std::ffi::c_void;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};

pub(super) use netc::lower::cpu::PARTS;

unsafe extern "C" {
    fn netc_parallel(work: extern "C" fn(*mut c_void, i64), context: *mut c_void, count: i64);
}

/// Calls `work` with each number below `count`, on as many threads as libtorch uses.
pub(super) fn parallel<F: Fn(usize) + Sync>(count: usize, work: F) {
    extern "C" fn one<F: Fn(usize) + Sync>(context: *mut c_void, i: i64) {
        // SAFETY: `context` is the closure below, which outlives the call.
        let work = unsafe { &*context.cast_const().cast::<F>() };
        work(i as usize);
        // Orders what was written past the caches before the end of the work.
        #[cfg(target_arch = "x86_64")]
        // SAFETY: all of these processors have SSE.
        unsafe {
            std::arch::x86_64::_mm_sfence();
        }
    }
    // SAFETY: the call returns when all work is done; the closure may be called from several
    // threads, as it is `Sync`.
    unsafe { netc_parallel(one::<F>, (&raw const work).cast_mut().cast(), count as i64) }
}

/// How many threads that is. To be asked outside of the work.
pub(super) fn threads() -> usize {
    usize::try_from(tch::get_num_threads()).unwrap_or(1).max(1)
}

/// The part of `count` things that is the share of `i` out of `of`.
pub(super) fn share(count: usize, i: usize, of: usize) -> Range<usize> {
    count * i / of..count * (i + 1) / of
}

/// Calls `work` with each number below `count`, and with a number below `threads` that no other
/// call has at the same time. Each thread begins with its own share of the numbers, the same one at
/// each call, so that what it wrote for a number is still in its cache; then it takes what is left
/// of the others' shares, so that a thread that waits for its processor holds up no more than what
/// it has begun.
pub(super) fn taken<F: Fn(usize, usize) + Sync>(threads: usize, count: usize, work: F) {
    let threads = threads.min(count);
    let shares: Vec<_> = (0..threads)
        .map(|i| share(count, i, threads))
        .map(|share| Share { next: AtomicUsize::new(share.start), end: share.end })
        .collect();
    parallel(threads, |thread| {
        let (before, own) = shares.split_at(thread);
        for Share { next, end } in own.iter().chain(before) {
            loop {
                let i = next.fetch_add(1, Ordering::Relaxed);
                if i >= *end {
                    break;
                }
                work(thread, i);
            }
        }
    });
}

/// What is left of a thread's share, in a cache line of its own.
#[repr(align(64))]
struct Share {
    next: AtomicUsize,
    end: usize,
}

/// Calls `work` with [`PARTS`] shares of `count` things, or one for each of fewer.
pub(super) fn shared<F: Fn(Range<usize>) + Sync>(count: usize, work: F) {
    shared_parts(count, |_, things| work(things));
}

/// The same, with the number of each share.
pub(super) fn shared_parts<F: Fn(usize, Range<usize>) + Sync>(count: usize, work: F) {
    let parts = PARTS.min(count);
    taken(threads(), parts, |_, part| work(part, share(count, part, parts)));
}

/// Memory that several threads write to at different places.
#[derive(Debug)]
pub(super) struct Shared<T>(*mut T);

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Shared<T> {
        *self
    }
}

impl<T> Copy for Shared<T> {}

// SAFETY: whoever dereferences it vouches that no two threads write to one place.
unsafe impl<T: Send> Send for Shared<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Sync for Shared<T> {}

impl<T> Shared<T> {
    pub(super) fn of(all: &mut [T]) -> Shared<T> {
        Shared(all.as_mut_ptr())
    }

    pub(super) fn at_pointer(pointer: *mut T) -> Shared<T> {
        Shared(pointer)
    }

    /// The same place as memory of another type.
    pub(super) fn cast<U>(self) -> Shared<U> {
        Shared(self.0.cast())
    }

    /// The place `i` numbers on.
    ///
    /// # Safety
    /// It lies within the slice.
    #[inline(always)]
    pub(super) unsafe fn at(self, i: usize) -> *mut T {
        // SAFETY: the caller vouches for it.
        unsafe { self.0.add(i) }
    }
}

/// Sixteen words in a cache line of their own.
#[derive(Debug, Clone, Copy)]
#[repr(C, align(64))]
pub(super) struct CacheLine([u32; 16]);

/// Memory in whole cache lines that grows as needed and is kept for the next time.
#[derive(Debug, Default)]
pub(super) struct Scratch(Vec<CacheLine>);

impl Scratch {
    /// At least so many words, with whatever they held last.
    pub(super) fn words(&mut self, count: usize) -> Shared<u32> {
        let lines = count.div_ceil(16);
        if self.0.len() < lines {
            self.0.resize(lines, CacheLine([0; 16]));
        }
        Shared(self.0.as_mut_ptr().cast())
    }
}
