#pragma once
#include "check.hpp"

// What lies beside the numbers of a weight.
struct Layout {
  unsigned filters, channels, padded, pixels;
  bool planes, wide, copied;
};

inline const std::vector<Layout> layouts = {
    {64, 3, 8, 9, false, false, true},   {64, 3, 8, 9, true, false, true},
    {72, 64, 64, 9, false, false, true}, {10, 64, 64, 1, false, false, true},
    {5, 7, 7, 1, false, false, true},    {72, 1, 1, 1, false, true, false},
    {8, 8, 8, 9, true, false, true},     {3, 5, 16, 4, false, true, true},
    {33, 64, 64, 1, false, true, true},  {9, 8, 8, 1, false, false, false},
    {9, 8, 8, 1, false, true, true},
};

constexpr Bits OLD = 0x1234;

// A weight and what belongs to it.
template <class T>
struct Parameter : Layout {
  unsigned count = filters * channels * pixels, padded_count = filters * padded * pixels;
  Buffer<float> weight = random_floats(count), first = random_floats(count);
  Buffer<float> second = random_floats(count), wide_gradient = random_floats(padded_count);
  Buffer<Bits> gradient = random_numbers<T>(padded_count), copy{padded_count, OLD};

  explicit Parameter(const Layout& layout) : Layout(layout) {
    for (float& square : second) square *= square;
  }
  Weight entry(unsigned group, bool squares) {
    const void* from = wide ? static_cast<const void*>(wide_gradient.data()) : gradient.data();
    return {weight.data(),
            first.data(),
            squares ? second.data() : nullptr,
            from,
            copied ? copy.data() : nullptr,
            count,
            channels,
            padded,
            planes ? pixels : 1,
            group,
            wide};
  }
  double gradient_at(size_t at) const { return wide ? wide_gradient[at] : T::widen(gradient[at]); }
  // Calls test(at, master) for each number: its place in the gradient, and in the weight.
  template <class F>
  void for_numbers(F test) const {
    for (size_t at = 0; at < padded_count; at++) {
      const unsigned channel = at % padded, pixel = at / padded % pixels;
      const size_t filter = at / padded / pixels;
      if (channel >= channels) continue;
      test(at, planes ? (filter * channels + channel) * pixels + pixel
                      : (filter * pixels + pixel) * channels + channel);
    }
  }
  // The padding of a copy that was written holds `padding`.
  void check_copy(const std::string& name, Bits padding) const {
    if (!copied) return;
    for_numbers([&](size_t at, size_t master) {
      demand(copy[at] == T::narrow(weight[master]), name + ": the copy is not that of the weight");
    });
    for (size_t at = 0; at < padded_count; at++) {
      if (at % padded >= channels) demand(copy[at] == padding, name + ": the copy's padding");
    }
  }
  bool operator==(const Parameter& other) const {
    return weight == other.weight && first == other.first && second == other.second &&
           copy == other.copy;
  }
};

// Weights of all layouts, as the kernels get them.
template <class T>
struct Parameters {
  std::deque<Parameter<T>> all;
  std::vector<Weight> weights;
  std::vector<Chunk> chunks;

  explicit Parameters(bool squares) {
    for (const Layout& layout : layouts) {
      Parameter<T>& parameter = all.emplace_back(layout);
      const unsigned number = weights.size();
      for (unsigned first = 0; first < parameter.count; first += CHUNK) {
        chunks.push_back({number, first});
      }
      weights.push_back(parameter.entry((number + 5) % GROUPS, squares));
    }
  }
  // Calls kernel(weights, chunks) in all threads.
  template <class F>
  void run(F kernel) const {
    const Buffer<Weight> table(weights);
    const Buffer<Chunk> parts(chunks);
    launch(chunks.size(), 1, THREADS, [&] { kernel(table.data(), parts.data()); });
  }
};

inline State random_state() {
  State state = {};
  state.grad_scale = 0.25f;
  for (unsigned group = 0; group < GROUPS; group++) {
    state.scalars[2 * group] = 0.4f / (group + 1);
    state.scalars[2 * group + 1] = group % 3 * 2e-2f;
  }
  state.scalars[CORRECTIONS] = 5;
  state.scalars[CORRECTIONS + 1] = 20;
  return state;
}
