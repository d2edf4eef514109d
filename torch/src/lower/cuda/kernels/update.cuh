// The updates of the weights. They take the loss's scale out of the gradient, and leave everything
// as it is in a step with a gradient that is not finite.

struct Sgd {
  static constexpr bool SECOND = false;
  Rate rate;
  float momentum, factor;  // the factor of the gradient
  bool nesterov;

  DEVICE void operator()(float& weight, float& velocity, float&, float gradient) const {
    const float change = fmaf(-rate.rate, gradient * factor, -rate.decay * weight);
    velocity = fmaf(momentum, velocity, change);
    weight += nesterov ? fmaf(momentum, velocity, change) : velocity;
  }
};

// Adam with decoupled weight decay (Loshchilov and Hutter, 2017), in the order of
// torch.optim.AdamW.
struct AdamW {
  static constexpr bool SECOND = true;
  Rate rate;
  float beta1, beta2, eps, factor;
  float mean_correction, root_correction;

  DEVICE void operator()(float& weight, float& mean, float& square, float gradient) const {
    const float g = gradient * factor;
    weight = fmaf(-rate.decay, weight, weight);
    mean = fmaf(beta1, mean, (1.0f - beta1) * g);
    square = fmaf(beta2, square, (1.0f - beta2) * (g * g));
    const float root = fmaf(sqrtf(square), root_correction, eps);
    weight = fmaf(-rate.rate, mean * mean_correction / root, weight);
  }
};

DEVICE float component(const float4& four, int i) {
  return i == 0 ? four.x : i == 1 ? four.y : i == 2 ? four.z : four.w;
}

DEVICE void load_eight(float (&to)[8], const float* from) {
  const float4* fours = reinterpret_cast<const float4*>(from);
  const float4 all[2] = {fours[0], fours[1]};
#pragma unroll
  for (int i = 0; i < 8; i++) to[i] = component(all[i / 4], i % 4);
}

DEVICE void store_eight(float* to, const float (&from)[8]) {
  float4* fours = reinterpret_cast<float4*>(to);
  fours[0] = make_float4(from[0], from[1], from[2], from[3]);
  fours[1] = make_float4(from[4], from[5], from[6], from[7]);
}

template <class T, class Rule>
DEVICE void update(const Weight& w, unsigned start, const Rule& rule) {
  if (is_packed(w) && !w.wide && w.copy) {
    const unsigned at = start + threadIdx.x * 8;
    if (at >= w.count) return;
    const Vector<T, 8> gradient = Vector<T, 8>::load(static_cast<const Bits*>(w.gradient) + at);
    float weight[8], first[8], second[8] = {};
    load_eight(weight, w.weight + at);
    load_eight(first, w.first + at);
    if constexpr (Rule::SECOND) load_eight(second, w.second + at);
#pragma unroll
    for (int i = 0; i < 8; i++) rule(weight[i], first[i], second[i], gradient.get(i));
    store_eight(w.weight + at, weight);
    store_eight(w.first + at, first);
    if constexpr (Rule::SECOND) store_eight(w.second + at, second);
    Vector<T, 8>::of(weight).store(w.copy + at);
    return;
  }
  for (unsigned i = threadIdx.x; i < CHUNK && start + i < w.count; i += THREADS) {
    const Place place(w, start + i);
    const float gradient = gradient_at<T>(w, place.padded);
    float weight = w.weight[place.master], first = w.first[place.master], second = 0.0f;
    if constexpr (Rule::SECOND) second = w.second[place.master];
    rule(weight, first, second, gradient);
    w.weight[place.master] = weight;
    w.first[place.master] = first;
    if constexpr (Rule::SECOND) w.second[place.master] = second;
    if (w.copy) w.copy[place.padded] = T::narrow(weight);
  }
}

template <class T>
DEVICE void sgd(const Weight* weights, const Chunk* chunks, const State* state, float momentum,
                bool nesterov) {
  if (state->nonfinite) return;
  const Chunk chunk = chunks[blockIdx.x];
  const Weight w = load_weight(weights, chunk);
  const Rate rate = rate_of(*state, w.group);
  if (rate.rate < 0.0f) return;
  update<T>(w, chunk.first, Sgd{rate, momentum, 1.0f / state->grad_scale, nesterov});
}

// The gradient is multiplied by inverse_batch: it is that of the sum of a batch's losses.
template <class T>
DEVICE void adamw(const Weight* weights, const Chunk* chunks, const State* state, float beta1,
                  float beta2, float eps, float inverse_batch) {
  if (state->nonfinite) return;
  const Chunk chunk = chunks[blockIdx.x];
  const Weight w = load_weight(weights, chunk);
  const Rate rate = rate_of(*state, w.group);
  if (rate.rate < 0.0f) return;
  update<T>(w, chunk.first,
            AdamW{rate, beta1, beta2, eps, inverse_batch / state->grad_scale,
                  state->scalars[CORRECTIONS], state->scalars[CORRECTIONS + 1]});
}
