#include "optimizer.hpp"

template <class T>
struct Kernels {
  decltype(&sgd_f16<>) sgd;
  decltype(&adamw_f16<>) adamw;
};
#define OF(NAME) {sgd_##NAME<>, adamw_##NAME<>}

template <class T>
static void check_sgd(const Kernels<T>& kernels, bool nesterov) {
  const Parameters<T> parameters(false);
  const std::deque<Parameter<T>> old = parameters.all;
  const Buffer<State> state(1, random_state());
  const float momentum = 0.9f;
  parameters.run([&](const Weight* weights, const Chunk* chunks) {
    kernels.sgd(weights, chunks, state.data(), momentum, nesterov);
  });
  const std::string name = std::string("sgd_") + Format<T>::name;
  Check check{name, nesterov ? "nesterov" : "plain"};
  for (size_t i = 0; i < old.size(); i++) {
    const Parameter<T>&before = old[i], &after = parameters.all[i];
    const float* scalars = state[0].scalars + 2 * parameters.weights[i].group;
    const Rate rate = {scalars[0], scalars[1]};
    after.for_numbers([&](size_t at, size_t master) {
      const double g = after.gradient_at(at) / state[0].grad_scale;
      const double w = before.weight[master], v = before.first[master];
      const double change = -rate.rate * g - rate.decay * w, speed = momentum * v + change;
      const double moved = w + (nesterov ? momentum * speed + change : speed);
      const double terms = std::fabs(v) + std::fabs(rate.rate * g) + std::fabs(rate.decay * w);
      check.add(after.first[master], speed, 2e-7 * terms);
      check.add(after.weight[master], moved, 3e-7 * (std::fabs(w) + terms));
    });
    after.check_copy(name, OLD);
  }
}

template <class T>
static void check_adamw(const Kernels<T>& kernels) {
  const Parameters<T> parameters(true);
  const std::deque<Parameter<T>> old = parameters.all;
  const Buffer<State> state(1, random_state());
  const float beta1 = 0.9f, beta2 = 0.99f, eps = 0.1f, inverse = 0.125f;
  parameters.run([&](const Weight* weights, const Chunk* chunks) {
    kernels.adamw(weights, chunks, state.data(), beta1, beta2, eps, inverse);
  });
  const std::string name = std::string("adamw_") + Format<T>::name;
  Check check{name, "one step"};
  for (size_t i = 0; i < old.size(); i++) {
    const Parameter<T>&before = old[i], &after = parameters.all[i];
    const float* scalars = state[0].scalars + 2 * parameters.weights[i].group;
    const Rate rate = {scalars[0], scalars[1]};
    after.for_numbers([&](size_t at, size_t master) {
      const double g = after.gradient_at(at) * inverse / state[0].grad_scale;
      const double w = before.weight[master], m = before.first[master];
      const double mean = beta1 * m + (1 - double(beta1)) * g;
      const double square = beta2 * before.second[master] + (1 - double(beta2)) * g * g;
      const double root = std::sqrt(square) * state[0].scalars[CORRECTIONS + 1] + eps;
      const double way = rate.rate * mean * state[0].scalars[CORRECTIONS] / root;
      const double terms = std::fabs(m) + std::fabs(g);
      check.add(after.first[master], mean, 2e-7 * terms);
      check.add(after.second[master], square, 3e-7 * square + 1e-30);
      check.add(after.weight[master], w * (1 - double(rate.decay)) - way,
                2e-7 * std::fabs(w) + 5e-7 * rate.rate * 5 * terms / root);
    });
    after.check_copy(name, OLD);
  }
}

// In a step with a gradient that is not finite nothing changes.
template <class T>
static void check_skipped(const Kernels<T>& kernels) {
  Parameters<T> parameters(true);
  const std::deque<Parameter<T>> old = parameters.all;
  Buffer<State> state(1, random_state());
  state[0].nonfinite = 1;
  parameters.run([&](const Weight* weights, const Chunk* chunks) {
    kernels.sgd(weights, chunks, state.data(), 0.9f, 1);
  });
  parameters.run([&](const Weight* weights, const Chunk* chunks) {
    kernels.adamw(weights, chunks, state.data(), 0.9f, 0.99f, 0.1f, 1);
  });
  demand(parameters.all == old, "an update in spite of a gradient that is not finite");
}

// A group with a negative rate stands still, whatever its decay; the others move.
template <class T>
static void check_still(const Kernels<T>& kernels) {
  const unsigned still = 5;
  Buffer<State> state(1, random_state());
  state[0].scalars[2 * still] = -1;
  const auto check = [&](const char* name, auto update) {
    const Parameters<T> parameters(true);
    const std::deque<Parameter<T>> old = parameters.all;
    parameters.run([&](const Weight* weights, const Chunk* chunks) { update(weights, chunks); });
    for (size_t i = 0; i < old.size(); i++) {
      const bool moved = !(parameters.all[i] == old[i]);
      demand(moved != (parameters.weights[i].group == still),
             std::string(name) + ": a group with a negative rate does not stand still alone");
    }
  };
  check("sgd", [&](const Weight* weights, const Chunk* chunks) {
    kernels.sgd(weights, chunks, state.data(), 0.9f, 1);
  });
  check("adamw", [&](const Weight* weights, const Chunk* chunks) {
    kernels.adamw(weights, chunks, state.data(), 0.9f, 0.99f, 0.1f, 1);
  });
}

template <class T>
static void all(const Kernels<T>& kernels) {
  for (bool nesterov : {false, true}) check_sgd(kernels, nesterov);
  check_adamw(kernels);
  check_skipped(kernels);
  check_still(kernels);
}

int main() {
  return run_tests([] {
    all<F16>(OF(f16));
#ifndef QUICK
    all<B16>(OF(b16));
#endif
  });
}
