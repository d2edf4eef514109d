//! Convolutions between few channels by their patches, on shapes that are no multiple of anything.

use netc::graph::op::Conv;
use netc::lower::{ConvAlgorithm, ConvAlgorithms, Im2col, Precision};
use netc_torch::lower::convolve;
use netc_torch::lower::kernels::Kernels;
use tch::{Device, Kind, Tensor};

use crate::kernels::{channels_last, error, random};

/// A convolution of images of so many channels, height and width.
struct Case {
    op: Conv,
    images: i64,
    image: [u64; 3],
}

/// Of kernel, stride, padding and dilation: rows, then columns.
fn case(
    images: i64,
    image: [u64; 3],
    out: u64,
    [kernel, stride, pad, dilation]: [[u64; 2]; 4],
) -> Case {
    let (groups, bias, init, train_weight) = (1, false, None, true);
    let op = Conv { out, kernel, stride, pad, dilation, groups, bias, init, train_weight };
    Case { op, images, image }
}

fn cases() -> [Case; 11] {
    let square = |kernel, stride, pad| [[kernel; 2], [stride; 2], [pad; 2], [1; 2]];
    [
        case(2, [3, 8, 8], 64, square(3, 1, 1)),
        case(3, [3, 9, 7], 33, square(3, 2, 1)),
        case(1, [3, 1, 1], 5, square(3, 1, 1)),
        case(5, [1, 28, 28], 6, square(5, 1, 2)),
        case(2, [3, 31, 30], 24, square(2, 1, 0)),
        case(2, [96, 7, 7], 40, square(1, 2, 0)),
        case(2, [2, 12, 11], 16, square(4, 4, 0)),
        case(2, [1, 5, 5], 16, square(2, 3, 6)),
        case(2, [4, 10, 13], 7, [[1, 7], [2, 1], [0, 3], [1, 1]]),
        case(2, [5, 10, 13], 7, [[3, 2], [1, 2], [4, 1], [3, 2]]),
        case(40, [3, 32, 32], 16, square(3, 1, 1)),
    ]
}

impl Case {
    fn x(&self) -> Tensor {
        let [channels, height, width] = self.image.map(|size| size as i64);
        random(&[self.images, channels, height, width])
    }

    fn of(&self) -> Im2col {
        Im2col::of(&self.op, self.image[0]).unwrap()
    }

    /// Kernel, stride, padding and dilation.
    fn numbers(&self) -> [[i64; 2]; 4] {
        let Conv { kernel, stride, pad, dilation, .. } = self.op;
        [kernel, stride, pad, dilation].map(|pair| pair.map(|size| size as i64))
    }
}

fn kernels(test: &str) -> Option<Kernels> {
    crate::unable::kernels(&format!("kernels_im2col::{test}"), Precision::Fp32)
}

#[test]
fn patches_are_those_of_libtorch() {
    let Some(kernels) = kernels("patches_are_those_of_libtorch") else { return };
    for case in cases() {
        let [kernel, stride, pad, dilation] = case.numbers();
        let [n, channels] = [case.images, case.image[0] as i64];
        let [rows, columns] = case.op.output([case.image[1], case.image[2]]).map(|n| n as i64);
        let x = case.x();
        let patches = x.im2col(kernel, dilation, pad, stride);
        let by_channel = patches.view([n, channels, kernel[0] * kernel[1], rows, columns]);
        let expected = by_channel.permute([0, 2, 1, 3, 4]).reshape([n, -1, rows, columns]);
        for kind in [Kind::Float, Kind::BFloat16] {
            let x = channels_last(&x.to_kind(kind));
            let found = kernels.patches(&x, case.of()).unwrap();
            let numbers = case.of().numbers() as i64;
            let zeros = found.narrow(1, numbers, found.size()[1] - numbers);
            assert!(zeros.eq(0.0).all().int64_value(&[]) == 1, "{:?} in {kind:?}", case.op);
            let found = found.narrow(1, 0, numbers);
            assert!(found.equal(&expected.to_kind(kind)), "{:?} in {kind:?}", case.op);
        }
    }
}

