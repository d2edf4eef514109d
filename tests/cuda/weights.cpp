// What happens to weights and to the state beside their updates.
#include "optimizer.hpp"

// A number that is not finite at any place is found, and none where there is none.
template <class T>
static void check_finite(decltype(&finite_f16<>) kernel) {
  Parameters<T> parameters(false);
  Buffer<State> state(1, random_state());
  const auto run = [&] {
    parameters.run([&](const Weight* weights, const Chunk* chunks) {
      kernel(weights, chunks, state.data());
    });
  };
  const std::string name = std::string("finite_") + Format<T>::name;
  const State before = state[0];
  for (Parameter<T>& parameter : parameters.all) {
    for (size_t at = 0; at < parameter.padded_count; at++) {
      if (at % parameter.padded < parameter.channels) continue;
      parameter.gradient[at] = T::narrow(NAN);
      parameter.wide_gradient[at] = NAN;
    }
  }
  run();
  demand(std::memcmp(&state[0], &before, sizeof(State)) == 0, name + " finds what is not there");
  Check check{name, "a number of each weight"};
  const std::vector<Chunk> chunks = parameters.chunks;
  for (size_t i = 0; i < layouts.size(); i++) {
    Parameter<T>& parameter = parameters.all[i];
    parameters.chunks.clear();
    for (const Chunk& chunk : chunks) {
      if (chunk.weight == i) parameters.chunks.push_back(chunk);
    }
    std::vector<size_t> places;
    parameter.for_numbers([&](size_t at, size_t) { places.push_back(at); });
    for (size_t at : {places.front(), places[below(places.size())], places.back()}) {
      for (float number : {-INFINITY, INFINITY, NAN}) {
        const Bits old = parameter.gradient[at];
        const float wide = parameter.wide_gradient[at];
        parameter.gradient[at] = T::narrow(number);
        parameter.wide_gradient[at] = number;
        state[0].nonfinite = 0;
        run();
        check.add(state[0].nonfinite, 1, 1e-9);
        parameter.gradient[at] = old;
        parameter.wide_gradient[at] = wide;
      }
    }
  }
}

template <class T>
static void check_copy(decltype(&copy_weights_f16<>) kernel) {
  const Parameters<T> parameters(false);
  parameters.run([&](const Weight* weights, const Chunk* chunks) { kernel(weights, chunks); });
  const std::string name = std::string("copy_weights_") + Format<T>::name;
  Check check{name, "all layouts"};
  for (const Parameter<T>& parameter : parameters.all) {
    parameter.check_copy(name, 0);
    check.numbers += parameter.padded_count;
  }
}

static void check_lerp() {
  Check check{"lerp", "small and large parts"};
  for (float part : {0.001f, 0.75f, 1.0f}) {
    for (bool skipped : {false, true}) {
      Buffer<State> state(1, random_state());
      state[0].scalars[20] = part;
      state[0].nonfinite = skipped;
      std::deque<Buffer<float>> numbers;
      std::vector<Pair> pairs;
      std::vector<Chunk> chunks;
      for (unsigned count : {1u, 257u, 5000u}) {
        Buffer<float>&to = numbers.emplace_back(random_floats(count)),
        &from = numbers.emplace_back(random_floats(count));
        for (unsigned first = 0; first < count; first += CHUNK) {
          chunks.push_back({unsigned(pairs.size()), first});
        }
        pairs.push_back({to.data(), from.data(), count, 0});
      }
      const std::deque<Buffer<float>> old = numbers;
      const Buffer<Pair> table(pairs);
      const Buffer<Chunk> parts(chunks);
      launch(chunks.size(), 1, THREADS,
             [&] { lerp<>(table.data(), parts.data(), state.data(), 20); });
      for (size_t i = 0; i < numbers.size(); i += 2) {
        for (size_t at = 0; at < numbers[i].size(); at++) {
          const double to = old[i][at], from = old[i + 1][at];
          check.add(numbers[i][at], skipped ? to : to + (from - to) * part,
                    skipped ? 1e-30 : 1e-7 * (std::fabs(to) + std::fabs(from)));
          if (part == 1 && !skipped) demand(numbers[i][at] == old[i + 1][at], "lerp by 1");
        }
      }
    }
  }
}

static void check_advance() {
  const unsigned steps = 5, batch = 512;
  const Buffer<float> rows = random_floats(steps * SCALARS);
  for (bool is_null : {false, true}) {
    Buffer<State> state(1, random_state());
    state[0].sums[1] = 3;
    for (unsigned step = 0; step < 3 * steps; step++) {
      if (step % steps == 0) state[0].step = 0;
      State expected = state[0];
      expected.first = step % steps * batch;
      expected.step = step % steps + 1;
      expected.total = step + 1;
      if (!is_null) {
        std::copy_n(&rows[step % steps * SCALARS], SCALARS, expected.scalars);
      }
      emulator::seed(step);
      state[0].nonfinite = step % 2;
      launch(1, 1, 32,
             [&] { advance<>(state.data(), is_null ? nullptr : rows.data(), batch, 0); });
      demand(std::memcmp(&state[0], &expected, sizeof(State)) == 0,
             "advance, step " + std::to_string(step));
    }
  }
}

// The scale of the loss, beside a model of torch.amp.GradScaler.
static void check_scale() {
  Buffer<State> state(1, State{});
  state[0].grad_scale = 0x1p-23f;
  double scale = 0x1p-23;
  unsigned good = 0, skipped = 0;
  Check check{"advance", "the loss's scale"};
  for (unsigned step = 0; step < 300; step++) {
    const bool bad = step < 9 || step == 40 || step == 160;
    state[0].nonfinite = bad;
    launch(1, 1, 32, [&] { advance<>(state.data(), nullptr, 1, 3); });
    good = bad ? 0 : good + 1;
    skipped += bad;
    if (bad) scale = std::max(scale / 2, 0x1p-24);
    if (good == 3) {
      scale = std::min(scale * 2, 65536.0);
      good = 0;
    }
    check.add(state[0].grad_scale, scale, 1e-30);
    check.add(state[0].good, good, 1e-9);
    check.add(state[0].skipped, skipped, 1e-9);
    check.add(state[0].nonfinite, 0, 1e-9);
  }
}

int main() {
  return run_tests([] {
    check_finite<F16>(finite_f16<>);
    check_copy<F16>(copy_weights_f16<>);
#ifndef QUICK
    check_finite<B16>(finite_b16<>);
    check_copy<B16>(copy_weights_b16<>);
#endif
    check_lerp();
    check_advance();
    check_scale();
  });
}
