"""The faults that scripts/kernels/mutate.py puts into the CUDA kernels."""

BARRIER = "  __syncthreads();\n"
GLOBAL_MAX = """\
  const unsigned image = at / columns, first = at % columns * V;
  const typename"""
B16 = "B16::widen(B16::narrow({}))"

# By test and file: what is wrong, the text, what stands in its place. The text is there once.
FAULTS = {
    ("batch_norm", "reduce.cuh"): [
        ("no barrier after the parts", "[i % V];\n" + BARRIER, "[i % V];\n"),
        ("no barrier before the ticket", "  __threadfence();\n" + BARRIER, "  __threadfence();\n"),
        ("no barrier after the ticket", BARRIER + "  if (!last[0])", "  if (!last[0])"),
        ("no barrier after the slices", "= all[i];\n" + BARRIER, "= all[i];\n"),
        ("the ticket stays", "if (is_last) tickets[blockIdx.y] = 0;", ""),
        ("the first block is the last", "== gridDim.x - 1;", "== 0;"),
        (
            "the last tile is whole",
            "channels = all - start < WIDTH ? all - start : WIDTH;",
            "channels = WIDTH;",
        ),
        ("the last block is left out", "block < gridDim.x;", "block < gridDim.x - 1;"),
        (
            "tiles share their partials",
            "static_cast<size_t>(blockIdx.y) * gridDim.x + blockIdx.x",
            "blockIdx.x",
        ),
        (
            "channels of a vector change places",
            "channel % V) * ROW",
            "(V - 1 - channel % V)) * ROW",
        ),
    ],
    ("batch_norm", "batch_norm.cuh"): [
        (
            "statistics: idle threads leave before a barrier",
            "  if (!tile.idle()) {\n    // Sums",
            "  if (tile.idle()) return;\n  {\n    // Sums",
        ),
        ("statistics: a pixel too many", "at < pixels\n", "at <= pixels\n"),
        ("statistics: pixels beyond the last are zeros", ": start;", ": Vector<T, V>{};"),
        ("statistics: no pivot", "batch[u].get(i) - pivot[i];", "batch[u].get(i);"),
        ("statistics: beta of the first tile", "(beta[channel] -", "(beta[threadIdx.x] -"),
        ("statistics: biased running variance", "(count > 1.0 ? count - 1.0 : 1.0)", "count"),
        (
            "statistics: the mean is rounded",
            "moments[channel] = static_cast<float>(mean);",
            "moments[channel] = T::widen(T::narrow(static_cast<float>(mean)));",
        ),
        (
            "normalise: a pixel too many",
            "if (pixel >= pixels) continue;\n      float",
            "if (pixel > pixels) continue;\n      float",
        ),
        (
            "normalise: 1 / deviation as scale",
            "load_floats(scale, moments + 2 * channels",
            "load_floats(scale, moments + channels",
        ),
        (
            "normalise: pixels of another row",
            "corner<POOL>(pixel, width)",
            "corner<POOL>(pixel, width / 2)",
        ),
        (
            "normalise: ReLU swallows NaN",
            "number = max_nan(number, 0.0f);",
            "number = number > 0.0f ? number : 0.0f;",
        ),
        (
            "normalise: the pool swallows NaN",
            "number = max_nan(number, fmaf(",
            "number = fmaxf(number, fmaf(",
        ),
        ("normalise: always a ReLU", "if (relu) number", "number"),
        (
            "normalise: no residual behind a pool",
            "if (residual) number",
            "if (residual && !POOL) number",
        ),
        (
            "normalise: rounded twice",
            "numbers[i] = number;",
            f"numbers[i] = {B16.format('number')};",
        ),
    ],
    ("batch_norm", "half.cuh"): [
        (
            "odd channels are lost",
            "T::pack(numbers[i], i + 1 < V ?",
            "T::pack(numbers[i], i + 2 < V ?",
        ),
        (
            "words change places",
            "vector.words[1] = all.y;\n      vector.words[2] = all.z;",
            "vector.words[1] = all.z;\n      vector.words[2] = all.y;",
        ),
    ],
    ("batch_norm_backward", "reduce.cuh"): [
        ("idle threads take part", "return row >= rows;", "return false;"),
    ],
    ("batch_norm_backward", "max_pool.cuh"): [
        (
            "the last of equal pixels wins",
            "for (int k = CORNERS - 1; POOL && k >= 0; k--)",
            "for (int k = 0; POOL && k < CORNERS; k++)",
        ),
        ("no mask of the ReLU", "return !relu || largest > 0.0f ? at : -1;", "return at;"),
        ("the ReLU lets a gradient through at 0", "largest > 0.0f ?", "largest >= 0.0f ?"),
        ("windows overlap", "pixel % width * 2 :", "pixel % width :"),
    ],
    ("batch_norm_backward", "batch_norm_backward.cuh"): [
        ("no second gradient", "(two ? second.get(i) : 0.0f)", "0.0f"),
        (
            "second gradient of the first pixel",
            "second = Vector<T, V>::load(grad_second + at);",
            "second = Vector<T, V>::load(grad_second + first);",
        ),
        (
            "gradient_sums: idle threads leave before a barrier",
            "  if (!tile.idle()) {\n",
            "  if (tile.idle()) return;\n  {\n",
        ),
        (
            "gradient_sums: a pixel too many",
            "if (first + u * stride >= pixels) continue;\n#pragma",
            "if (first + u * stride > pixels) continue;\n#pragma",
        ),
        ("gradient_sums: one pixel on", "pixels - 1 - (first", "pixels - (first"),
        ("gradient_sums: by the wrong pixel", "number = at == k ? numbers[k] : number;", ";"),
        ("gradient_sums: no mean", "fmaf(routed, number - mean[i],", "fmaf(routed, number,"),
        (
            "gradient_sums: count of the pooled pixels",
            "static_cast<double>(pixels) * CORNERS",
            "pixels",
        ),
        ("gradient_sums: gamma of the first tile", "a = gamma[channel]", "a = gamma[threadIdx.x]"),
        (
            "gradient_sums: the gradient is rounded",
            "at >= 0 ? whole :",
            "at >= 0 ? T::widen(T::narrow(whole)) :",
        ),
        ("gradient_input: idle threads take part", "  if (tile.idle()) return;\n", ""),
        (
            "gradient_input: a pixel too many",
            "if (pixel >= pixels) continue;\n      float",
            "if (pixel > pixels) continue;\n      float",
        ),
        ("gradient_input: all pixels get the gradient", "at == k ? whole", "at >= 0 ? whole"),
        ("gradient_input: no gradient by the variance", "fmaf(b[i], numbers[k], c[i])", "c[i]"),
        ("gradient_input: c is b", "load_floats(c, factors + 2 *", "load_floats(c, factors +"),
        (
            "gradient_input: pixels change places",
            "store(to + static_cast<size_t>(neighbour(k,",
            "store(to + static_cast<size_t>(neighbour(CORNERS - 1 - k,",
        ),
        (
            "gradient_input: rounded twice",
            "Vector<T, V>::of(out[k])",
            "Vector<B16, V>::of(out[k]); for (int i = 0; i < V; i++) out[k][i] = "
            + B16.format("out[k][i]")
            + ";\n        Vector<T, V>::of(out[k])",
        ),
    ],
    ("max_pool", "max_pool.cuh"): [
        (
            "global_max: a thread too many",
            "return;\n" + GLOBAL_MAX,
            ";\n" + GLOBAL_MAX,
        ),
        (
            "global_max: NaN is lost",
            "largest[i] = max_nan(largest[i], next.get(i))",
            "largest[i] = fmaxf(largest[i], next.get(i))",
        ),
        (
            "global_max: one image for all",
            "store(output + static_cast<size_t>(image) * channels",
            "store(output",
        ),
        (
            "global_max: rounded twice",
            "Vector<T, V>::of(largest)",
            "for (int i = 0; i < V; i++) largest[i] = "
            + B16.format("largest[i]")
            + ";\n  Vector<T, V>::of(largest)",
        ),
        (
            "global_max_gradient: the last of equal pixels wins",
            "number > largest[i]",
            "number >= largest[i]",
        ),
        ("global_max_gradient: to all pixels", "where[i] == pixel ?", "where[i] <= pixel ?"),
        (
            "global_max_gradient: the last pixel is left out",
            "for (unsigned pixel = 0; pixel < pixels;",
            "for (unsigned pixel = 0; pixel + 1 < pixels;",
        ),
        (
            "global_max_gradient: gradient of the first image",
            "load(grad_output + static_cast<size_t>(image) * channels + first)",
            "load(grad_output + first)",
        ),
        (
            "global_max_gradient: rounded twice",
            "? grad.get(i) :",
            f"? {B16.format('grad.get(i)')} :",
        ),
    ],
    ("loss", "loss.cuh"): [
        ("no barrier in the sum", "    __syncthreads();\n", ""),
        (
            "a lane leaves its warp",
            "    const unsigned at = example < count",
            "    if (LANES > 1 && lane == 3) break;\n    const unsigned at = example < count",
        ),
        (
            "examples beyond the last",
            "at = example < count ? example : count - 1;",
            "at = example;",
        ),
        ("examples beyond the last count", "    if (example >= count) continue;\n", ""),
        ("every lane counts", "if (lane == 0) {", "{"),
        ("a gradient without a place for it", "    if (!grad_logits) continue;\n", ""),
        ("the last of equal logits in a lane", "if (number > largest)", "if (number >= largest)"),
        ("any of equal logits of a warp", "&& other_guess < guess", "&& lane % 2"),
        ("smoothing by the label alone", "probability - each -", "probability -"),
        (
            "the label of the next example",
            "label = labels[example]",
            "label = labels[(example + 1) % count]",
        ),
        (
            "no scale in the gradient",
            "narrow(grad * scale * grad_scale)",
            "narrow(grad * grad_scale)",
        ),
        (
            "rounded twice",
            "T::narrow(grad * scale * grad_scale)",
            f"T::narrow({B16.format('grad * scale * grad_scale')})",
        ),
        (
            "the exchange leaves out a half",
            "sum += __shfl_xor_sync(0xffffffffu, sum, off);",
            "if (off > 1) sum += __shfl_xor_sync(0xffffffffu, sum, off);",
        ),
    ],
    ("optimizer", "optimizer.cuh"): [
        (
            "sgd: eight numbers too many",
            "    if (at >= w.count) return;\n    float4*",
            "    if (at > w.count) return;\n    float4*",
        ),
        (
            "sgd: a number too many",
            "    if (at >= w.count) return;\n    const unsigned channel",
            "    if (at > w.count) return;\n    const unsigned channel",
        ),
        ("sgd: padding is taken for packed", "w.channels == w.padded && ", ""),
        ("sgd: a rest is taken for packed", " && w.count % 8 == 0", ""),
        ("sgd: a plane is taken for packed", "w.plane <= 1 && ", ""),
        (
            "sgd: an fp32 gradient is taken for packed",
            "packed && !w.wide && w.copy",
            "packed && w.copy",
        ),
        ("sgd: a copy that is not there", "if (w.copy) w.copy[padded]", "w.copy[padded]"),
        (
            "sgd: padding is lost",
            "static_cast<size_t>(pixel) * w.padded + channel",
            "static_cast<size_t>(pixel) * w.channels + channel",
        ),
        ("sgd: filters change places", "pixel % w.plane;", "0;"),
        (
            "sgd: components change places",
            "i == 1 ? four.y : i == 2 ? four.z",
            "i == 1 ? four.z : i == 2 ? four.y",
        ),
        ("sgd: the rate of the first group", "rates.of[w.group]", "rates.of[0]"),
        ("sgd: no Nesterov", "nesterov ? fmaf(momentum, velocity, change) : velocity", "velocity"),
        ("sgd: decay of the gradient", "-rate.decay * weight)", "-rate.decay * gradient)"),
        (
            "sgd: the copy is rounded twice",
            "= T::narrow(weight);",
            f"= T::narrow({B16.format('weight')});",
        ),
        ("sgd: the copy is the old weight", "Vector<T, 8>::of(moved)", "Vector<T, 8>::of(speed)"),
    ],
    ("optimizer", "kernels.cu"): [
        ("sgd_at: no Nesterov", "rates, momentum, nesterov != 0);  ", "rates, momentum, false);  "),
        ("sgd: not the rates of the state", "state->rates, momentum", "Rates{}, momentum"),
    ],
    ("optimizer", "state.cuh"): [
        ("advance: every thread", "  if (threadIdx.x != 0) return;\n", ""),
        ("advance: the epochs before the step", "step % steps + 1)", "step % steps)"),
        ("advance: a knot too many", "after < count && knots", "after <= count && knots"),
        ("advance: one scale for all", "scales[i]", "scales[0]"),
        ("advance: scaled decay", "rate * weight_decay)", "rate * weight_decay * scales[i])"),
        ("advance: batches go on", "step % steps * batch", "step * batch"),
        ("advance: ends at the first rate", "rate = values[count - 1];", "rate = values[0];"),
        ("advance: begins at 0", "rate = values[0];", "rate = 0;"),
    ],
    ("augment", "augment.cuh"): [
        ("a pixel too many", "pixel < pixels;", "pixel <= pixels;"),
        ("only the first pixels", "pixel += blockDim.x", "pixel += pixels"),
        (
            "flip of the padded image",
            "draw.left + (draw.flip ? width - 1 - x : x)",
            "(draw.flip ? padded_width - 1 - draw.left - x : draw.left + x)",
        ),
        ("the square reaches beyond", "x - draw.cut_left < cutout", "x - draw.cut_left <= cutout"),
        ("all above the square", "y - draw.cut_top < cutout", "y < draw.cut_top + cutout"),
        ("no mask of the channels", "c < channels && !cut", "!cut"),
        ("no square", "c < channels && !cut", "c < channels"),
        ("rows without padding", "(draw.top + y) * padded_width", "(draw.top + y) * width"),
        ("the first batch", "draws[state->first + blockIdx.x]", "draws[blockIdx.x]"),
        ("labels by place", "labels[draw.image]", "labels[blockIdx.x % 5]"),
        ("the mean of the first channel", "colours.mean[c]", "colours.mean[0]"),
        (
            "rounded twice",
            "Vector<T, 8>::of(numbers)",
            "for (float& number : numbers) number = "
            + B16.format("number")
            + ";\n    Vector<T, 8>::of(numbers)",
        ),
    ],
}
