/// What a launcher tells a process about its group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DistEnv {
    /// The rank of this process, from 0.
    pub rank: usize,
    /// The world size, at least 2.
    pub size: usize,
    /// Its local rank, from 0.
    pub local_rank: usize,
    /// The rendezvous host: the name or address of rank 0's machine.
    pub host: String,
    /// The rendezvous port.
    pub port: u16,
    /// Whether the launcher keeps the store itself, as torchrun does.
    pub launcher_hosts_store: bool,
    /// The number of this start of the job, if a launcher restarts it.
    pub attempt: u32,
}

impl DistEnv {
    /// Reads the environment: `RANK`, `WORLD_SIZE`, `LOCAL_RANK`, `MASTER_ADDR` and `MASTER_PORT`,
    /// as torchrun sets them, or the variables of a Slurm step with several tasks, as `srun` sets
    /// them. `None` for a single process.
    ///
    /// # Errors
    /// Variables that are missing or not numbers, as a message.
    pub fn of(env: impl Fn(&str) -> Option<String>) -> Result<Option<DistEnv>, String> {
        let number = |name: &str| -> Result<Option<usize>, String> {
            let Some(text) = env(name) else { return Ok(None) };
            text.trim()
                .parse()
                .map(Some)
                .map_err(|_| format!("expected a number in {name}, got `{text}`"))
        };
        let needed = |name: &str, with: &str| -> Result<usize, String> {
            number(name)?.ok_or_else(|| format!("{with} is set, {name} is not: both are needed"))
        };
        if let Some(rank) = number("RANK")? {
            let size = needed("WORLD_SIZE", "RANK")?;
            let host =
                env("MASTER_ADDR").ok_or("RANK is set, MASTER_ADDR is not: both are needed")?;
            let port = port(needed("MASTER_PORT", "RANK")?)?;
            let local_rank = number("LOCAL_RANK")?.unwrap_or(0);
            let launcher_hosts_store =
                env("TORCHELASTIC_USE_AGENT_STORE").as_deref() == Some("True");
            let attempt = number("TORCHELASTIC_RESTART_COUNT")?.unwrap_or(0) as u32;
            let place =
                DistEnv { rank, size, local_rank, host, port, launcher_hosts_store, attempt };
            return place.checked();
        }
        let Some(size) = number("SLURM_STEP_NUM_TASKS")?.filter(|size| *size > 1) else {
            return Ok(None);
        };
        let rank = needed("SLURM_PROCID", "SLURM_STEP_NUM_TASKS")?;
        let local_rank = number("SLURM_LOCALID")?.unwrap_or(0);
        let host =
            env("MASTER_ADDR").or_else(|| env("SLURM_STEP_NODELIST").map(|list| first_host(&list)));
        let host = host.ok_or("Slurm did not say where rank 0 is: set MASTER_ADDR")?;
        let port = match number("MASTER_PORT")? {
            Some(given) => port(given)?,
            // The same for all tasks of a step, another one for another job.
            None => 20_000 + (number("SLURM_JOB_ID")?.unwrap_or(0) % 20_000) as u16,
        };
        DistEnv { rank, size, local_rank, host, port, launcher_hosts_store: false, attempt: 0 }
            .checked()
    }

    fn checked(self) -> Result<Option<DistEnv>, String> {
        let DistEnv { rank, size, .. } = self;
        match (rank, size) {
            (_, 0..=1) => Ok(None),
            _ if rank < size => Ok(Some(self)),
            _ => Err(format!("rank {rank} is not below the number of ranks, {size}")),
        }
    }

    /// Whether this process hosts the store.
    pub fn hosts_store(&self) -> bool {
        self.rank == 0 && !self.launcher_hosts_store
    }

    /// The prefix of the group's keys in the store: torchrun's own store outlives a restart.
    pub fn prefix(&self) -> String {
        if self.launcher_hosts_store {
            format!("/netc/attempt_{}", self.attempt)
        } else {
            String::new()
        }
    }

    /// Whether all ranks are on this machine, judging by the rendezvous address.
    pub fn is_local(&self) -> bool {
        self.host == "localhost"
            || self.host.parse::<std::net::IpAddr>().is_ok_and(|a| a.is_loopback())
    }
}

fn port(number: usize) -> Result<u16, String> {
    let port = u16::try_from(number).ok().filter(|port| *port > 0);
    port.ok_or_else(|| format!("expected a port from 1 to 65535 in MASTER_PORT, got {number}"))
}

/// The first of Slurm's list: `n1` of `n[1-4,7],m2`.
fn first_host(list: &str) -> String {
    match list.find(['[', ',']) {
        Some(at) if list[at..].starts_with('[') => {
            let first: String = list[at + 1..].chars().take_while(char::is_ascii_digit).collect();
            format!("{}{first}", &list[..at])
        }
        Some(at) => list[..at].to_string(),
        None => list.to_string(),
    }
}
