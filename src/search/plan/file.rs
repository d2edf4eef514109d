//! Reading and writing the plan and the nets in a search's folder.

use std::collections::HashSet;
use std::io::ErrorKind;
use std::path::Path;

use super::{Plan, Texts, net_name};
use crate::check::Checked;
use crate::disk::Folder;
use crate::limits::{MAX_FILE_BYTES, MAX_PLAN_BYTES};
use crate::search::untrusted::brief;
use crate::search::{RunId, SearchError, Sha};

/// The folder of the nets.
const NETS: &str = "nets";

impl Plan {
    /// Writes the plan and the nets' texts into a search's folder. An existing plan may only be
    /// extended with more runs; the new one records the earlier numbers of runs.
    ///
    /// # Errors
    /// A plan that could not be read back, a folder with another search, or one that cannot be
    /// written.
    pub fn write(&self, folder: &Path, texts: &Texts) -> Result<(), SearchError> {
        self.validate().map_err(|why| SearchError::new(format!("no search: {why}")))?;
        let place = Folder::create(folder).map_err(SearchError::io(folder))?;
        let mut plan = self.clone();
        if place.has(Self::FILE) {
            let old = Plan::read(folder)?;
            plan.extended.clone_from(&old.extended);
            if old == plan {
                return Ok(());
            }
            plan.goes_on_with(&old, folder)?;
            if plan.runs.len() > old.runs.len() {
                plan.extended.push(old.runs.len());
            }
        }
        place.create_sub(Plan::RUNS).map_err(SearchError::io(&folder.join(Plan::RUNS)))?;
        let nets = place.create_sub(NETS).map_err(SearchError::io(&folder.join(NETS)))?;
        for (graph, text) in texts {
            let name = net_name(graph);
            if !nets.read_text(&name, MAX_FILE_BYTES).is_ok_and(|old| old == *text) {
                nets.replace(&name, text.as_bytes())
                    .map_err(SearchError::io(&nets.path().join(name)))?;
            }
        }
        let text = serde_json::to_string_pretty(&plan)
            .map_err(|e| SearchError::new(e.to_string()))?
            + "\n";
        if text.len() > MAX_PLAN_BYTES {
            return Err(SearchError::new(format!(
                "the plan of the search is larger than {MAX_PLAN_BYTES} bytes"
            ))
            .help("split it: fewer variants or fewer runs"));
        }
        place
            .replace(Self::FILE, text.as_bytes())
            .map_err(SearchError::io(&folder.join(Self::FILE)))
    }

    /// Whether every run of an older plan is in this one.
    fn goes_on_with(&self, old: &Plan, folder: &Path) -> Result<(), SearchError> {
        let ids: HashSet<&RunId> = self.runs.iter().map(|run| &run.id).collect();
        let gone = old.runs.iter().filter(|run| !ids.contains(&run.id)).count();
        if gone == 0 {
            return Ok(());
        }
        let folder = folder.display();
        let message = match old.spec.data == self.spec.data && old.data_sha256 != self.data_sha256 {
            true => format!(
                "{folder} holds a search on other images: {} has changed since",
                self.spec.data
            ),
            false => {
                format!(
                    "{folder} holds another search: {gone} of its {} runs are not in this one",
                    old.runs.len()
                )
            }
        };
        Err(SearchError::new(message).help(
            "choose another folder with --output, or go on with that search: netc search DIR",
        ))
    }

    /// Reads the plan in a search's folder and validates it: every id, index, length, name and
    /// number is in its range, and each run has its recipe.
    ///
    /// # Errors
    /// No plan, one of an unsupported version, or an invalid field, which is named.
    pub fn read(folder: &Path) -> Result<Plan, SearchError> {
        let path = folder.join(Self::FILE);
        let read =
            Folder::open(folder).and_then(|place| place.read(Self::FILE, MAX_PLAN_BYTES as u64));
        let bytes = read.map_err(|error| match error.kind() {
            ErrorKind::NotFound => SearchError::new(format!(
                "{} holds no search: there is no {}",
                folder.display(),
                Self::FILE
            ))
            .help("start one: netc search nets/base.net --over res --output DIR"),
            ErrorKind::NotADirectory => SearchError::new(format!(
                "{} holds no search: it is a file, and a search is a folder",
                folder.display()
            )),
            _ => SearchError::Io { path: path.clone(), source: error },
        })?;
        let wrong = |why: String| {
            let why = brief(&why);
            SearchError::new(format!("{}: not a plan of this version: {why}", path.display()))
                .help("start another search with --output; what its runs say stays in their files")
        };
        let mut json = serde_json::Deserializer::from_slice(&bytes);
        let plan: Plan =
            serde_path_to_error::deserialize(&mut json).map_err(|e| wrong(e.to_string()))?;
        json.end().map_err(|e| wrong(e.to_string()))?;
        plan.validate().map_err(wrong)?;
        Ok(plan)
    }

    /// The net of a graph in a search's folder, with its text.
    ///
    /// # Errors
    /// A file that cannot be read, or contains another net.
    pub fn net(folder: &Path, graph: &Sha) -> Result<(Checked, String), SearchError> {
        let name = net_name(graph);
        let path = folder.join(NETS).join(&name);
        let nets = Folder::open(folder).and_then(|place| place.sub(NETS));
        let text = nets.and_then(|nets| nets.read_text(&name, MAX_FILE_BYTES));
        let text = text.map_err(SearchError::io(&path))?;
        Ok((Plan::compile(&text, graph)?, text))
    }
}
