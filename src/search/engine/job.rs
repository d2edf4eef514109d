use serde::{Deserialize, Serialize};

/// The id of a Slurm job. It can never be mistaken for an option of a Slurm program.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "StoredJob", into = "StoredJob")]
pub struct JobId {
    pub(super) id: String,
    pub(super) cluster: Option<String>,
}

/// A job as stored in a file.
#[derive(Debug, Serialize, Deserialize)]
struct StoredJob {
    id: String,
    cluster: Option<String>,
}

impl JobId {
    /// The job with this number, and its cluster if Slurm has several.
    ///
    /// # Errors
    /// An invalid number or cluster name.
    pub fn new(id: &str, cluster: Option<&str>) -> Result<JobId, String> {
        let number = (1..=20).contains(&id.len()) && id.bytes().all(|c| c.is_ascii_digit());
        let sign = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'_' | b'.' | b'-');
        let named = |name: &str| {
            (1..=64).contains(&name.len())
                && !name.starts_with('-')
                && name != "all"
                && name.bytes().all(sign)
        };
        match (number, cluster.is_none_or(named)) {
            (false, _) => Err(format!("expected the number of a job, got {id:?}")),
            (_, false) => Err(format!(
                "expected the name of a cluster, got {:?}",
                cluster.unwrap_or_default()
            )),
            (true, true) => Ok(JobId { id: id.into(), cluster: cluster.map(String::from) }),
        }
    }

    /// Its number.
    pub fn number(&self) -> &str {
        &self.id
    }
}

impl TryFrom<StoredJob> for JobId {
    type Error = String;

    fn try_from(StoredJob { id, cluster }: StoredJob) -> Result<JobId, String> {
        JobId::new(&id, cluster.as_deref())
    }
}

impl From<JobId> for StoredJob {
    fn from(JobId { id, cluster }: JobId) -> StoredJob {
        StoredJob { id, cluster }
    }
}
