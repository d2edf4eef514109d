use std::collections::BTreeMap;

use super::Run;

/// The runs of one variant at one length in numbers. Accuracies are in percent, times in seconds.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// The variant's name.
    pub variant: String,
    /// Epochs of each run.
    pub epochs: u32,
    /// Finished runs.
    pub finished: usize,
    /// Runs that are not over, or that failed.
    pub others: usize,
    /// Mean test accuracy of the finished ones.
    pub mean: Option<f64>,
    /// Sample standard deviation, with n - 1; from two runs on.
    pub std: Option<f64>,
    /// Standard error of the mean: the deviation over the root of n.
    pub std_error: Option<f64>,
    /// Mean time of training and testing.
    pub time: Option<f64>,
}

/// The runs by variant and length, the best mean first; the order of the runs does not matter.
pub fn summarise(runs: &[Run]) -> Vec<Summary> {
    let mut groups: BTreeMap<(&str, u32), Vec<&Run>> = BTreeMap::new();
    for run in runs {
        groups.entry((&run.inputs.variant, run.inputs.epochs)).or_default().push(run);
    }
    let mut all: Vec<Summary> = groups
        .into_iter()
        .map(|((variant, epochs), runs)| {
            let mut accuracies: Vec<f64> = runs.iter().filter_map(|run| run.accuracy()).collect();
            accuracies.sort_by(f64::total_cmp);
            let n = accuracies.len() as f64;
            let mean = mean(&accuracies);
            let std = mean
                .filter(|_| n > 1.0)
                .map(|mean| (accuracies.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt());
            let mut times: Vec<f64> = runs.iter().filter_map(|run| run.time()).collect();
            times.sort_by(f64::total_cmp);
            Summary {
                variant: variant.into(),
                epochs,
                finished: accuracies.len(),
                others: runs.len() - accuracies.len(),
                mean,
                std,
                std_error: std.map(|std| std / n.sqrt()),
                time: self::mean(&times),
            }
        })
        .collect();
    all.sort_by(|a, b| b.mean.unwrap_or(0.0).total_cmp(&a.mean.unwrap_or(0.0)));
    all
}

fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}
