use super::groups::Group;
use crate::search::SearchError;
use crate::tools::markup::cell;

pub(super) fn csv(groups: &[Group]) -> Result<String, SearchError> {
    let failed = |error: &dyn std::fmt::Display| SearchError::new(error.to_string());
    let mut out = ::csv::Writer::from_writer(Vec::new());
    let header = [
        "variant",
        "family",
        "epochs",
        "rank",
        "n",
        "mean",
        "std",
        "std_error",
        "low95",
        "high95",
        "time_s",
        "time_min_s",
        "time_max_s",
        "params",
        "macs",
        "front",
        "front_clear",
        "like_best",
        "not_finished",
    ];
    out.write_record(header).map_err(|e| failed(&e))?;
    let number = |x: Option<f64>| x.map_or(String::new(), |x| format!("{x:.4}"));
    for g in groups {
        let record = [
            cell(&g.variant).into_owned(),
            cell(&g.family).into_owned(),
            g.epochs.to_string(),
            g.rank.to_string(),
            g.runs.len().to_string(),
            number(g.mean()),
            number(g.sample.filter(|s| s.n > 1).map(|s| s.std)),
            number(g.std_error),
            number(g.interval.map(|[low, _]| low)),
            number(g.interval.map(|[_, high]| high)),
            number(g.time.map(|t| t.median)),
            number(g.time.map(|t| t.min)),
            number(g.time.map(|t| t.max)),
            g.params.to_string(),
            g.macs.to_string(),
            g.front.to_string(),
            g.front_clear.to_string(),
            g.like_best.to_string(),
            g.others.to_string(),
        ];
        out.write_record(record).map_err(|e| failed(&e))?;
    }
    let bytes = out.into_inner().map_err(|e| failed(&e))?;
    String::from_utf8(bytes).map_err(|e| failed(&e))
}
