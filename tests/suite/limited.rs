//! Programs that run within limits. The child holds the memory itself and the clock the time, so
//! that a flood or a hang fails a test.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// What a program may take.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Far more than it takes: it tells a hang from a busy machine, and no more.
    pub time: Duration,
    /// The memory that it may ask for.
    pub kib: u64,
}

/// What a program did.
pub struct Ended {
    /// `None` if a signal ended it.
    pub code: Option<i32>,
    /// Standard error, then standard output.
    pub said: String,
    pub wall: Duration,
    /// Its memory at the peak, as far as it was seen.
    pub peak_kib: u64,
}

impl Limits {
    /// Runs a program in a folder; `what` is for the message if it is not done in time.
    #[track_caller]
    pub fn run(self, program: impl AsRef<Path>, args: &[&str], folder: &Path, what: &str) -> Ended {
        self.run_with(program, args, folder, what, |command| command)
    }

    /// The same with more said of the child, as its environment.
    #[track_caller]
    pub fn run_with(
        self,
        program: impl AsRef<Path>,
        args: &[&str],
        folder: &Path,
        what: &str,
        more: impl FnOnce(&mut Command) -> &mut Command,
    ) -> Ended {
        let (out, err) =
            (tempfile::NamedTempFile::new().unwrap(), tempfile::NamedTempFile::new().unwrap());
        let limits = format!("ulimit -d {} && ulimit -c 0 && exec \"$@\"", self.kib);
        let mut command = Command::new("sh");
        command.args(["-c", &limits, "sh"]).arg(program.as_ref()).args(args).current_dir(folder);
        command.env("OMP_NUM_THREADS", "1").stdin(Stdio::null());
        command.stdout(out.reopen().unwrap()).stderr(err.reopen().unwrap());
        let started = Instant::now();
        let mut child = more(&mut command).spawn().unwrap();
        let mut peak_kib = 0;
        let code = loop {
            let status =
                fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
            let used = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
            let used = used.map_or(0, |l| l.trim().trim_end_matches(" kB").parse::<u64>().unwrap());
            peak_kib = peak_kib.max(used);
            match child.try_wait().unwrap() {
                Some(status) => break status.code(),
                None if started.elapsed() > self.time => {
                    child.kill().unwrap();
                    child.wait().unwrap();
                    panic!("{what}: {args:?} is not done after {:?}; {peak_kib} KiB", self.time);
                }
                None => std::thread::sleep(Duration::from_millis(2)),
            }
        };
        let said = [fs::read(err.path()).unwrap(), fs::read(out.path()).unwrap()].concat();
        let said = String::from_utf8(said).unwrap();
        Ended { code, said, wall: started.elapsed(), peak_kib }
    }
}

impl Ended {
    /// Whatever it was given: it ended by itself with one of these codes, without a panic, and said
    /// nothing that drives a terminal.
    #[track_caller]
    pub fn is_proper(&self, what: &str, codes: &[i32]) {
        let Ended { code, said, .. } = self;
        assert!(code.is_some_and(|code| codes.contains(&code)), "{what}: {code:?}: {said}");
        assert!(!said.contains("panicked"), "{what}: {said}");
        let drives = |c: char| netc::diag::is_deceptive(c) || (c.is_control() && c != '\n');
        assert_eq!(said.chars().find(|c| drives(*c)), None, "{what}: {said:?}");
    }
}
