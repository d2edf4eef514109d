//! Updates of all weights in one launch, and averages of them.

use tch::{Device, Kind, TchError, Tensor};

use super::launch::{KernelArgument, THREADS, count, suffix};
use super::{DeviceState, GROUPS, GpuKernels};

/// Elements that a block works on: `CHUNK` of the kernels.
const CHUNK: usize = 2048;

/// A weight `[...]`, its optimiser state and its gradient, all fp32 and in one layout: contiguous,
/// or with the input channels innermost. The gradient and the copy may have more input channels.
#[derive(Debug)]
pub struct Mover<'a> {
    /// The weight.
    pub weight: &'a Tensor,
    /// The velocity of SGD, the mean of AdamW.
    pub first: &'a Tensor,
    /// The mean square of AdamW.
    pub second: Option<&'a Tensor>,
    /// The gradient.
    pub gradient: &'a Tensor,
    /// The weight in 16 bits, which is written as well.
    pub copy: Option<&'a Tensor>,
    /// Which of a step's rates it moves by.
    pub group: usize,
}

/// A weight and its 16-bit copy.
#[derive(Debug)]
pub struct Copied<'a> {
    /// The weight.
    pub weight: &'a Tensor,
    /// The copy; it may have more input channels, which are set to 0.
    pub copy: &'a Tensor,
}

/// Stochastic gradient descent.
#[derive(Debug, Clone, Copy)]
pub struct Sgd {
    /// Multiplies the velocity.
    pub momentum: f32,
    /// Nesterov's form.
    pub nesterov: bool,
}

/// AdamW's constants.
#[derive(Debug, Clone, Copy)]
pub struct Adam {
    /// The decays of the mean and the mean square.
    pub betas: [f32; 2],
    /// Added to the root in the denominator.
    pub eps: f32,
    /// Turns the gradient of a sum of losses into that of their mean.
    pub inverse_batch: f32,
}

/// Weights on a device that move together. It holds their addresses: the tensors must outlive it.
#[derive(Debug)]
pub struct Updates {
    kernels: GpuKernels,
    suffix: &'static str,
    weights: Tensor,
    chunks: Tensor,
    blocks: u32,
}

