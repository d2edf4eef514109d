use super::Loader;
use crate::diag::{Code, FileId, Problem, Span};

impl Loader<'_> {
    /// Reports each cycle once, where it closes.
    pub(super) fn cycles(&mut self, root: FileId) {
        let mut done: Vec<FileId> = Vec::new();
        // The way from the root: a file, the use that led there, and the next of its uses to
        // follow.
        let mut way: Vec<(FileId, Option<Span>, usize)> = vec![(root, None, 0)];
        while let Some((file, _, next)) = way.last_mut() {
            let (file, skip) = (*file, *next);
            *next += 1;
            let Some(&(to, span)) = self.uses.get(&file).and_then(|uses| uses.get(skip)) else {
                done.push(file);
                way.pop();
                continue;
            };
            if let Some(start) = way.iter().position(|step| step.0 == to) {
                let problem = self.cycle(&way[start..], to, span);
                self.problems.push(problem);
            } else if !done.contains(&to) {
                way.push((to, Some(span), 0));
            }
        }
    }

    fn cycle(&self, round: &[(FileId, Option<Span>, usize)], to: FileId, span: Span) -> Problem {
        let name = |id: FileId| self.sources.get(id).name.as_str();
        let names: Vec<&str> = round.iter().map(|step| name(step.0)).chain([name(to)]).collect();
        let message =
            format!("expected files that do not need one another, got {}", names.join(" -> "));
        let help = match round.len() {
            1 => "What a file declares needs no import in that file.",
            _ => "Move what they share into a file of its own.",
        };
        let mut problem = Problem::new(Code::ImportCycle, span, message)
            .label(format!("back to {}", name(to)))
            .help(help);
        for step in &round[1..] {
            problem = problem.related(step.1, format!("needs {}", name(step.0)));
        }
        problem
    }
}
