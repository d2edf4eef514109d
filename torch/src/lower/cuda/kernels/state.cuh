// What a training has on the device, as the host lays it out.

constexpr unsigned GROUPS = 8;

// Of a group of weights: the learning rate, which multiplies the gradient, and the rate times the
// weight decay, which multiplies the weight.
struct Rate {
  float rate, decay;
};

struct Rates {
  Rate of[GROUPS];
};

struct State {
  double loss;               // summed since the host set it to 0
  unsigned long long right;  // correct predictions, summed like the loss
  unsigned step;             // steps begun
  unsigned first;            // first place of the batch in the order of the epoch
  Rates rates;               // of this step
};

// Begins a step: one warp. The learning rate is linear between `count` knots, at knots[i] epochs
// (ascending) values[i], and constant before the first and after the last; it is taken at the
// number of epochs that are done at the end of this step. `steps`: of an epoch; `scales`: a factor
// for each group.
KERNEL(32, 1)
advance(State* state, const double* knots, const double* values, unsigned count,
        const float* scales, unsigned groups, unsigned steps, unsigned batch, double weight_decay) {
  if (threadIdx.x != 0) return;
  const unsigned step = state->step;
  const double epoch =
      static_cast<double>(step / steps) + static_cast<double>(step % steps + 1) / steps;
  unsigned after = 0;
  while (after < count && knots[after] <= epoch) after++;
  double rate;
  if (after == 0) {
    rate = values[0];
  } else if (after == count) {
    rate = values[count - 1];
  } else {
    const double part = (epoch - knots[after - 1]) / (knots[after] - knots[after - 1]);
    rate = values[after - 1] + (values[after] - values[after - 1]) * part;
  }
  for (unsigned i = 0; i < groups; i++) {
    state->rates.of[i].rate = static_cast<float>(rate * scales[i] / batch);
    state->rates.of[i].decay = static_cast<float>(rate * weight_decay);
  }
  state->first = step % steps * batch;
  state->step = step + 1;
}
