//! Data-parallel training over several processes, configured by the usual environment variables.
//!
//! Every rank draws the same shuffle and takes its share of each batch; gradients are summed over
//! the ranks, so that a step is that of the whole batch on one process. Ranks on CPUs use Gloo, in
//! libtorch's process groups. Ranks on GPUs use NCCL for gradients and weights, and Gloo for what
//! the host decides.

mod buckets;
mod c10d;
mod env;
mod gpus;
mod nccl;
mod reduction;

use std::ops::Range;
use std::os::fd::OwnedFd;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use netc::run::RunError;
use tch::{Device, TchError, Tensor};

use crate::lower::{At, TrainingNorm};
pub use buckets::{BucketPlace, Buckets};
pub use env::DistEnv;
pub use gpus::{apart, gpu_of};
use nccl::Nccl;
pub use nccl::{NcclLibrary, check_nccl};
pub(in crate::run) use reduction::Reduction;

/// How long a rank waits for a silent one. One that is gone is noticed at once.
const PATIENCE_MS: i64 = 120_000;

/// The ranks that train one net, from the point of view of one of them.
#[derive(Debug)]
pub struct Group {
    ranks: c10d::Ranks,
    env: DistEnv,
    nccl: OnceLock<Nccl>,
}

impl Group {
    /// Joins the group that the environment describes ([`DistEnv::of`]); `None` if it describes
    /// none.
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
            Some(OwnedFd::from(socket))
        } else {
            None
        };
        let ranks = c10d::Ranks::join(&env, listen, PATIENCE_MS).map_err(failed)?;
        Ok(Group { ranks, env, nccl: OnceLock::new() })
    }

    /// Says on which device this rank computes, before any tensor that is not in host memory is
    /// given to the group. Waits for the other ranks to say so. The first call decides.
    ///
    /// # Errors
    /// CPUs and GPUs mixed, two ranks on one GPU, no NCCL, a lost rank.
    pub fn on(&self, device: Device) -> Result<(), RunError> {
        let refused = |why: String| RunError::Device(format!("rank {}: {why}", self.rank()));
        let gpu = if let Device::Cuda(gpu) = device { Some(gpu) } else { None };
        let library = gpu.map(|_| NcclLibrary::open()).transpose().map_err(refused)?;
        let name = gpu.map_or(Ok([0, 0]), nccl::uuid).map_err(refused)?;
        let mut names = vec![[0i64; 2]; self.size()];
        names[self.rank()] = name;
        let all = Tensor::f_from_slice(names.as_flattened()).at("the names of the GPUs")?;
        self.sum(&[&all])?;
        let all: Vec<i64> = Vec::try_from(all).at("the names of the GPUs")?;
        let (names, _) = all.as_chunks::<2>();
        apart(names).map_err(refused)?;
        let (Some(gpu), Some(library), None) = (gpu, library, self.nccl.get()) else {
            return Ok(());
        };
        let id = if self.rank() == 0 { library.unique_id().map_err(refused)? } else { [0; 128] };
        let id = Tensor::f_from_slice(&id).at("the group's id")?;
        self.ranks.broadcast(&[&id]).map_err(|why| self.lost(why))?;
        let id: Vec<u8> = Vec::try_from(id).at("the group's id")?;
        let id = <[u8; 128]>::try_from(id).map_err(|_| refused("an id of another size".into()))?;
        let nccl = Nccl::join([self.rank(), self.size()], gpu, id).map_err(refused)?;
        self.nccl.get_or_init(|| nccl);
        Ok(())
    }

    /// NCCL, for a tensor on this rank's GPU.
    fn nccl(&self, tensor: &Tensor) -> Option<&Nccl> {
        self.nccl.get().filter(|nccl| tensor.device() == Device::Cuda(nccl.gpu()))
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

    /// Broadcast: replaces each tensor by that of rank 0, on GPUs without the host.
    ///
    /// # Errors
    /// A lost rank.
    pub fn broadcast(&self, tensors: &[&Tensor]) -> Result<(), RunError> {
        if let Some(nccl) = tensors.first().and_then(|tensor| self.nccl(tensor)) {
            let sent = tensors.iter().try_for_each(|tensor| nccl.broadcast(tensor));
            return sent.and_then(|()| nccl.rejoin()).map_err(|why| self.lost(why));
        }
        let host = tensors.iter().map(|t| t.f_to_device(Device::Cpu)?.f_contiguous());
        let host: Vec<Tensor> = host.collect::<Result<_, _>>().at("the weights")?;
        self.ranks.broadcast(&host.iter().collect::<Vec<_>>()).map_err(|why| self.lost(why))?;
        tensors.iter().zip(&host).try_for_each(|(tensor, host)| {
            tch::no_grad(|| tensor.shallow_clone().f_copy_(host))
                .at("the weights")
                .map_err(RunError::from)
        })
    }

    /// Whether any rank is asked to stop. It goes through host memory and waits for no GPU.
    ///
    /// # Errors
    /// A lost rank.
    pub fn stops(&self, asked: bool) -> Result<bool, RunError> {
        let flag = Tensor::f_from_slice(&[f32::from(u8::from(asked))]).at("the flag")?;
        self.sum(&[&flag])?;
        Ok(flag.f_double_value(&[0]).at("the flag")? > 0.0)
    }

    /// Has the host wait for this rank's GPU, if it has one; not without end, as other waits for it
    /// do when another rank is gone.
    ///
    /// # Errors
    /// A lost rank.
    pub fn wait(&self) -> Result<(), RunError> {
        let most = Duration::from_millis(PATIENCE_MS.unsigned_abs());
        let nccl = self.nccl.get();
        nccl.map_or(Ok(()), |nccl| nccl.wait(most)).map_err(|why| self.lost(why))
    }

    fn lost(&self, why: String) -> RunError {
        RunError::Rank { rank: self.rank(), size: self.size(), why }
    }
}

/// Synchronised batch normalisation, with the statistics of the batch over all ranks; not on GPUs.
#[derive(Debug)]
pub struct SyncNorm(Arc<Group>);

impl SyncNorm {
    /// Over the ranks of a group, which compute on this device.
    ///
    /// # Errors
    /// A GPU.
    pub fn new(group: &Arc<Group>, device: Device) -> Result<SyncNorm, RunError> {
        if device.is_cuda() {
            let message = "--sync-bn is for CPUs: its sums go through host memory, for which a \
                           GPU would stand still several times a layer\n\
                           help: leave it out, or choose `--device cpu`";
            return Err(RunError::Device(message.into()));
        }
        Ok(SyncNorm(Arc::clone(group)))
    }
}

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
