#pragma once
#include "activation.hpp"

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
    // A channel of zeros, through which the ReLU lets no gradient.
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
};

// What follows a normalisation.
template <class T>
struct Tail {
  const Layer<T>& layer;
  bool pool;
  Applied activation;
  unsigned corners = pool ? 4 : 1;
  unsigned width = layer.shape.width / (pool ? 2 : 1), pixels = layer.pixels / corners;

  // The k-th pixel of the input that a pixel of the output is made of.
  unsigned source(unsigned pixel, unsigned k) const {
    if (!pool) return pixel;
    return (pixel / width * 2 + k / 2) * layer.shape.width + pixel % width * 2 + k % 2;
  }
  // The pixel of the input that a number of the output is of, its value, and the slope of the
  // activation there. What is the largest, and on which side of a bound it is, is decided in fp32,
  // as it is for the kernels.
  unsigned route(unsigned pixel, unsigned channel, double& value, double& slope) const {
    const Clamp clamp(activation.kind, activation.parameter);
    const Curve curve(activation.kind, activation.parameter);
    float best = 0, best_input = 0;
    unsigned at = ~0u;
    for (unsigned k = 0; k < corners; k++) {
      const unsigned from = source(pixel, k);
      const float input =
          std::fma(float(layer.at(from, channel)), layer.scale(channel), layer.shift(channel));
      const float number = activation.curved() ? curve(input) : input;
      if (at != ~0u && !(number > best)) continue;
      best = number;
      best_input = input;
      at = from;
    }
    const double x = layer.at(at, channel) * layer.scale(channel) + layer.shift(channel);
    value = activation.value(x);
    slope = activation.curved() ? activation.slope(x) : clamp.backward(1, best_input);
    return at;
  }
};

// Calls test(tail, two, where) for what may follow a layer; `two`: with a second operand.
template <class T, class F>
void for_tails(const Layer<T>& layer, F test) {
  static unsigned number = 0;
  for (bool pool : {false, true}) {
    if (pool && (layer.shape.height % 2 || layer.shape.width % 2)) continue;
    const auto one = [&](const Applied& activation, bool two) {
      test(Tail<T>{layer, pool, activation}, two,
           layer.shape.text() + activation.text() + (two ? " two" : ""));
    };
    // Each layer with a ReLU, and with two others in turn.
    for (bool two : {false, true}) {
      one({RELU, 0}, two);
      one(applied[number++ % applied.size()], two);
    }
  }
}