impl Updates {
    /// For these weights; copies are of a kind, fp16 or bf16.
    ///
    /// # Errors
    /// Tensors of another kind or layout, a group beyond [`GROUPS`].
    pub fn new(kernels: &GpuKernels, kind: Kind, moved: &[Mover<'_>]) -> Result<Updates, TchError> {
        let row = |moved: &Mover<'_>| WeightRow::of(moved, padded(moved.gradient, moved.weight)?);
        let rows: Vec<WeightRow> = moved.iter().map(row).collect::<Result<_, _>>()?;
        Updates::of(kernels, kind, &rows)
    }

    /// Only for copying.
    ///
    /// # Errors
    /// Tensors of another kind or layout.
    pub fn copying(
        kernels: &GpuKernels,
        kind: Kind,
        copied: &[Copied<'_>],
    ) -> Result<Updates, TchError> {
        let row = |Copied { weight, copy }: &Copied<'_>| {
            let (first, gradient) = (*weight, *weight);
            let moved = Mover { weight, first, second: None, gradient, copy: Some(copy), group: 0 };
            WeightRow::of(&moved, innermost(copy)?)
        };
        let rows: Vec<WeightRow> = copied.iter().map(row).collect::<Result<_, _>>()?;
        Updates::of(kernels, kind, &rows)
    }

    fn of(kernels: &GpuKernels, kind: Kind, rows: &[WeightRow]) -> Result<Updates, TchError> {
        let table: Vec<u8> = rows.iter().flat_map(WeightRow::bytes).collect();
        let counts: Vec<usize> = rows.iter().map(|row| row.count as usize).collect();
        let (chunks, blocks) = chunks(&counts, kernels.device())?;
        // Without copies the kernels of any kind do.
        let suffix = if kind == Kind::BFloat16 { suffix(kind)? } else { "f16" };
        let weights = on(&table, kernels.device())?;
        Ok(Updates { kernels: kernels.clone(), suffix, weights, chunks, blocks })
    }

    /// Notes in the state whether a gradient is not finite.
    ///
    /// # Errors
    /// What CUDA refuses.
    pub fn check_finite(&self, state: &DeviceState) -> Result<(), TchError> {
        self.launch("finite", &[state.into()])
    }

    /// Moves all weights once, each by the rates of its group in the state: `v <- momentum v - rate
    /// g - decay w`, then `w <- w + v`, or with Nesterov's form `w <- w + momentum v - rate g -
    /// decay w`. A group with a negative rate stands still, and all of them do after
    /// [`check_finite`](Updates::check_finite) has found a gradient that is not finite.
    ///
    /// # Errors
    /// What CUDA refuses.
    pub fn sgd(&self, state: &DeviceState, by: Sgd) -> Result<(), TchError> {
        self.launch("sgd", &[state.into(), by.momentum.into(), by.nesterov.into()])
    }

    /// The same by Adam with decoupled weight decay; the state's numbers behind the rates of the
    /// groups are the two corrections of the bias.
    ///
    /// # Errors
    /// What CUDA refuses.
    pub fn adamw(&self, state: &DeviceState, by: Adam) -> Result<(), TchError> {
        let [mean, square] = by.betas.map(KernelArgument::from);
        self.launch("adamw", &[state.into(), mean, square, by.eps.into(), by.inverse_batch.into()])
    }

    /// Writes the 16-bit copies.
    ///
    /// # Errors
    /// What CUDA refuses.
    pub fn copy_weights(&self) -> Result<(), TchError> {
        self.launch("copy_weights", &[])
    }

    fn launch(&self, kernel: &str, more: &[KernelArgument]) -> Result<(), TchError> {
        let tables = [(&self.weights).into(), (&self.chunks).into()];
        let arguments: Vec<KernelArgument> = tables.iter().chain(more).copied().collect();
        let name = format!("{kernel}_{}", self.suffix);
        self.kernels.launch(&name, [self.blocks, 1], THREADS, &arguments)
    }
}

/// Moving averages of tensors. It holds their addresses: the tensors must outlive it.
#[derive(Debug)]
pub struct Averages {
    kernels: GpuKernels,
    pairs: Tensor,
    chunks: Tensor,
    blocks: u32,
}

impl Averages {
    /// Of pairs of an average and what it follows, dense, fp32, in one layout.
    ///
    /// # Errors
    /// Tensors of another kind or layout.
    pub fn new(kernels: &GpuKernels, pairs: &[[&Tensor; 2]]) -> Result<Averages, TchError> {
        let (mut table, mut counts) = (Vec::new(), Vec::new());
        for [average, followed] in pairs {
            let numbers = dense(average)?;
            dense(followed)?;
            same_layout(average, followed)?;
            for tensor in [average, followed] {
                table.extend(address(tensor).to_ne_bytes());
            }
            table.extend(u64::from(numbers).to_ne_bytes());
            counts.push(numbers as usize);
        }
        let device = kernels.device();
        let (chunks, blocks) = chunks(&counts, device)?;
        Ok(Averages { kernels: kernels.clone(), pairs: on(&table, device)?, chunks, blocks })
    }

    /// Moves every average towards what it follows by a part that is one of the state's numbers.
    ///
    /// # Errors
    /// What CUDA refuses.
    pub fn follow(&self, state: &DeviceState, part: usize) -> Result<(), TchError> {
        let tables = [(&self.pairs).into(), (&self.chunks).into()];
        let more = [state.into(), count(part)?.into()];
        let arguments: Vec<KernelArgument> = tables.into_iter().chain(more).collect();
        self.kernels.launch("lerp", [self.blocks, 1], THREADS, &arguments)
    }
}

/// A weight as the kernels know it: their `Weight`.
#[derive(Debug)]
struct WeightRow {
    addresses: [u64; 5],
    count: u32,
    /// Input channels of the weight, and of gradient and copy.
    channels: u32,
    padded: u32,
    group: u32,
}

impl WeightRow {
    /// With `padded` input channels in gradient and copy.
    fn of(moved: &Mover<'_>, padded: u32) -> Result<WeightRow, TchError> {
        let Mover { weight, first, second, gradient, copy, group } = moved;
        let numbers = dense(weight)?;
        for tensor in [*first].iter().chain(second) {
            dense(tensor)?;
            same_layout(weight, tensor)?;
        }
        let channels = innermost(weight)?;
        if gradient.kind() != Kind::Float {
            return Err(TchError::Kind(format!("a gradient in {:?}", gradient.kind())));
        }
        if let Some(copy) = copy
            && (innermost(copy)? != padded || !is_dense(copy) || !super::is_16_bits(copy.kind()))
        {
            return Err(TchError::Shape(format!(
                "no copy {:?} {:?} of a weight {:?}",
                copy.kind(),
                copy.size(),
                weight.size()
            )));
        }
        let group = count(*group)?;
        if group as usize >= GROUPS {
            return Err(TchError::Shape(format!("more than {GROUPS} groups of weights")));
        }
        let addresses = [
            address(weight),
            address(first),
            second.map_or(0, address),
            address(gradient),
            copy.map_or(0, address),
        ];
        Ok(WeightRow { addresses, count: numbers, channels, padded, group })
    }

