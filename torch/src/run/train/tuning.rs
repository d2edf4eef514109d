use netc::lower::cpu::Features;
use netc::run::{Hardware, Method, data};

use crate::lower::Tuning;
use crate::run::device::Machine;

/// How convolutions are chosen on a machine; measurements are kept in the user's cache folder, if
/// there is one.
pub(in crate::run) fn tuning(method: &Method, machine: Machine) -> Tuning {
    let Hardware { cpu, threads, .. } = machine.hardware();
    let cache = data::cache_folder().ok().map(|folder| folder.join("convolutions.json"));
    let name = format!("{cpu}, {threads} threads, {}", Features::detect());
    let precision = machine.precision;
    let choice = if method.deterministic { method.conv.by_rule(precision) } else { method.conv };
    Tuning {
        choice,
        cache,
        retune: false,
        machine: name,
        without: method.without.clone(),
        ..Tuning::default()
    }
}
