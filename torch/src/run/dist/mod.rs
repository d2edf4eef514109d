//! Data-parallel training over several processes with libtorch's process groups, configured by the
//! usual environment variables.
//!
//! Every rank draws the same shuffle and takes its share of each batch; gradients are summed over
//! the ranks, so that a step is that of the whole batch on one process.

mod c10d;
mod env;

use std::ops::Range;
use std::os::fd::IntoRawFd as _;

use netc::run::RunError;
use tch::{Device, TchError, Tensor};

use crate::lower::{At, TrainingNorm};
pub use env::DistEnv;

/// The maximum bytes of gradients that are summed as one tensor, as in PyTorch's
/// DistributedDataParallel.
const BUCKET: usize = 25 << 20;
/// How long a rank waits for a silent one. One that is gone is noticed at once.
const PATIENCE_MS: i64 = 120_000;

/// The ranks that train one net, from the point of view of one of them.
#[derive(Debug)]
pub struct Group {
    ranks: c10d::Ranks,
    env: DistEnv,
}

impl Group {
    /// Joins the group that the environment describes ([`DistEnv::of`]); `None` if it describes none.
    ///
    /// # Errors
    /// An incomplete environment, ranks that do not join.
    pub fn from_env() -> Result<Option<Group>, RunError> {
        let env = DistEnv::of(|name| std::env::var(name).ok()).map_err(RunError::Device)?;
        env.map(Group::join).transpose()
    }

    fn join(env: DistEnv) -> Result<Group, RunError> {
        let failed = |why: String| {
            let DistEnv { rank, size, host, port, .. } = &env;
            RunError::Device(format!(
                "rank {rank} of {size} cannot join the others at {host}:{port}: {why}"
            ))
        };
        // The store listens on this address alone; left to itself it takes every address of the
        // machine.
        let listen = if env.hosts_store() {
            let address = (env.host.as_str(), env.port);
            let socket = std::net::TcpListener::bind(address).map_err(|e| failed(e.to_string()))?;
            Some(socket.into_raw_fd())
        } else {
            None
        };
        let ranks = c10d::Ranks::join(&env, listen, PATIENCE_MS).map_err(failed)?;
        Ok(Group { ranks, env })
    }

    /// The rank of this process, from 0.
    pub fn rank(&self) -> usize {
        self.env.rank
    }

    /// The world size.
    pub fn size(&self) -> usize {
        self.env.size
    }

    /// Its local rank, from 0, which selects its GPU.
    pub fn local_rank(&self) -> usize {
        self.env.local_rank
    }

    /// This rank's share of a number of items from `first` on: shares differ by at most one.
    pub fn share(&self, first: usize, count: usize) -> Range<usize> {
        let cut = |rank: usize| first + count * rank / self.size();
        cut(self.rank())..cut(self.rank() + 1)
    }

    /// All-reduce: replaces each tensor, in host memory, by its sum over the ranks.
    ///
    /// # Errors
    /// A lost rank.
    pub fn sum(&self, tensors: &[&Tensor]) -> Result<(), RunError> {
        self.ranks.sum(tensors).map_err(|why| self.lost(why))
    }

    /// Broadcast: replaces each tensor by that of rank 0.
    ///
    /// # Errors
    /// A lost rank.
    pub fn broadcast(&self, tensors: &[&Tensor]) -> Result<(), RunError> {
        let host = tensors.iter().map(|t| t.f_to_device(Device::Cpu)?.f_contiguous());
        let host: Vec<Tensor> = host.collect::<Result<_, _>>().at("the weights")?;
        self.ranks.broadcast(&host.iter().collect::<Vec<_>>()).map_err(|why| self.lost(why))?;
        tensors.iter().zip(&host).try_for_each(|(tensor, host)| {
            tch::no_grad(|| tensor.shallow_clone().f_copy_(host))
                .at("the weights")
                .map_err(RunError::from)
        })
    }

    /// All-reduces gradients, in buckets; returns whether any rank has set `stop`.
    ///
    /// # Errors
    /// A lost rank.
    pub fn sum_gradients(&self, gradients: &mut [Tensor], stop: bool) -> Result<bool, RunError> {
        let flag = Tensor::f_from_slice(&[f32::from(u8::from(stop))]).at("the gradients")?;
        let buckets = buckets(gradients);
        let flat = buckets
            .iter()
            .map(|range| flatten(&gradients[range.clone()]))
            .collect::<Result<Vec<_>, _>>();
        let flat = flat.at("the gradients")?;
        let all: Vec<&Tensor> = flat.iter().chain([&flag]).collect();
        self.sum(&all)?;
        for (range, flat) in buckets.into_iter().zip(&flat) {
            unflatten(flat, &mut gradients[range]).at("the gradients")?;
        }
        Ok(flag.f_double_value(&[0]).at("the gradients")? > 0.0)
    }

    fn lost(&self, why: String) -> RunError {
        RunError::Rank { rank: self.rank(), size: self.size(), why }
    }
}

/// Buckets of gradients, the last ones first, because they are ready first.
fn buckets(gradients: &[Tensor]) -> Vec<Range<usize>> {
    let mut buckets: Vec<Range<usize>> = Vec::new();
    let mut bytes = 0;
    for i in (0..gradients.len()).rev() {
        let size = gradients[i].numel() * gradients[i].kind().elt_size_in_bytes();
        match buckets.last_mut() {
            Some(bucket) if bytes + size <= BUCKET => {
                bucket.start = i;
                bytes += size;
            }
            _ => {
                buckets.push(i..i + 1);
                bytes = size;
            }
        }
    }
    buckets
}

/// One contiguous tensor in host memory, where Gloo works.
fn flatten(tensors: &[Tensor]) -> Result<Tensor, TchError> {
    let rows: Vec<Tensor> = tensors.iter().map(|t| t.f_reshape([-1])).collect::<Result<_, _>>()?;
    Tensor::f_cat(&rows, 0)?.f_to_device(Device::Cpu)
}

fn unflatten(flat: &Tensor, tensors: &mut [Tensor]) -> Result<(), TchError> {
    let mut start = 0;
    for tensor in tensors {
        let count = tensor.numel() as i64;
        tensor.f_copy_(&flat.f_narrow(0, start, count)?.f_reshape(tensor.size())?)?;
        start += count;
    }
    Ok(())
}

/// Synchronised batch normalisation, with the statistics of the batch over all ranks.
#[derive(Debug)]
pub struct SyncNorm(
    /// The ranks.
    pub std::sync::Arc<Group>,
);

impl TrainingNorm for SyncNorm {
    fn apply(
        &self,
        x: &Tensor,
        [weight, bias, mean, var]: [&Tensor; 4],
        momentum: f64,
        eps: f64,
    ) -> Result<Tensor, TchError> {
        self.0
            .ranks
            .batch_norm(x, [weight, bias, mean, var], momentum, eps)
            .map_err(TchError::Torch)
    }
}
