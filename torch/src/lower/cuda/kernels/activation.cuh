// Activations, as torch has them: GELU is the exact one.

enum Activation : unsigned { NONE, RELU, GELU, CELU, SILU, SIGMOID };

// None or ReLU, which a parameter above 0 bounds from above. Being monotone, they may stand behind
// a max pool as well as before it.
struct Clamp {
  static constexpr bool MONOTONE = true;
  float least, most;

  DEVICE Clamp(unsigned activation, float parameter) {
    const float infinity = __uint_as_float(0x7f800000u);
    least = activation == RELU ? 0.0f : -infinity;
    most = activation == RELU && parameter > 0.0f ? parameter : infinity;
  }
  DEVICE float operator()(float x) const { return min_nan(max_nan(x, least), most); }
  // The gradient by x, from that by the value.
  DEVICE float backward(float gradient, float x) const {
    return x > least && x < most ? gradient : 0.0f;
  }
};

// The others, from one exponential function and one division. The parameter is CELU's alpha.
struct Curve {
  static constexpr bool MONOTONE = false;
  unsigned activation;
  float alpha, inverse_alpha;

  DEVICE Curve(unsigned activation, float parameter)
      : activation(activation), alpha(parameter), inverse_alpha(1.0f / parameter) {}

  // `power`: CELU's slope, GELU's exp(-x^2 / 2). `part`: of SiLU and sigmoid the logistic function,
  // of GELU the distribution function of the normal distribution to 1e-7 (Abramowitz and Stegun,
  // 26.2.17).
  DEVICE void parts(float x, float& power, float& part) const {
    const bool is_gelu = activation == GELU;
    const float below = x > 0.0f ? 0.0f : x * inverse_alpha;
    power = expf(is_gelu ? -0.5f * x * x : activation == CELU ? below : -x);
    const float t = reciprocal(1.0f + (is_gelu ? 0.2316419f * fabsf(x) : power));
    float sum = fmaf(1.330274429f, t, -1.821255978f);
    sum = fmaf(sum, t, 1.781477937f);
    sum = fmaf(sum, t, -0.356563782f);
    sum = fmaf(sum, t, 0.319381530f);
    const float tail = DENSITY * power * (sum * t);
    part = !is_gelu ? t : x > 0.0f ? 1.0f - tail : tail;
  }
  DEVICE float operator()(float x) const {
    float power, part;
    parts(x, power, part);
    const float u = x * inverse_alpha;
    // Near 0 the series of CELU, which the difference has too few digits for.
    const float series = x * fmaf(u, fmaf(u, fmaf(u, 1.0f / 24, 1.0f / 6), 0.5f), 1.0f);
    const float celu = x > 0.0f ? x : u > -0.03f ? series : alpha * (power - 1.0f);
    return activation == CELU ? celu : activation == SIGMOID ? part : x * part;
  }
  DEVICE float backward(float gradient, float x) const {
    float power, part;
    parts(x, power, part);
    const float change = activation == GELU ? DENSITY * power : part * (1.0f - part);
    const float slope = activation == SIGMOID ? change : fmaf(x, change, part);
    return gradient * (activation == CELU ? power : slope);
  }

 private:
  static constexpr float DENSITY = 0.398942280f;  // 1 / sqrt(2 pi)
};
