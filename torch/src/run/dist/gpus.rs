//! Which rank computes on which GPU.

/// The GPU of a rank, as libtorch counts, from its local rank and the GPUs that its process sees.
/// A launcher may show all GPUs of the machine to each rank, or only its own.
///
/// # Errors
/// Fewer GPUs than local ranks, as a message.
pub fn gpu_of(local_rank: usize, gpus: usize) -> Result<usize, String> {
    match gpus {
        1 => Ok(0),
        _ if local_rank < gpus => Ok(local_rank),
        _ => Err(format!(
            "there is no GPU for local rank {local_rank}: libtorch found {gpus} CUDA GPUs\n\
             help: start at most {gpus} ranks on this machine, or choose `--device cpu`"
        )),
    }
}

/// Checks that all ranks compute on CPUs or each one on a GPU of its own, from the name of each
/// one's GPU, zero for a CPU.
///
/// # Errors
/// Which ranks do not go together, as a message.
pub fn apart(names: &[[i64; 2]]) -> Result<(), String> {
    let on_cpu = |name: &&[i64; 2]| **name == [0, 0];
    let cpus = names.iter().filter(on_cpu).count();
    if cpus == names.len() {
        return Ok(());
    }
    if cpus > 0 {
        let gpus = names.len() - cpus;
        return Err(format!(
            "{cpus} ranks compute on CPUs and {gpus} on GPUs: choose the same --device for all"
        ));
    }
    let twice = names.iter().enumerate().find_map(|(rank, name)| {
        names[..rank].iter().position(|other| other == name).map(|other| (other, rank))
    });
    twice.map_or(Ok(()), |(one, other)| {
        Err(format!(
            "ranks {one} and {other} would compute on the same GPU\n\
             help: start as many ranks as there are GPUs, and leave out --device: each rank takes \
             the GPU with its local rank"
        ))
    })
}
