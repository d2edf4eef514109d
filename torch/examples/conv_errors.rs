//! The errors of convolution algorithms on given tensors, as lines of JSON.
//!
//! `conv_errors FILE PRECISION ALGORITHM...`: FILE is of safetensors, with `NAME.x`, `NAME.w`
//! and `NAME.dy` for each convolution of 3 x 3, padded by 1: input, weights, and the gradient
//! of the output, whose size gives the stride. Each line has the convolution, the algorithm,
//! and the root mean squares of the errors of the output and of both gradients against fp64,
//! relative to their own; `null` where the algorithm does not apply. All algorithms get weights
//! that the precision holds, so that only their computation is compared.
//! `scripts/conv-errors.py` makes FILE.

use std::error::Error;
use std::io::{Write as _, stdout};

use netc::graph::op::Conv;
use netc::lower::{ConvAlgorithm, ConvAlgorithms, ConvChoice, Precision, Workload};
use netc_torch::lower::convolve;
use tch::{Kind, Tensor};

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let (Some(file), Some(precision)) = (args.next(), args.next()) else {
        return Err("usage: conv_errors FILE PRECISION ALGORITHM...".into());
    };
    let precision: Precision = precision.parse()?;
    let choices: Vec<ConvChoice> = args.map(|name| name.parse()).collect::<Result<_, _>>()?;
    let tensors = Tensor::read_safetensors(file)?;
    let find = |name: String| {
        let found = tensors.iter().find(|(other, _)| *other == name);
        found.map(|(_, tensor)| tensor).ok_or(format!("there is no tensor {name}"))
    };
    for name in tensors.iter().filter_map(|(name, _)| name.strip_suffix(".x")) {
        let part = |part: &str| find(format!("{name}.{part}"));
        let given = [part("x")?, part("w")?, part("dy")?];
        for &choice in &choices {
            let errors = errors(choice, precision, given)?;
            let line = serde_json::json!({ "conv": name, "by": choice, "errors": errors });
            writeln!(stdout(), "{line}")?;
        }
    }
    Ok(())
}

/// The errors in each direction; `None` if the algorithm does not apply to the convolution.
fn errors(
    choice: ConvChoice,
    precision: Precision,
    [x, w, dy]: [&Tensor; 3],
) -> Result<Option<[f64; 3]>, Box<dyn Error>> {
    let kind = if precision == Precision::Bf16 { Kind::BFloat16 } else { Kind::Float };
    let [x, dy] = [x.to_kind(kind), dy.to_kind(kind)];
    let w = w.to_kind(kind).to_kind(Kind::Float);
    let (images, channels, height, width) = x.size4()?;
    let (_, out, rows, columns) = dy.size4()?;
    let stride = [(height, rows), (width, columns)]
        .map(|(from, to)| from.unsigned_abs().div_ceil(to.unsigned_abs()));
    let op = conv(out as u64, stride);
    let load = Workload { images: images as u64, precision, threads: 1 };
    let image = [channels, height, width].map(|size| size as u64);
    let algorithms = choice.assumed(&op, image, load);
    let library = ConvAlgorithms::all(ConvAlgorithm::Library);
    if choice != ConvChoice::Library && algorithms == library {
        return Ok(None);
    }
    let exact = [&x, &w, &dy].map(|tensor| tensor.to_kind(Kind::Double));
    let Some(found) = convolve(&op, algorithms, precision, [&x, &w, &dy])? else {
        return Err(format!("this processor has no kernels for {precision}").into());
    };
    let expected = by_libtorch(&op, &exact)?;
    Ok(Some([0, 1, 2].map(|i| error(&found[i], &expected[i]))))
}

fn conv(out: u64, stride: [u64; 2]) -> Conv {
    let (kernel, pad, dilation) = ([3, 3], [1, 1], [1, 1]);
    let (groups, bias, init, train_weight) = (1, false, None, true);
    Conv { out, kernel, stride, pad, dilation, groups, bias, init, train_weight }
}

/// The output and both gradients by libtorch's autograd.
fn by_libtorch(op: &Conv, [x, w, dy]: &[Tensor; 3]) -> Result<[Tensor; 3], tch::TchError> {
    let leaf = |tensor: &Tensor| tensor.detach().set_requires_grad(true);
    let (x, w) = (leaf(x), leaf(w));
    let y = x.conv2d(&w, None::<&Tensor>, op.stride.map(|stride| stride as i64), 1, 1, 1);
    let gradients =
        Tensor::run_backward(&[(&y * dy).f_sum(Kind::Double)?], &[&x, &w], false, false);
    let [dx, dw] = [0, 1].map(|i| gradients[i].shallow_clone());
    Ok([y.detach(), dx, dw])
}

fn error(found: &Tensor, expected: &Tensor) -> f64 {
    let square = |t: &Tensor| t.square().mean(Kind::Double).double_value(&[]);
    (square(&(found.to_kind(Kind::Double) - expected)) / square(expected)).sqrt()
}
