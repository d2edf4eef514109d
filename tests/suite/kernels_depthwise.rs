//! Depthwise convolutions against libtorch in fp64, on shapes that are no multiple of anything.

use netc::graph::op::{Activation, Conv, Gelu, Relu};
use netc::lower::Depthwise;
use netc_torch::lower::kernels::{Epilogue, FromTo, FusedOps, Kernels, Workspace};
use tch::{Device, Kind, Tensor};

use crate::kernels::{by_tier, channels_last, empty, error, random};

/// Images, channels, height, width; kernel, stride, padding above and before.
const SHAPES: [[i64; 8]; 13] = [
    [2, 16, 8, 8, 3, 1, 1, 1],
    [3, 40, 7, 9, 3, 2, 1, 1],
    [1, 33, 1, 1, 3, 1, 1, 1],
    [2, 7, 5, 17, 3, 2, 0, 2],
    [5, 130, 14, 14, 3, 1, 1, 1],
    [2, 24, 13, 6, 5, 1, 2, 2],
    [2, 24, 13, 6, 5, 2, 2, 1],
    [1, 50, 12, 11, 7, 1, 3, 3],
    [1, 50, 12, 11, 7, 2, 3, 0],
    [3, 2, 3, 3, 7, 2, 6, 4],
    [2, 19, 10, 10, 3, 2, 0, 0],
    [40, 12, 30, 30, 3, 1, 1, 1],
    // More than caches hold.
    [60, 64, 50, 50, 3, 1, 1, 1],
];

/// A convolution and its operands: input, weights, gradient of the output.
struct Case {
    of: Depthwise,
    stride: i64,
    pad: [i64; 2],
    x: Tensor,
    weight: Tensor,
    dy: Tensor,
}

impl Case {
    fn random([n, channels, h, w, kernel, stride, above, before]: [i64; 8]) -> Case {
        tch::manual_seed(n * channels + kernel);
        let weight = Tensor::randn([channels, 1, kernel, kernel], (Kind::Float, Device::Cpu));
        let [rows, columns] =
            [h + 2 * above, w + 2 * before].map(|padded| (padded - kernel) / stride + 1);
        let square = |size: i64| [size as u64; 2];
        let conv = Conv {
            out: channels as u64,
            kernel: square(kernel),
            stride: square(stride),
            pad: [above as u64, before as u64],
            dilation: [1, 1],
            groups: channels as u64,
            bias: false,
            init: None,
            train_weight: true,
        };
        assert_eq!(conv.output([h as u64, w as u64]), [rows as u64, columns as u64]);
        Case {
            of: Depthwise::of(&conv, channels as u64).unwrap(),
            stride,
            pad: [above, before],
            x: random(&[n, channels, h, w]),
            weight,
            dy: random(&[n, channels, rows, columns]),
        }
    }

    fn output(&self, x: &Tensor, weight: &Tensor, bias: Option<&Tensor>) -> Tensor {
        x.conv2d(weight, bias, [self.stride; 2], self.pad, [1, 1], x.size()[1])
    }

    /// Output and gradients by input and weights in fp64.
    fn exact(&self) -> [Tensor; 3] {
        let exact = |t: &Tensor| t.to_kind(Kind::Double).set_requires_grad(true);
        let (x, weight) = (exact(&self.x), exact(&self.weight));
        let y = self.output(&x, &weight, None);
        let loss = (&y * self.dy.to_kind(Kind::Double)).sum(Kind::Double);
        let gradients = Tensor::run_backward(&[&loss], &[&x, &weight], false, false);
        let [dx, dw] = <[Tensor; 2]>::try_from(gradients).expect("two gradients");
        [y.detach(), dx, dw]
    }

    /// The same by kernels.
    fn by(&self, kernels: Kernels, kind: Kind) -> [Tensor; 3] {
        let [x, dy] = [&self.x, &self.dy].map(|t| channels_last(&t.to_kind(kind)));
        let like = |t: &Tensor, kind| empty(t.size4().unwrap().into(), kind);
        let (y, dx) = (like(&dy, kind), like(&x, kind));
        let images = FromTo { from: &x, to: &y };
        let (plain, mut workspace) = (Epilogue::default(), Workspace::default());
        kernels.depthwise(images, &self.weight, self.of, plain, &mut workspace).unwrap();
        kernels.depthwise_grad_input(&dy, &dx, &self.weight, self.of).unwrap();
        let dw = like(&self.weight, Kind::Float);
        kernels.depthwise_grad_weights(&x, &dy, &dw, self.of).unwrap();
        [y, dx, dw]
    }
}

#[test]
fn they_are_those_of_fp64() {
    let tiers = by_tier("kernels_depthwise::they_are_those_of_fp64");
    for shape in SHAPES {
        let case = Case::random(shape);
        let exact = case.exact();
        for (tier, kernels) in &tiers {
            // The rounding of outputs to bf16; sums of the weights' gradient are fp32 in both.
            for (kind, most) in [(Kind::Float, [1e-6; 3]), (Kind::BFloat16, [3e-3, 3e-3, 1e-6])] {
                let found = case.by(*kernels, kind);
                for (i, what) in ["y", "dx", "dw"].into_iter().enumerate() {
                    let error = error(&found[i], &exact[i]);
                    assert!(
                        error < most[i],
                        "{what} of {shape:?} with {tier} in {kind:?}: {error}"
                    );
                }
            }
        }
    }
}

