//! Random nets that are right: they check clean, keep their text and their graph, and do on
//! libtorch what the check said. Random settings of single ops, and random mistakes in the nets of
//! the repository.
//!
//! `NETC_CASES=20` does twenty times as many; `NETC_SEED=7` does others.

use netc::check::Checked;
use netc::diag::{Sources, Style, render};
use netc::syntax::{Overlay, parse, print};
use netc::{Compilation, compile_over};
use proptest::collection::vec;
use proptest::prelude::any;
use proptest::test_runner::{Config, RngSeed, TestCaseError, TestRunner};

use crate::chance::{Choices, Net};
use crate::chance::{conv, pool};

/// How many cases: some by default, more if asked for.
pub fn cases(some: u32) -> u32 {
    some * number("NETC_CASES").unwrap_or(1) as u32
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap())
}

/// Calls a test with so many lists of choices; one that fails is made shorter.
pub fn with_choices(count: u32, test: impl Fn(Choices) -> Result<(), String>) {
    let config = Config {
        cases: count,
        failure_persistence: None,
        max_global_rejects: count * 10,
        rng_seed: RngSeed::Fixed(number("NETC_SEED").unwrap_or(1)),
        ..Config::default()
    };
    let tried = TestRunner::new(config).run(&vec(any::<u32>(), 1..160), |list| {
        test(Choices::new(list)).map_err(TestCaseError::fail)
    });
    if let Err(failure) = tried {
        panic!("{failure}");
    }
}

/// The compilation of a text.
fn compiled(text: &str) -> Compilation {
    let overlay: Overlay = [("/nowhere/a.net".to_owned(), text.to_owned())].into();
    compile_over("/nowhere/a.net".as_ref(), &[], &overlay)
}

pub fn checked(text: &str) -> Result<Checked, String> {
    let compilation = compiled(text);
    let problems = render(&compilation.problems, &compilation.sources, Style::PLAIN);
    compilation.net.ok_or(format!("{text}\n{problems}"))
}

fn canonical(text: &str) -> Result<String, String> {
    let mut sources = Sources::default();
    let id = sources.add("a.net", text);
    parse(&sources, id).map(|tree| print(&tree)).map_err(|p| render(&p, &sources, Style::PLAIN))
}

#[test]
fn nets_by_chance_are_sound_and_keep_their_text_and_graph() {
    with_choices(cases(100), |mut choices| {
        let text = Net::of(&mut choices);
        let net = checked(&text)?;
        let printed = canonical(&text)?;
        let again = canonical(&printed)?;
        if again != printed {
            return Err(format!("{printed}\n---\n{again}"));
        }
        let flat = net.flat_text(None);
        for other in [&printed, &flat] {
            if checked(other)?.graph().hash() != net.graph().hash() {
                return Err(format!("{text}\n---\n{other}"));
            }
        }
        Ok(())
    });
}

mod torch {
    use netc::lower::Precision;
    use netc_torch::lower::{Mode, TorchNet};
    use tch::{Device, Kind, Tensor};

    use super::*;
    use crate::compiled::{apart, nets_of};
    use netc::lower::ConvChoice;

    /// What libtorch makes of an input, next to what the check said.
    fn shapes_agree(net: &Checked, text: &str) -> Result<(), String> {
        let torch = TorchNet::new(net, 1, Device::Cpu, Precision::Fp32)
            .map_err(|e| format!("{text}\n{e}"))?;
        let mut dims = vec![2];
        dims.extend(net.shape(net.input()).dims().iter().map(|&d| d as i64));
        let image = Tensor::ones(&dims, (Kind::Float, Device::Cpu));
        for mode in [Mode::Eval, Mode::Train { seed: 1 }] {
            let y =
                tch::no_grad(|| torch.forward(&image, mode)).map_err(|e| format!("{text}\n{e}"))?;
            let got: Vec<u64> = y.size()[1..].iter().map(|&d| d as u64).collect();
            if got != net.shape(net.output()).dims() {
                return Err(format!("{text}\nlibtorch: {got:?}"));
            }
        }
        Ok(())
    }

