use serde::Serialize;

/// A confusion matrix.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Confusion {
    /// The names of the classes.
    pub classes: Vec<String>,
    /// A row for each true class, a column for each predicted class.
    pub counts: Vec<Vec<u64>>,
}

/// A class that was mistaken for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Mistake {
    /// The true class.
    pub class: usize,
    /// The predicted class.
    pub answer: usize,
    /// How often.
    pub count: u64,
}

impl Confusion {
    /// An empty matrix.
    pub fn new(classes: Vec<String>) -> Confusion {
        let counts = vec![vec![0; classes.len()]; classes.len()];
        Confusion { classes, counts }
    }

    /// Counts one example. Invalid class indices are ignored.
    pub fn count(&mut self, class: usize, answer: usize) {
        if let Some(count) = self.counts.get_mut(class).and_then(|row| row.get_mut(answer)) {
            *count += 1;
        }
    }

    /// How many examples there were of a class.
    pub fn examples(&self, class: usize) -> u64 {
        self.counts[class].iter().sum()
    }

    /// The fraction of a class's examples that were classified correctly; `None` without examples.
    pub fn accuracy(&self, class: usize) -> Option<f64> {
        let examples = self.examples(class);
        (examples > 0).then(|| self.counts[class][class] as f64 / examples as f64)
    }

    /// The confusions, the most frequent first.
    pub fn mistakes(&self) -> Vec<Mistake> {
        let all = (0..self.classes.len()).flat_map(|class| {
            let row = self.counts[class].iter().enumerate();
            row.map(move |(answer, &count)| Mistake { class, answer, count })
        });
        let mut mistakes: Vec<Mistake> =
            all.filter(|m| m.class != m.answer && m.count > 0).collect();
        mistakes.sort_by_key(|m| (std::cmp::Reverse(m.count), m.class, m.answer));
        mistakes
    }
}