/// Input, weights and gradient of the output.
fn operands(case: &Case) -> [Tensor; 3] {
    let [kernel, ..] = case.numbers();
    let weight = random(&[case.op.out as i64, case.image[0] as i64, kernel[0], kernel[1]]);
    let [rows, columns] = case.op.output([case.image[1], case.image[2]]).map(|n| n as i64);
    let gradient = random(&[case.images, case.op.out as i64, rows, columns]);
    [case.x(), weight, gradient]
}

/// Output and gradient with respect to the weights by kernels.
fn by_kernels(case: &Case, precision: Precision, operands: &[Tensor; 3]) -> Option<[Tensor; 2]> {
    let [x, weight, gradient] = operands;
    let kind = if precision == Precision::Bf16 { Kind::BFloat16 } else { Kind::Float };
    let direct = ConvAlgorithms::all(ConvAlgorithm::Direct);
    let algorithms = ConvAlgorithms { input: ConvAlgorithm::Library, ..direct };
    let [x, gradient] = [x, gradient].map(|t| t.to_kind(kind));
    let found = convolve(&case.op, algorithms, precision, [&x, weight, &gradient]).unwrap();
    found.map(|[y, _, dw]| [y, dw])
}

/// The same in fp64.
fn exact(case: &Case, operands: &[Tensor; 3]) -> [Tensor; 2] {
    let [_, stride, pad, dilation] = case.numbers();
    let [x, weight, gradient] = operands.each_ref().map(|t| t.to_kind(Kind::Double));
    let weight = weight.set_requires_grad(true);
    let y = x.conv2d(&weight, None::<&Tensor>, stride, pad, dilation, 1);
    let loss = (&y * gradient).sum(Kind::Double);
    let gradients = Tensor::run_backward(&[&loss], &[&weight], false, false);
    let [dw] = <[Tensor; 1]>::try_from(gradients).expect("one gradient");
    [y.detach(), dw]
}

#[test]
fn they_are_those_of_fp64() {
    let Some(_) = kernels("they_are_those_of_fp64") else { return };
    for case in cases() {
        let operands = operands(&case);
        let exact = exact(&case, &operands);
        for (precision, most) in [(Precision::Fp32, [1e-6; 2]), (Precision::Bf16, [3e-3, 1e-6])] {
            let Some(found) = by_kernels(&case, precision, &operands) else { continue };
            for (i, what) in ["y", "dw"].into_iter().enumerate() {
                let error = error(&found[i], &exact[i]);
                assert!(error < most[i], "{what} of {:?} in {precision}: {error}", case.op);
            }
        }
    }
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    let Some(_) = kernels("any_number_of_threads_gives_the_same_bits") else { return };
    let test = "kernels_im2col::any_number_of_threads_gives_the_same_bits";
    crate::threads::give_the_same_bits(test, || {
        let mut results = Vec::new();
        for case in cases() {
            tch::manual_seed(case.images);
            let found = by_kernels(&case, Precision::Fp32, &operands(&case));
            let what = format!("{:?}", case.op);
            results.extend(found.expect("kernels for fp32").map(|t| (what.clone(), t)));
        }
        results
    });
}

#[test]
fn what_does_not_fit_is_refused() {
    let Some(kernels) = kernels("what_does_not_fit_is_refused") else { return };
    let [case, ..] = cases();
    let x = case.x();
    assert!(kernels.patches(&x, case.of()).is_ok());
    assert!(kernels.patches(&x.contiguous(), case.of()).is_err(), "channels outermost");
    assert!(kernels.patches(&x.narrow(1, 0, 2), case.of()).is_err(), "fewer channels");
    assert!(kernels.patches(&x.to_kind(Kind::Double), case.of()).is_err(), "another kind");
    let unpadded = Conv { pad: [0, 0], ..case.op.clone() };
    let of = Im2col::of(&unpadded, 3).unwrap();
    let small = Tensor::zeros([2, 3, 2, 8], (Kind::Float, Device::Cpu));
    assert!(kernels.patches(&channels_last(&small), of).is_err(), "too small");
}