#[test]
fn any_number_of_threads_gives_the_same_bits() {
    let test = "kernels_depthwise::any_number_of_threads_gives_the_same_bits";
    crate::threads::give_the_same_bits(test, || {
        let mut results = Vec::new();
        for (tier, kernels) in by_tier(test) {
            for shape in SHAPES {
                let found = Case::random(shape).by(kernels, Kind::BFloat16);
                results.extend(found.map(|t| (format!("{shape:?} with {tier}"), t)));
            }
        }
        results
    });
}

#[test]
fn what_follows_comes_with_it() {
    let activations = [
        None,
        Some(Activation::Relu(Relu { max: None })),
        Some(Activation::Relu(Relu { max: Some(1.0) })),
        Some(Activation::Gelu(Gelu)),
    ];
    for (tier, kernels) in by_tier("kernels_depthwise::what_follows_comes_with_it") {
        let case = Case::random([2, 21, 9, 7, 3, 2, 1, 1]);
        let bias = Tensor::randn([21], (Kind::Float, Device::Cpu));
        let exact = |t: &Tensor| t.to_kind(Kind::Double);
        let plain = case.output(&exact(&case.x), &exact(&case.weight), Some(&exact(&bias)));
        for activation in activations {
            let expected = match activation {
                Some(Activation::Relu(Relu { max: Some(max) })) => plain.clamp(0.0, max),
                Some(Activation::Relu(_)) => plain.relu(),
                Some(_) => plain.gelu("none"),
                None => plain.shallow_clone(),
            };
            let (y, add) = (random(&plain.size()), random(&plain.size()));
            let after = FusedOps { activation, pool: false };
            let finish = Epilogue { bias: Some(&bias), after, add: Some(&add), sums: false };
            let images = FromTo { from: &case.x, to: &y };
            let mut workspace = Workspace::default();
            kernels.depthwise(images, &case.weight, case.of, finish, &mut workspace).unwrap();
            let error = error(&y, &(expected + exact(&add)));
            assert!(error < 1e-6, "{activation:?} with {tier}: {error}");
        }
    }
}

#[test]
fn what_sums_its_output_gives_the_moments_of_it() {
    for (tier, kernels) in
        by_tier("kernels_depthwise::what_sums_its_output_gives_the_moments_of_it")
    {
        for shape in SHAPES.into_iter().take(12) {
            let case = Case::random(shape);
            let (y, mut workspace) = (case.dy.empty_like(), Workspace::default());
            let y = channels_last(&y);
            let finish = Epilogue { sums: true, ..Epilogue::default() };
            let images = FromTo { from: &case.x, to: &y };
            kernels.depthwise(images, &case.weight, case.of, finish, &mut workspace).unwrap();
            let exact = y.to_kind(Kind::Double).permute([1, 0, 2, 3]).flatten(1, 3);
            if exact.size()[1] < 2 {
                continue;
            }
            let owned = [(); 4].map(|()| Tensor::ones([shape[1]], (Kind::Float, Device::Cpu)));
            // With a momentum of 1 they become the statistics.
            let of = owned.each_ref();
            kernels.summed_moments(&mut workspace, of, 1.0, 1e-5).unwrap();
            let [_, _, mean, var] = owned;
            let expected = exact.var_dim(&[1i64][..], true, false);
            let far = (mean - exact.mean_dim(&[1i64][..], false, Kind::Double)) / expected.sqrt();
            assert!(far.abs().max().double_value(&[]) < 1e-5, "{shape:?} with {tier}: mean {far}");
            let far = (var / expected - 1.0).abs().max().double_value(&[]);
            assert!(far < 1e-4, "{shape:?} with {tier}: variance {far}");
        }
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    let Some((_, kernels)) = by_tier("kernels_depthwise::what_does_not_fit_is_refused").pop()
    else {
        return;
    };
    let case = Case::random([2, 21, 9, 7, 3, 2, 1, 1]);
    let refused = |x: &Tensor, weight: &Tensor, y: &Tensor, finish: Epilogue<'_>| {
        let (images, mut workspace) = (FromTo { from: x, to: y }, Workspace::default());
        kernels.depthwise(images, weight, case.of, finish, &mut workspace).is_err()
    };
    let (x, weight, y, plain) = (&case.x, &case.weight, &case.dy, Epilogue::default());
    assert!(!refused(x, weight, y, plain));
    assert!(refused(x, weight, x, plain), "another size");
    assert!(refused(x, &weight.narrow(0, 0, 20), y, plain), "fewer weights");
    assert!(refused(x, &weight.to_kind(Kind::BFloat16), y, plain), "weights of another kind");
    assert!(refused(&x.contiguous(), weight, y, plain), "channels outermost");
    let pool = FusedOps { activation: None, pool: true };
    assert!(refused(x, weight, y, Epilogue { after: pool, ..plain }), "a pool");
    let none = |t: &Tensor| t.narrow(0, 0, 0);
    assert!(refused(&none(x), weight, &none(y), plain), "no images");
    assert!(kernels.depthwise_grad_input(x, y, weight, case.of).is_err(), "the other way round");
    assert!(kernels.depthwise_grad_weights(x, y, y, case.of).is_err(), "no weights");
}