    #[test]
    fn nets_by_chance_have_libtorchs_shapes() {
        with_choices(cases(100), |mut choices| {
            let text = Net::of(&mut choices);
            shapes_agree(&checked(&text)?, &text)
        });
    }

    #[test]
    fn nets_by_chance_take_the_same_step_in_both_executors() {
        with_choices(cases(30), |mut choices| {
            let text = Net::of(&mut choices);
            let (most, name) = apart(&checked(&text)?, Precision::Fp64, ConvChoice::Auto);
            if most < 1e-8 { Ok(()) } else { Err(format!("{text}\n{name}: {most}")) }
        });
    }

    #[test]
    fn settings_by_chance_have_libtorchs_shapes() {
        with_choices(cases(250), |mut choices| {
            let at = [choices.of(&[3, 1, 2, 4]), 1 + choices.below(20), 1 + choices.below(20)];
            let (op, to) =
                if choices.below(2) == 0 { conv(&mut choices, at) } else { pool(&mut choices, at) };
            let text = format!(
                "net one {{\n  input x: [N, {}, {}, {}]\n  {op}\n  output y: [N, {}, {}, {}]\n}}\n",
                at[0], at[1], at[2], to[0], to[1], to[2]
            );
            shapes_agree(&checked(&text)?, &text)
        });
    }

    /// A token in the place of another one of its file never gives a net that checks clean and that
    /// libtorch refuses.
    #[test]
    fn mutations_of_the_nets_are_refused_here_or_run() {
        // What a net claims of itself would refuse nearly all of them.
        let claims = |line: &&str| line.trim_start().starts_with("expect ");
        let without = |text: String| {
            text.lines().filter(|line| !claims(line)).map(|line| format!("{line}\n")).collect()
        };
        let sources: Vec<(String, String)> =
            nets_of().into_iter().map(|(path, text)| (path, without(text))).collect();
        let mut ran = std::cell::Cell::new(0);
        with_choices(cases(400), |mut choices| {
            let (path, text) = &sources[choices.below(sources.len() as u64) as usize];
            let tokens = tokens(text);
            let at = choices.below(tokens.len() as u64) as usize;
            let (start, old) = tokens[at];
            let other = tokens[choices.below(tokens.len() as u64) as usize].1;
            let new = match choices.below(4) {
                0 => "",
                1 if old.parse::<u64>().is_ok() => {
                    choices.of(&["0", "1", "2", "3", "5", "7", "16", "33"])
                }
                _ => other,
            };
            let mutated = format!("{}{new}{}", &text[..start], &text[start + old.len()..]);
            let overlay: Overlay = [(path.clone(), mutated.clone())].into();
            let compilation = compile_over(path.as_ref(), &[], &overlay);
            let Some(net) = &compilation.net else { return Ok(()) };
            // Larger ones only take longer.
            let values: u64 = net.order().iter().map(|&id| net.shape(id).elements()).sum();
            if net.macs() > 100_000_000 || net.params() > 3_000_000 || values > 3_000_000 {
                return Ok(());
            }
            ran.set(ran.get() + 1);
            shapes_agree(net, &mutated)
        });
        println!("{} mutations ran", ran.get_mut());
        assert!(*ran.get_mut() > 0);
    }

    /// Words, numbers and marks, each with its place.
    fn tokens(text: &str) -> Vec<(usize, &str)> {
        let mut found = Vec::new();
        let mut start = 0;
        let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        while let Some(c) = text[start..].chars().next() {
            let rest = &text[start..];
            let len = match c {
                '#' => rest.find('\n').unwrap_or(rest.len()),
                c if word(c) => rest.find(|c| !word(c)).unwrap_or(rest.len()),
                c => c.len_utf8(),
            };
            if !c.is_whitespace() && c != '#' {
                found.push((start, &rest[..len]));
            }
            start += len;
        }
        found
    }
}
