//! The calls into `c10d.cpp`. All `unsafe` code for process groups is here.

#![allow(unsafe_code)]

use std::ffi::{CString, c_char, c_int, c_void};
use std::os::fd::{IntoRawFd as _, OwnedFd};
use std::ptr::null_mut;

use tch::Tensor;

use super::DistEnv;
use crate::native::message;

#[repr(C)]
struct RawGroup {
    _opaque: [u8; 0],
}

#[repr(C)]
struct RawSum {
    _opaque: [u8; 0],
}

unsafe extern "C" {
    fn netc_group_join(
        host: *const c_char,
        port: u16,
        listen: c_int,
        prefix: *const c_char,
        rank: c_int,
        size: c_int,
        address: *const c_char,
        interface: *const c_char,
        timeout_ms: i64,
        made: *mut *mut RawGroup,
    ) -> *mut c_char;
    fn netc_group_free(group: *mut RawGroup);
    fn netc_group_sum(
        group: *mut RawGroup,
        tensors: *const *const c_void,
        count: c_int,
    ) -> *mut c_char;
    fn netc_group_begin_sum(
        group: *mut RawGroup,
        tensor: *const c_void,
        begun: *mut *mut RawSum,
    ) -> *mut c_char;
    fn netc_sum_wait(sum: *mut RawSum) -> *mut c_char;
    fn netc_sum_free(sum: *mut RawSum);
    fn netc_group_broadcast(
        group: *mut RawGroup,
        tensors: *const *const c_void,
        count: c_int,
    ) -> *mut c_char;
    fn netc_sync_batch_norm(
        group: *mut RawGroup,
        x: *const c_void,
        weight: *const c_void,
        bias: *const c_void,
        running_mean: *const c_void,
        running_var: *const c_void,
        momentum: f64,
        eps: f64,
        result: *mut *mut c_void,
    ) -> *mut c_char;
}

/// A process group of libtorch. Its collectives are called by one thread at a time, in the same
/// order on every rank.
#[derive(Debug)]
pub(super) struct Ranks(*mut RawGroup);

// SAFETY: the group has locks of its own; it is not tied to the thread that made it.
unsafe impl Send for Ranks {}
// SAFETY: as above: c10d's groups may be called from several threads.
unsafe impl Sync for Ranks {}

impl Drop for Ranks {
    fn drop(&mut self) {
        // SAFETY: the pointer came from netc_group_join and is freed once.
        unsafe { netc_group_free(self.0) }
    }
}

impl Ranks {
    /// Joins the group; `listen` is the socket of the store, which the group takes over.
    pub(super) fn join(
        place: &DistEnv,
        listen: Option<OwnedFd>,
        timeout_ms: i64,
    ) -> Result<Ranks, String> {
        let text = |text: &str| CString::new(text).map_err(|_| format!("a NUL byte in `{text}`"));
        let (host, prefix) = (text(&place.host)?, text(&place.prefix())?);
        let address = text(if place.is_local() { "127.0.0.1" } else { "" })?;
        let interface = text(&std::env::var("GLOO_SOCKET_IFNAME").unwrap_or_default())?;
        let mut made = null_mut();
        let [rank, size] =
            [place.rank, place.size].map(|n| c_int::try_from(n).unwrap_or(c_int::MAX));
        // SAFETY: the texts outlive the call, and `made` is written only on success.
        let joined = unsafe {
            message::checked(netc_group_join(
                host.as_ptr(),
                place.port,
                listen.map_or(-1, OwnedFd::into_raw_fd),
                prefix.as_ptr(),
                rank,
                size,
                address.as_ptr(),
                interface.as_ptr(),
                timeout_ms,
                &raw mut made,
            ))
        };
        joined.map(|()| Ranks(made))
    }

    pub(super) fn sum(&self, tensors: &[&Tensor]) -> Result<(), String> {
        let (pointers, count) = pointers(tensors);
        // SAFETY: the tensors outlive the call, which ends after every one is summed.
        unsafe { message::checked(netc_group_sum(self.0, pointers.as_ptr(), count)) }
    }

    /// Begins to sum a tensor in host memory, which nobody reads or writes until it is done.
    pub(super) fn begin_sum(&self, tensor: &Tensor) -> Result<PendingSum, String> {
        let mut begun = null_mut();
        let pointer = tensor.as_ptr().cast::<c_void>();
        // SAFETY: the sum that begins shares the tensor; `begun` is written only on success.
        unsafe { message::checked(netc_group_begin_sum(self.0, pointer, &raw mut begun)) }
            .map(|()| PendingSum(begun))
    }

    pub(super) fn broadcast(&self, tensors: &[&Tensor]) -> Result<(), String> {
        let (pointers, count) = pointers(tensors);
        // SAFETY: as for `sum`.
        unsafe { message::checked(netc_group_broadcast(self.0, pointers.as_ptr(), count)) }
    }

    pub(super) fn batch_norm(
        &self,
        x: &Tensor,
        [weight, bias, mean, var]: [&Tensor; 4],
        momentum: f64,
        eps: f64,
    ) -> Result<Tensor, String> {
        let mut result = null_mut();
        let raw = |tensor: &Tensor| tensor.as_ptr().cast::<c_void>();
        // SAFETY: the tensors outlive the call; the graph that it leaves holds them and is walked
        // while the group is alive, for the net that does it has a share of the group.
        let done = unsafe {
            message::checked(netc_sync_batch_norm(
                self.0,
                raw(x),
                raw(weight),
                raw(bias),
                raw(mean),
                raw(var),
                momentum,
                eps,
                &raw mut result,
            ))
        };
        // SAFETY: on success `result` is a new tensor that nobody else owns.
        done.map(|()| unsafe { Tensor::from_ptr(result.cast()) })
    }
}

/// A sum over the ranks that has begun.
#[derive(Debug)]
pub(super) struct PendingSum(*mut RawSum);

// SAFETY: it is not tied to the thread that began it.
unsafe impl Send for PendingSum {}

impl Drop for PendingSum {
    fn drop(&mut self) {
        // SAFETY: the pointer came from netc_group_begin_sum and is freed once.
        unsafe { netc_sum_free(self.0) }
    }
}

impl PendingSum {
    /// Waits until it is done.
    pub(super) fn wait(self) -> Result<(), String> {
        // SAFETY: the pointer is valid until the drop.
        unsafe { message::checked(netc_sum_wait(self.0)) }
    }
}

fn pointers(tensors: &[&Tensor]) -> (Vec<*const c_void>, c_int) {
    let pointers: Vec<*const c_void> =
        tensors.iter().map(|tensor| tensor.as_ptr().cast::<c_void>()).collect();
    let count = c_int::try_from(pointers.len()).unwrap_or(c_int::MAX);
    (pointers, count)
}
