#include "check.hpp"

// The place inside of a picture that one outside of it mirrors.
static int reflected(int i, int length) { return length - 1 - std::abs(length - 1 - std::abs(i)); }

template <class T>
using Kernel = void (*)(const unsigned char*, const long long*, const Draw*, const State*,
                        typename T::Element*, long long*, unsigned, unsigned, unsigned, unsigned,
                        unsigned, Colours);

template <class T>
static void check(Kernel<T> kernel, unsigned batch, unsigned channels, unsigned height,
                  unsigned width, unsigned pad, unsigned cutout) {
  const unsigned images = 5, first = 2, padded_height = height + 2 * pad;
  const unsigned padded_width = width + 2 * pad;
  Buffer<unsigned char> plain(size_t(images) * height * width * channels);
  Buffer<unsigned char> padded(size_t(images) * padded_height * padded_width * channels);
  for (unsigned char& byte : plain) byte = below(256);
  // A byte by its place in the padded image.
  const auto byte = [&](unsigned image, unsigned y, unsigned x, unsigned c) {
    const int row = reflected(int(y) - int(pad), height);
    const int column = reflected(int(x) - int(pad), width);
    return plain[((size_t(image) * height + row) * width + column) * channels + c];
  };
  for (size_t at = 0; at < padded.size(); at++) {
    const unsigned pixel = at / channels, row = pixel / padded_width;
    padded[at] =
        byte(row / padded_height, row % padded_height, pixel % padded_width, at % channels);
  }
  Buffer<long long> labels(images), labels_out(batch);
  for (long long& label : labels) label = below(10) - (5ll << 40);
  Buffer<Draw> draws(first + batch);
  const auto draw_to = [](unsigned last) { return static_cast<unsigned short>(below(last + 1)); };
  for (Draw& draw : draws) {
    draw = {below(images),           draw_to(2 * pad), draw_to(2 * pad), draw_to(height - cutout),
            draw_to(width - cutout), below(2)};
  }
  Colours colours;
  for (int i = 0; i < 8; i++) {
    colours.mean[i] = 120 + 5 * i;
    colours.deviation[i] = 60 + i;
  }
  Buffer<State> state(1);
  state[0].first = first;
  Buffer<typename T::Element> output(size_t(batch) * height * width * 8);
  launch(batch, 1, THREADS, [&] {
    kernel(padded.data(), labels.data(), draws.data(), state.data(), output.data(),
           labels_out.data(), height, width, pad, channels, cutout, colours);
  });
  Check check{std::string("augment_") + Format<T>::name,
              Shape{batch, channels, height, width}.text()};
  for (size_t at = 0; at < output.size(); at++) {
    const unsigned c = at % 8, x = at / 8 % width, y = at / 8 / width % height;
    const Draw& draw = draws[first + at / 8 / width / height];
    const bool cut = y >= draw.cut_top && y < draw.cut_top + cutout && x >= draw.cut_left &&
                     x < draw.cut_left + cutout;
    double expected = 0;
    if (c < channels && !cut) {
      const unsigned column = draw.left + (draw.flip ? width - 1 - x : x);
      const double number = byte(draw.image, draw.top + y, column, c);
      expected = (number - colours.mean[c]) / colours.deviation[c];
    }
    check.add(T::widen(output[at]), expected, allowed<T>(expected, 0.1));
  }
  for (unsigned n = 0; n < batch; n++) {
    check.add(labels_out[n], labels[draws[first + n].image], 1e-9);
  }
}

template <class T>
static void all(Kernel<T> kernel) {
  for (unsigned batch : {1u, 3u, 17u}) {
    check<T>(kernel, batch, 3, 32, 32, 4, 8);
    check<T>(kernel, batch, 1, 5, 7, 2, 3);
    check<T>(kernel, batch, 3, 1, 1, 0, 0);
    check<T>(kernel, batch, 8, 8, 8, 0, 8);
  }
}

int main() {
  return run_tests([] {
    all<F16>(augment_f16<>);
#ifndef QUICK
    all<B16>(augment_b16<>);
    all<F32>(augment_f32<>);
#endif
  });
}
