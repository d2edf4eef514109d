// What a training has on the device, as the host lays it out.

constexpr unsigned METRICS = 8, SCALARS = 32, GROUPS = 8;

// Of a group of weights: what multiplies the gradient, and what multiplies the weight. A group with
// a negative rate stands still.
struct Rate {
  float rate, decay;
};

struct State {
  double sums[METRICS];    // of the task's metrics since the host set them to 0: loss, correct
                           // predictions
  float grad_scale;        // factor of the gradient by the loss, a power of two
  unsigned step;           // steps begun in this epoch: the row of the next one
  unsigned total;          // steps begun in all epochs
  unsigned first;          // first place of this step's batch in the order of the epoch
  unsigned nonfinite;      // 1 if a gradient of this step is not finite
  unsigned skipped;        // steps whose weights were not updated for that reason
  unsigned good;           // steps in a row without
  unsigned unused;
  float scalars[SCALARS];  // the row of this step
};
static_assert(sizeof(State) == 224, "the host lays out the same");

// In a row of scalars: the Rate of each group, then of AdamW 1 / (1 - beta1^t) and
// 1 / sqrt(1 - beta2^t).
constexpr unsigned CORRECTIONS = 2 * GROUPS;

DEVICE Rate rate_of(const State& state, unsigned group) {
  return {state.scalars[2 * group], state.scalars[2 * group + 1]};
}

// Begins a step: one warp. `rows`, [steps, SCALARS], may be null. With `growth` above 0 the scale
// of the loss is adapted like that of torch.amp.GradScaler: halved after a step with a gradient
// that is not finite, doubled after `growth` steps in a row without.
KERNEL(32, 1)
advance(State* state, const float* rows, unsigned batch, unsigned growth) {
  constexpr float LEAST = 0x1p-24f, MOST = 0x1p16f;
  const unsigned step = state->step, lane = threadIdx.x;
  __syncthreads();
  if (rows) state->scalars[lane] = rows[static_cast<size_t>(step) * SCALARS + lane];
  if (lane != 0) return;
  state->first = step * batch;
  state->step = step + 1;
  state->total++;
  const float scale = state->grad_scale;
  if (growth != 0 && state->nonfinite) {
    state->grad_scale = scale > LEAST ? scale * 0.5f : LEAST;
    state->good = 0;
    state->skipped++;
  } else if (growth != 0 && ++state->good == growth) {
    state->grad_scale = scale < MOST ? scale * 2.0f : MOST;
    state->good = 0;
  }
  state->nonfinite = 0;
}
