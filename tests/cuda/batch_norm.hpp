#pragma once
#include "check.hpp"

// A normalisation of a batch, with moments in fp64 rounded to fp32.
template <class T>
struct Layer {
  Shape shape;
  unsigned channels, pixels, tiles;  // pixels of the input, of all images
  unsigned least;                    // blocks that sums need
  std::string name;                  // what the names of kernels end in
  Buffer<typename T::Element> input;
  Buffer<float> gamma, beta, moments;
  std::vector<double> var;
  static constexpr double EPS = 1e-5;

  Layer(const Shape& s, unsigned v, Kind kind)
      : shape(s),
        channels(s.channels),
        pixels(s.images * s.height * s.width),
        tiles((channels - 1) / WIDTH + 1),
        least((pixels - 1) / (THREADS / std::min(channels / v, WIDTH / v) * RUN) + 1),
        name("_v" + std::to_string(v) + "_" + Format<T>::name),
        input(random_numbers<T>(size_t(pixels) * channels, kind)),
        gamma(random_floats(channels)),
        beta(random_floats(channels)),
        moments(4 * channels),
        var(channels) {
    gamma[channels / 2] = 0;
    // A channel of zeros, which the ReLU lets no gradient through.
    if (kind == TIES) beta[channels / 2] = 0;
    for (unsigned i = 0; i < channels; i++) {
      double mean = 0;
      for (unsigned p = 0; p < pixels; p++) mean += at(p, i);
      mean /= pixels;
      for (unsigned p = 0; p < pixels; p++) var[i] += std::pow(at(p, i) - mean, 2);
      var[i] /= pixels;
      const double inverse = 1 / std::sqrt(var[i] + EPS), scale = gamma[i] * inverse;
      moments[i] = mean;
      moments[channels + i] = inverse;
      moments[2 * channels + i] = scale;
      moments[3 * channels + i] = beta[i] - scale * mean;
    }
  }
  double at(unsigned pixel, unsigned channel) const {
    return T::widen(input[size_t(pixel) * channels + channel]);
  }
  float scale(unsigned channel) const { return moments[2 * channels + channel]; }
  float shift(unsigned channel) const { return moments[3 * channels + channel]; }
  bool large() const { return size_t(pixels) * channels > 200000; }
};

// What follows a normalisation.
template <class T>
struct Tail {
  const Layer<T>& layer;
  bool pool, relu;
  unsigned corners = pool ? 4 : 1;
  unsigned width = layer.shape.width / (pool ? 2 : 1), pixels = layer.pixels / corners;

  // The k-th pixel of the input that a pixel of the output is made of.
  unsigned source(unsigned pixel, unsigned k) const {
    if (!pool) return pixel;
    return (pixel / width * 2 + k / 2) * layer.shape.width + pixel % width * 2 + k % 2;
  }
  // The pixel of the input that a number of the output is of, or -1 behind the ReLU, and its value.
  // What is the largest is decided in fp32, as it is for the kernels.
  int route(unsigned pixel, unsigned channel, double& value) const {
    float best = 0;
    int at = -1;
    for (unsigned k = 0; k < corners; k++) {
      const int from = source(pixel, k);
      const float number =
          std::fma(float(layer.at(from, channel)), layer.scale(channel), layer.shift(channel));
      if (at >= 0 && !(number > best)) continue;
      best = number;
      at = from;
    }
    value = layer.at(at, channel) * layer.scale(channel) + layer.shift(channel);
    if (!relu || best > 0) return at;
    value = 0;
    return -1;
  }
};

// Calls test(tail, two, where) for what may follow a layer; `two`: with a second operand.
template <class T, class F>
void for_tails(const Layer<T>& layer, F test) {
  for (bool pool : {false, true}) {
    if (pool && (layer.shape.height % 2 || layer.shape.width % 2)) continue;
    for (bool relu : {false, true}) {
      if (!relu && layer.large()) continue;
      for (bool two : {false, true}) {
        test(Tail<T>{layer, pool, relu}, two,
             layer.shape.text() + (relu ? " relu" : "") + (two ? " two" : ""));
      }
    }
  }
}