    fn bytes(&self) -> Vec<u8> {
        let WeightRow { count, channels, padded, group, .. } = *self;
        // Layouts are alike, so no plane is innermost, and gradients are fp32.
        let (plane, wide) = (1, 1);
        let addresses = self.addresses.iter().flat_map(|address| address.to_ne_bytes());
        let numbers = [count, channels, padded, plane, group, wide];
        addresses.chain(numbers.iter().flat_map(|number| number.to_ne_bytes())).collect()
    }
}

fn address(tensor: &Tensor) -> u64 {
    tensor.data_ptr().expose_provenance() as u64
}

/// The elements of an fp32 tensor without gaps.
fn dense(tensor: &Tensor) -> Result<u32, TchError> {
    match tensor.kind() == Kind::Float && is_dense(tensor) {
        true => count(tensor.numel()),
        false => Err(TchError::Shape(format!(
            "expected a dense fp32 tensor, got {:?} {:?} with strides {:?}",
            tensor.kind(),
            tensor.size(),
            tensor.stride()
        ))),
    }
}

fn is_dense(tensor: &Tensor) -> bool {
    let permuted = || tensor.f_permute([0, 2, 3, 1]).is_ok_and(|t| t.is_contiguous());
    tensor.is_contiguous() || (tensor.dim() == 4 && permuted())
}

fn same_layout(a: &Tensor, b: &Tensor) -> Result<(), TchError> {
    match a.size() == b.size() && a.stride() == b.stride() {
        true => Ok(()),
        false => Err(TchError::Shape(format!(
            "expected one layout, got {:?} with strides {:?} and {:?} with strides {:?}",
            a.size(),
            a.stride(),
            b.size(),
            b.stride()
        ))),
    }
}

/// The innermost size: the input channels of filters, the last dimension of others.
fn innermost(tensor: &Tensor) -> Result<u32, TchError> {
    let dim = if tensor.dim() == 4 { 1 } else { tensor.dim().saturating_sub(1) };
    count(tensor.size().get(dim).map_or(1, |&size| size as usize))
}

/// The input channels in memory of a gradient, which may be a view of a larger tensor.
fn padded(gradient: &Tensor, weight: &Tensor) -> Result<u32, TchError> {
    if gradient.size() == weight.size() && gradient.stride() == weight.stride() {
        return innermost(weight);
    }
    let (sizes, strides) = (gradient.size(), gradient.stride());
    let wide = match (&sizes[..], &strides[..]) {
        (&[_, channels, height, width], &[filter, 1, row, pixel])
            if gradient.size() == weight.size()
                && pixel >= channels
                && row == width * pixel
                && filter == height * row =>
        {
            Some(pixel as usize)
        }
        _ => None,
    };
    match wide {
        Some(wide) => count(wide),
        None => Err(TchError::Shape(format!(
            "no gradient {sizes:?} with strides {strides:?} of a weight {:?} with strides {:?}",
            weight.size(),
            weight.stride()
        ))),
    }
}

/// A row for each block: which tensor, and its first element.
fn chunks(counts: &[usize], device: Device) -> Result<(Tensor, u32), TchError> {
    let mut table: Vec<u8> = Vec::new();
    for (tensor, numbers) in (0u32..).zip(counts) {
        for first in (0..*numbers).step_by(CHUNK) {
            table.extend(tensor.to_ne_bytes());
            table.extend(count(first)?.to_ne_bytes());
        }
    }
    Ok((on(&table, device)?, count(table.len() / 8)?))
}

/// A table on a device.
fn on(table: &[u8], device: Device) -> Result<Tensor, TchError> {
    Tensor::f_from_slice(table)?.f_to_device(device)
}
