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
            "normalise: the pool swallows NaN",
            "number = max_nan(number, A::MONOTONE",
            "number = fmaxf(number, A::MONOTONE",
        ),
        ("normalise: no ReLU", "if (A::MONOTONE) number = activation(number);", ""),
        ("normalise: no curve", "if (!A::MONOTONE) number = activation(number);", ""),
        ("normalise: a curve behind the pool", "next : activation(next)", "next : next"),
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
        ("the number of the first pixel", "number = at == k ? numbers[k] : number;", ";"),
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
        ("gradient_sums: by the wrong pixel", "taken(numbers, at) - mean", "numbers[0] - mean"),
        ("no activation", "return activation.backward(whole, taken(normal, at));", "return whole;"),
        (
            "the slope at the first pixel",
            "activation.backward(whole, taken(normal, at))",
            "activation.backward(whole, normal[0])",
        ),
        (
            "the pool before the curve",
            "POOL && !A::MONOTONE ? activation(normal[k])",
            "false ? activation(normal[k])",
        ),
        (
            "gradient_sums: no mean",
            "fmaf(routed, taken(numbers, at) - mean[i],",
            "fmaf(routed, taken(numbers, at),",
        ),
        (
            "gradient_sums: count of the pooled pixels",
            "static_cast<double>(pixels) * CORNERS",
            "pixels",
        ),
        ("gradient_sums: gamma of the first tile", "a = gamma[channel]", "a = gamma[threadIdx.x]"),
        (
            "gradient_sums: the gradient is rounded",
            "sums[0][i] += routed;",
            "sums[0][i] += T::widen(T::narrow(routed));",
        ),
        ("gradient_input: idle threads take part", "  if (tile.idle()) return;\n", ""),
        (
            "gradient_input: a pixel too many",
            "if (pixel >= pixels) continue;\n      float",
            "if (pixel > pixels) continue;\n      float",
        ),
        ("gradient_input: all pixels get the gradient", "at == k ? routed", "at >= 0 ? routed"),
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
    ("activation", "activation.cuh"): [
        ("the ReLU swallows NaN", "max_nan(x, least)", "fmaxf(x, least)"),
        ("the bound swallows NaN", "return min_nan(max", "return fminf(max"),
        ("the ReLU lets a gradient through at 0", "x > least &&", "x >= least &&"),
        ("a gradient at the bound", "x < most ?", "x <= most ?"),
        ("none is bounded", "most = activation == RELU && parameter", "most = parameter"),
        ("CELU without alpha", "alpha * (power - 1.0f)", "power - 1.0f"),
        ("CELU loses digits", "u > -0.03f ?", "u > -3e-8f ?"),
        ("CELU's series reaches too far", "u > -0.03f ?", "u > -0.3f ?"),
        ("GELU's tail on the wrong side", "x > 0.0f ? 1.0f - tail", "x < 0.0f ? 1.0f - tail"),
        ("GELU by the logistic function", "part = !is_gelu ? t :", "part = true ? t :"),
        ("SiLU is sigmoid", "activation == SIGMOID ? part : x * part", "part"),
        ("no density in the slope", "? DENSITY * power :", "? 0.0f :"),
        ("the slope of SiLU for sigmoid", "activation == SIGMOID ? change :", "false ? change :"),
        ("no gradient", "return gradient * (", "return (gradient > 0.0f ? 1.0f : -1.0f) * ("),
    ],
    ("max_pool", "max_pool.cuh"): [
        (
            "max_pool: NaN is lost",
            "numbers[i] = max_nan(numbers[i], window[k].get(i))",
            "numbers[i] = fmaxf(numbers[i], window[k].get(i))",
        ),
        (
            "max_pool: a pixel is left out",
            "for (int k = 1; k < 4; k++) numbers[i]",
            "for (int k = 1; k < 3; k++) numbers[i]",
        ),
        (
            "max_pool_gradient: the last of equal pixels wins",
            "winner<true>(numbers);",
            "numbers[3] == numbers[0] ? 3 : winner<true>(numbers);",
        ),
        ("max_pool_gradient: to all pixels", "out[k][i] = at == k ?", "out[k][i] = at >= 0 ?"),
        (
            "max_pool_gradient: a dropped column stays",
            "columns = x == width / 2 - 1 ? 2 + width % 2 : 2;",
            "columns = 2;",
        ),
        (
            "max_pool_gradient: a dropped row stays",
            "rows = y == height / 2 - 1 ? 2 + height % 2 : 2;",
            "rows = 2;",
        ),
        ("max_pool: images without their dropped row", "image * height + 2 * y", "2 * row"),
        (
            "max_pool_gradient: the gradient of the first tile",
            "static_cast<size_t>(pixel) * channels + tile.first);\n    float out",
            "static_cast<size_t>(pixel) * channels + tile.first % WIDTH);\n    float out",
        ),
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
            "where[i] == pixel ? grad.get(i) :",
            f"where[i] == pixel ? {B16.format('grad.get(i)')} :",
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
            "(labels[example])",
            "(labels[(example + 1) % count])",
        ),
        ("no scale in the gradient", "narrow(grad * grad_scale)", "narrow(grad)"),
        (
            "rounded twice",
            "T::narrow(grad * grad_scale)",
            f"T::narrow({B16.format('grad * grad_scale')})",
        ),
        ("what has no part costs infinity", "if (smoothing > 0.0f) loss", "loss"),
        ("the sums start anew", "state->sums[0] +=", "state->sums[0] ="),
        (
            "the exchange leaves out a half",
            "sum += __shfl_xor_sync(0xffffffffu, sum, off);",
            "if (off > 1) sum += __shfl_xor_sync(0xffffffffu, sum, off);",
        ),
    ],
    ("optimizer", "optimizer.cuh"): [
        ("padding is taken for packed", "w.channels == w.padded && ", ""),
        ("a rest is taken for packed", " && w.count % 8 == 0", ""),
        ("a plane is taken for packed", "w.plane <= 1 && ", ""),
        (
            "padding is lost",
            "static_cast<size_t>(pixel) * w.padded + channel",
            "static_cast<size_t>(pixel) * w.channels + channel",
        ),
        ("filters change places", "pixel % w.plane;", "0;"),
    ],
    ("optimizer", "update.cuh"): [
        (
            "eight numbers too many",
            "    if (at >= w.count) return;\n",
            "    if (at > w.count) return;\n",
        ),
        ("a number too many", "start + i < w.count", "start + i <= w.count"),
        ("an fp32 gradient is taken for packed", "is_packed(w) && !w.wide", "is_packed(w)"),
        ("a missing copy is written", "if (w.copy) w.copy[place.padded]", "w.copy[place.padded]"),
        (
            "components change places",
            "i == 1 ? four.y : i == 2 ? four.z",
            "i == 1 ? four.z : i == 2 ? four.y",
        ),
        (
            "the copy is rounded twice",
            "= T::narrow(weight);",
            f"= T::narrow({B16.format('weight')});",
        ),
        ("the copy is the old weight", "Vector<T, 8>::of(weight)", "Vector<T, 8>::of(first)"),
        ("the mean square is not stored", "store_eight(w.second + at, second);", ";"),
        ("sgd: no Nesterov", "nesterov ? fmaf(momentum, velocity, change) : velocity", "velocity"),
        ("sgd: decay of the gradient", "-rate.decay * weight);", "-rate.decay * gradient);"),
        (
            "sgd: the scale of the loss stays",
            "momentum, 1.0f / state->grad_scale",
            "momentum, 1.0f",
        ),
        (
            "sgd: in spite of a gradient that is not finite",
            "  if (state->nonfinite) return;\n  const Chunk chunk = chunks[blockIdx.x];\n"
            "  const Weight w = load_weight(weights, chunk);\n"
            "  const Rate rate = rate_of(*state, w.group);\n  update<T>(w, chunk.first, Sgd",
            "  const Chunk chunk = chunks[blockIdx.x];\n"
            "  const Weight w = load_weight(weights, chunk);\n"
            "  const Rate rate = rate_of(*state, w.group);\n  update<T>(w, chunk.first, Sgd",
        ),
        (
            "adamw: in spite of a gradient that is not finite",
            "float inverse_batch) {\n  if (state->nonfinite) return;",
            "float inverse_batch) {",
        ),
        (
            "adamw: the scale of the loss stays",
            "inverse_batch / state->grad_scale",
            "inverse_batch",
        ),
        ("adamw: the gradient of the sum", "inverse_batch / state", "1.0f / state"),
        ("adamw: no decay", "weight = fmaf(-rate.decay, weight, weight);", ""),
        ("adamw: decay scaled by the rate", "fmaf(-rate.decay,", "fmaf(-rate.decay * rate.rate,"),
        ("adamw: the mean of squares of nothing", "(1.0f - beta2) * (g * g)", "(1.0f - beta2) * g"),
        ("adamw: eps in the root", "fmaf(sqrtf(square), root_correction, eps)",
         "sqrtf(fmaf(square, root_correction * root_correction, eps))"),
        ("adamw: corrections change places", "state->scalars[CORRECTIONS],", "state->scalars[17],"),
    ],
    ("optimizer", "state.cuh"): [
        ("the rate of the first group", "{state.scalars[2 * group],", "{state.scalars[0],"),
    ],
    ("optimizer", "kernels.cu"): [
        ("sgd: never Nesterov", "momentum, nesterov != 0);", "momentum, false);"),
    ],
    ("weights", "optimizer.cuh"): [
        ("finite: infinity passes", "&= is_finite(gradient.get(i))",
         "&= gradient.get(i) == gradient.get(i)"),
        ("finite: only the last of eight", "finite &= is_finite(gradient.get",
         "finite = is_finite(gradient.get"),
        ("finite: only the last of a thread", "finite &= is_finite(gradient_at",
         "finite = is_finite(gradient_at"),
        ("finite: the padding counts", "(w, Place(w, chunk.first + i).padded)",
         "(w, chunk.first + i)"),
        ("finite: every thread says so", "if (!finite) state->nonfinite = 1;",
         "state->nonfinite = !finite;"),
        ("copy: a copy that is not there", "  if (!w.copy) return;\n", ""),
        ("copy: the padding stays", "w.copy[place.padded + c] = 0;", ";"),
        (
            "copy: a channel of padding stays",
            "c <= w.padded - w.channels",
            "c < w.padded - w.channels",
        ),
        ("copy: zeros in each channel",
         "    if (place.channel != w.channels - 1) continue;\n", ""),
        ("copy: rounded twice", "T::narrow(w.weight[place.master])",
         f"T::narrow({B16.format('w.weight[place.master]')})"),
        (
            "lerp: in spite of a gradient that is not finite",
            "  if (state->nonfinite) return;\n",
            "",
        ),
        (
            "lerp: a number too many",
            "chunk.first + i < pair.count",
            "chunk.first + i <= pair.count",
        ),
        ("lerp: not to its end", "part < 0.5f ?", "true ?"),
        ("lerp: the other way", "from - to;", "to - from;"),
        ("lerp: the first chunk again", "at = chunk.first + i;", "at = i;"),
    ],
    ("weights", "kernels.cu"): [
        ("lerp: another scalar", "lerp_pairs(pairs, chunks, state, scalar)",
         "lerp_pairs(pairs, chunks, state, scalar - 1)"),
    ],
    ("weights", "state.cuh"): [
        ("advance: no barrier after the step is read", "lane = threadIdx.x;\n" + BARRIER,
         "lane = threadIdx.x;\n"),
        ("advance: every thread", "  if (lane != 0) return;\n", ""),
        ("advance: rows that are not there", "if (rows) state", "state"),
        ("advance: one row for all", "static_cast<size_t>(step) * SCALARS", "0"),
        ("advance: the next batch", "first = step * batch", "first = (step + 1) * batch"),
        ("advance: all steps are of this epoch", "state->total++;", "state->total = step + 1;"),
        ("advance: always adapts the scale", "if (growth != 0 && state->nonfinite)",
         "if (state->nonfinite)"),
        ("advance: skipped steps are not counted", "    state->skipped++;\n", ""),
        ("advance: a skipped step does not end the row", "LEAST;\n    state->good = 0;", "LEAST;"),
        ("advance: the row goes on", "MOST;\n    state->good = 0;", "MOST;"),
        ("advance: no least scale", "scale > LEAST ? scale * 0.5f : LEAST", "scale * 0.5f"),
        ("advance: no largest scale", "scale < MOST ? scale * 2.0f : MOST", "scale * 2.0f"),
        ("advance: nonfinite stays", "  state->nonfinite = 0;\n", ""),
    ],
    ("dropout", "dropout.cuh"): [
        ("a round too few", "round < 10", "round < 9"),
        ("a key for all rounds", "    key0 += 0x9e3779b9u;\n", ""),
        ("words change places", "counter.of[1] ^ key0", "counter.of[1] ^ key1"),
        ("the same in each step", "state->total, 0, 0", "0, 0, 0"),
        ("the same in both halves", "2 * eight + i / 4", "2 * eight"),
        ("half of the seed", "static_cast<unsigned>(seed >> 32)", "0u"),
        ("no scale", "< keep ? inverse :", "< keep ? 1.0f :"),
        ("drops what it is to keep", "* 0x1p-24f < keep", "* 0x1p-24f >= keep"),
        ("all numbers are eights", "if (first + 8 <= count) {", "{"),
        (
            "a number too many",
            "if (first + i >= count) continue;",
            "if (first + i > count) continue;",
        ),
        ("a thread too many", "if (eight >= (count + 7) / 8) return;", ""),
        ("the rest stays", "T::narrow(factors[i] > 0.0f ? number * factors[i] : 0.0f)",
         "T::narrow(number)"),
        ("rounded twice", "? all.get(i) * factors[i] :",
         f"? {B16.format('all.get(i) * factors[i]')} :"),
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
