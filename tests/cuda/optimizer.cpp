#include "check.hpp"

template <class T>
struct Kernels {
  decltype(&sgd_f16<>) of_state;
  decltype(&sgd_at_f16<>) at;
};

// A weight and what belongs to it.
template <class T>
struct Parameter {
  unsigned filters, channels, padded, pixels;
  bool planes, wide, copied;
  unsigned count = filters * channels * pixels, padded_count = filters * padded * pixels;
  Buffer<float> weight = random_floats(count), velocity = random_floats(count);
  Buffer<float> wide_gradient = random_floats(padded_count);
  Buffer<Bits> gradient = random_numbers<T>(padded_count), copy{padded_count, 0x1234};
  Buffer<float> old_weight = weight, old_velocity = velocity;

  Weight entry(unsigned group) {
    const void* from = wide ? static_cast<const void*>(wide_gradient.data()) : gradient.data();
    return {weight.data(), velocity.data(),
            from,          copied ? copy.data() : nullptr,
            count,         channels,
            padded,        planes ? pixels : 1,
            group,         wide};
  }
  void check(Check& check, Rate rate, double momentum, bool nesterov) const {
    for (size_t at = 0; at < padded_count; at++) {
      const unsigned channel = at % padded, pixel = at / padded % pixels;
      const size_t filter = at / padded / pixels;
      if (channel >= channels) {
        if (copied) demand(copy[at] == 0x1234, "sgd writes into the padding");
        continue;
      }
      const size_t master = planes ? (filter * channels + channel) * pixels + pixel
                                   : (filter * pixels + pixel) * channels + channel;
      const double g = wide ? wide_gradient[at] : T::widen(gradient[at]);
      const double w = old_weight[master], v = old_velocity[master];
      const double change = -rate.rate * g - rate.decay * w, speed = momentum * v + change;
      const double moved = w + (nesterov ? momentum * speed + change : speed);
      check.add(velocity[master], speed, 2e-7 * (std::fabs(v) + std::fabs(change)));
      check.add(weight[master], moved, 2e-7 * (std::fabs(w) + std::fabs(v) + std::fabs(change)));
      if (!copied) continue;
      check.add(T::widen(copy[at]), moved, allowed<T>(moved, std::fabs(w) + std::fabs(v)));
      demand(copy[at] == T::narrow(weight[master]), "sgd: the copy is not that of the weight");
    }
  }
};

template <class T>
static void check_sgd(const Kernels<T>& kernels, bool at, bool nesterov) {
  std::deque<Parameter<T>> parameters;
  const auto add = [&](unsigned filters, unsigned channels, unsigned padded, unsigned pixels,
                       bool planes, bool wide, bool copied) {
    parameters.push_back({filters, channels, padded, pixels, planes, wide, copied});
  };
  add(64, 3, 8, 9, false, false, true);
  add(64, 3, 8, 9, true, false, true);
  add(72, 64, 64, 9, false, false, true);
  add(10, 64, 64, 1, false, false, true);
  add(5, 7, 7, 1, false, false, true);
  add(72, 1, 1, 1, false, true, false);
  add(8, 8, 8, 9, true, false, true);
  add(3, 5, 16, 4, false, true, true);
  add(33, 64, 64, 1, false, true, false);
  Buffer<State> state(1);
  for (unsigned group = 0; group < GROUPS; group++) {
    state[0].rates.of[group] = {0.4f / (group + 1), group % 3 * 2e-4f};
  }
  std::vector<Weight> weights;
  std::vector<Chunk> chunks;
  for (Parameter<T>& parameter : parameters) {
    const unsigned number = weights.size();
    for (unsigned first = 0; first < parameter.count; first += CHUNK) {
      chunks.push_back({number, first});
    }
    weights.push_back(parameter.entry((number + 5) % GROUPS));
  }
  const Buffer<Weight> table(weights);
  const Buffer<Chunk> parts(chunks);
  const float momentum = 0.9f;
  const Rates rates = state[0].rates;
  launch(chunks.size(), 1, THREADS, [&] {
    if (at) {
      kernels.at(table.data(), parts.data(), rates, momentum, nesterov);
    } else {
      kernels.of_state(table.data(), parts.data(), state.data(), momentum, nesterov);
    }
  });
  Check check{std::string(at ? "sgd_at_" : "sgd_") + Format<T>::name,
              nesterov ? "nesterov" : "plain"};
  for (size_t i = 0; i < parameters.size(); i++) {
    parameters[i].check(check, rates.of[weights[i].group], momentum, nesterov);
  }
}

static void check_advance() {
  const Buffer<double> knots(std::vector<double>{0, 5, 24});
  const Buffer<double> values(std::vector<double>{0, 0.4, 0});
  const Buffer<float> scales(std::vector<float>{1, 64});
  const unsigned steps = 98, batch = 512;
  const double decay = 5e-4 * 512;
  Buffer<State> state(1);
  std::memset(static_cast<void*>(state.data()), 0, sizeof(State));
  Check check{"advance", "24 epochs and one more"};
  for (unsigned step = 0; step < 25 * steps; step++) {
    launch(1, 1, 32, [&] {
      advance<>(state.data(), knots.data(), values.data(), 3, scales.data(), 2, steps, batch,
                decay);
    });
    const double epoch = step / steps + (step % steps + 1.0) / steps;
    const double rate = epoch < 5 ? 0.4 * epoch / 5 : epoch < 24 ? 0.4 - 0.4 * (epoch - 5) / 19 : 0;
    for (int i = 0; i < 2; i++) {
      const Rate found = state[0].rates.of[i];
      const double expected = rate * scales[i] / batch;
      check.add(found.rate, expected, 1e-7 * expected + 1e-18);
      check.add(found.decay, rate * decay, 1e-7 * rate * decay + 1e-18);
    }
    check.add(state[0].first, step % steps * batch, 1e-9);
    check.add(state[0].step, step + 1, 1e-9);
  }
}

// A rate that does not change, and one that does not begin at 0.
static void check_late_knots() {
  const Buffer<double> knots(std::vector<double>{2, 3}), values(std::vector<double>{0.5, 0.1});
  const Buffer<float> scales(1, 1.0f);
  Buffer<State> state(1);
  std::memset(static_cast<void*>(state.data()), 0, sizeof(State));
  Check check{"advance", "before the first knot"};
  for (unsigned step = 0; step < 40; step++) {
    launch(1, 1, 32, [&] {
      advance<>(state.data(), knots.data(), values.data(), 2, scales.data(), 1, 10, 1, 0);
    });
    const double epoch = (step + 1) / 10.0;
    const double expected = epoch < 2 ? 0.5 : epoch < 3 ? 0.5 - 0.4 * (epoch - 2) : 0.1;
    check.add(state[0].rates.of[0].rate, expected, 1e-7);
  }
}

template <class T>
static void all(const Kernels<T>& kernels) {
  for (bool at : {false, true}) {
    for (bool nesterov : {false, true}) check_sgd(kernels, at, nesterov);
  }
}

int main() {
  return run_tests([] {
    all<F16>({sgd_f16<>, sgd_at_f16<>});
#ifndef QUICK
    all<B16>({sgd_b16<>, sgd_at_b16<>});
#endif
    check_advance();
    check_late_knots();
  });
}
